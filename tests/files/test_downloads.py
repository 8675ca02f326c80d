"""Downloads from a file_server on this machine that misbehaves in every way: whatever fails must leave nothing behind."""

import errno
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import pytest
from filelock import FileLock
from servers import BODY, SHA, picture_bytes

from nstlib.errors import DownloadError, ImageError
from nstlib.files import downloads
from nstlib.files.downloads import cache_folder, download
from nstlib.images.files import load_image


def test_a_file_comes_once(file_server, tmp_path):
    path = download(file_server.url + "/file", cache=tmp_path)
    assert path.read_bytes() == BODY
    assert download(file_server.url + "/file", cache=tmp_path) == path
    assert file_server.asked == ["/file"]
    note = json.loads((tmp_path / (path.name + ".json")).read_text())
    assert note == {"url": file_server.url + "/file", "sha256": SHA, "bytes": len(BODY)}
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("path", ["/unannounced", "/moved"])
def test_without_an_announced_length_and_through_redirects(file_server, tmp_path, path):
    assert download(file_server.url + path, cache=tmp_path, sha256=SHA.upper(), name="a.bin") == tmp_path / "a.bin"
    assert (tmp_path / "a.bin").read_bytes() == BODY


@pytest.mark.parametrize(
    "path, options, message",
    [
        ("/missing", {}, "404"),
        ("/busy", {}, "wait a minute"),
        ("/truncated", {}, "before the end|only 100"),
        ("/empty", {}, "only 0"),
        ("/page", {}, "web page"),
        ("/disguised", {}, "web page"),
        ("/file", {"max_bytes": 1000}, "10,240 bytes: at most 1,000"),
        ("/unannounced", {"max_bytes": 1000}, "more than the 1,000"),
        ("/slow", {"timeout": 0.2}, "no answer within 0.2 seconds"),
        ("/drip", {"timeout": 0.3}, "bytes came in"),
        ("/circle", {}, "redirects more than 8 times"),
        ("/file", {"sha256": "0" * 64}, "has changed"),
    ],
)
def test_refused_and_nothing_left_behind(file_server, tmp_path, path, options, message):
    with pytest.raises(DownloadError, match=message) as caught:
        download(file_server.url + path, cache=tmp_path, **options)
    assert file_server.url + path in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_no_server_at_all(file_server, tmp_path):
    port = file_server.server_address[1]
    file_server.shutdown()
    file_server.server_close()
    with pytest.raises(DownloadError, match="127.0.0.1 refuses connections"):
        download(f"http://127.0.0.1:{port}/file", cache=tmp_path)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/a", "file:///etc/hosts", "nonsense", "", None, "http://[::1"])
def test_only_web_addresses(tmp_path, url):
    with pytest.raises(DownloadError, match="https://|request failed"):
        download(url, cache=tmp_path)


def test_a_mirror_steps_in_and_both_are_named_when_all_fail(file_server, tmp_path):
    path = download(
        file_server.url + "/missing", mirrors=[file_server.url + "/truncated", file_server.url + "/file"], cache=tmp_path
    )
    assert path.read_bytes() == BODY
    with pytest.raises(DownloadError, match="(?s)/busy.*429.*/missing.*404"):
        download(file_server.url + "/busy", mirrors=[file_server.url + "/missing"], cache=tmp_path)


def test_a_mirror_with_the_right_checksum_beats_a_source_that_changed(file_server, tmp_path):
    url = file_server.url + "/page"
    assert download(url, mirrors=[file_server.url + "/file"], cache=tmp_path, sha256=SHA).read_bytes() == BODY


def test_changed_since_the_first_download(file_server, tmp_path):
    path = download(file_server.url + "/file", cache=tmp_path)
    path.unlink()
    file_server.body = b"something else"
    with pytest.raises(DownloadError, match="has changed.*delete .*json"):
        download(file_server.url + "/file", cache=tmp_path)
    assert not path.exists()
    (tmp_path / (path.name + ".json")).unlink()  # what the message advises
    assert download(file_server.url + "/file", cache=tmp_path).read_bytes() == b"something else"


def test_a_cached_file_that_was_damaged_is_fetched_again(file_server, tmp_path):
    path = download(file_server.url + "/file", cache=tmp_path)
    path.write_bytes(BODY[:-1])
    assert download(file_server.url + "/file", cache=tmp_path).read_bytes() == BODY


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"1",
        b'{"url": "x"}',
        b'{"sha256": 5}',
        b'{"sha256": "abc"}',
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"sha256": "' + b"0" * 10**6 + b'"}',
    ],
    ids=range(11),
)
def test_a_note_that_cannot_be_read_is_an_error_not_a_licence(file_server, tmp_path, damaged):
    path = download(file_server.url + "/file", cache=tmp_path)
    (tmp_path / (path.name + ".json")).write_bytes(damaged)
    with pytest.raises(DownloadError, match=r"\.json cannot be read .*delete it"):
        download(file_server.url + "/file", cache=tmp_path)
    assert path.read_bytes() == BODY and (tmp_path / (path.name + ".json")).read_bytes() == damaged


def test_a_folder_or_a_pipe_in_the_place_of_a_note(file_server, tmp_path):
    for number, make in enumerate((Path.mkdir, os.mkfifo) if hasattr(os, "mkfifo") else (Path.mkdir,)):
        make(tmp_path / f"{number}.bin.json")
        with pytest.raises(DownloadError, match="json cannot be read .it is no note"):
            download(file_server.url + "/file", cache=tmp_path, name=f"{number}.bin")
    assert not file_server.asked


def test_a_folder_in_the_place_of_the_file(file_server, tmp_path):
    (tmp_path / "a.bin").mkdir()
    with pytest.raises(DownloadError, match="a.bin is in the way"):
        download(file_server.url + "/file", cache=tmp_path, name="a.bin")
    assert not file_server.asked


def test_a_cache_that_is_read_only_gives_what_it_has(file_server, tmp_path, monkeypatch):
    path = download(file_server.url + "/file", cache=tmp_path)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert download(file_server.url + "/file", cache=tmp_path) == path
    with pytest.raises(DownloadError, match="is read-only; another folder .* NSTLIB_CACHE"):
        download(file_server.url + "/file?else", cache=tmp_path)


def test_a_disk_that_is_full(file_server, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(DownloadError, match="the disk is full; make room"):
        download(file_server.url + "/file", cache=tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_check_sees_the_file_before_it_is_in_place(file_server, tmp_path):
    def check(part):
        assert part.read_bytes() == BODY
        assert not (tmp_path / "a.bin").exists()
        raise ImageError("not what I wanted")

    with pytest.raises(DownloadError, match="not what I wanted"):
        download(file_server.url + "/file", cache=tmp_path, name="a.bin", check=check)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["../a", "a/b", "", ".hidden", "a\\b", "a" * 300, "é" * 150])
def test_names_stay_inside_the_cache(file_server, tmp_path, name):
    with pytest.raises(DownloadError, match="name="):
        download(file_server.url + "/file", cache=tmp_path, name=name)


@pytest.mark.parametrize("path", ["/file?" + "a" * 500, "/" + "%C3%A9" * 200, "/", "/%2e%2e", "/a%2Fb", "/..%5C..%5Cx"])
def test_a_name_that_the_disk_takes_is_made_from_any_address(file_server, tmp_path, path):
    with pytest.raises(DownloadError, match="404") if "file" not in path else nullcontext():
        assert download(file_server.url + path, cache=tmp_path).parent == tmp_path


def test_two_addresses_never_share_a_file(file_server, tmp_path):
    first = download(file_server.url + "/file?x=1", cache=tmp_path)
    assert first != download(file_server.url + "/file?x=2", cache=tmp_path)


def test_two_downloads_of_one_file_at_once(file_server, tmp_path):
    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(lambda _: download(file_server.url + "/file", cache=tmp_path), range(16)))
    assert len(paths) == 1 and paths.pop().read_bytes() == BODY
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("resume", [False, True])
def test_the_second_download_waits_and_finds_the_file(file_server, tmp_path, resume):
    """Two at once, of a file_server that sends half and then pauses: it is asked once."""
    options = {"cache": tmp_path, "name": "a.bin", "resume": resume, "check": lambda path: None}
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(download, file_server.url + "/pausing", **options)
        assert file_server.paused.wait(5)
        second = pool.submit(download, file_server.url + "/pausing", **options)
        while not list(tmp_path.glob(".a.bin.part")):
            time.sleep(0.01)
        file_server.release.set()
        assert first.result() == second.result() == tmp_path / "a.bin"
    assert (tmp_path / "a.bin").read_bytes() == BODY and file_server.asked == ["/pausing"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bin", "a.bin.json"]


def test_a_download_that_stands_still_is_not_waited_for_without_end(file_server, tmp_path):
    with (
        FileLock(tmp_path / ".a.bin.lock"),
        pytest.raises(DownloadError, match="another download of a.bin .* not moved for 0.2 s"),
    ):
        download(file_server.url + "/file", cache=tmp_path, name="a.bin", timeout=0.1)
    assert not file_server.asked


def test_a_download_that_moves_is_waited_for(file_server, tmp_path, monkeypatch):
    """Patience begins again whenever something has come, and ends when nothing has."""
    seen = [None, (1, 0), (2, 0), (2, 5), (2, 5)]
    monkeypatch.setattr(downloads, "_progress", lambda target: seen.pop(0))
    with FileLock(tmp_path / ".a.bin.lock"), pytest.raises(DownloadError, match="has not moved"):
        download(file_server.url + "/file", cache=tmp_path, name="a.bin", timeout=0.02)
    assert not seen and not file_server.asked


def test_what_a_killed_download_left_is_in_nobodys_way(file_server, tmp_path):
    (tmp_path / ".a.bin.lock").touch()
    (tmp_path / ".a.bin.part").write_bytes(b"half of something")
    assert download(file_server.url + "/file", cache=tmp_path, name="a.bin").read_bytes() == BODY
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bin", "a.bin.json"]


def test_two_processes_fetch_one_file(file_server, tmp_path):
    code = (
        "import sys; from nstlib.files.downloads import download\n"
        "print(len(download(sys.argv[1], cache=sys.argv[2], name='a.bin', resume=True, check=lambda path: None).read_bytes()))"
    )
    words = [sys.executable, "-c", code, file_server.url + "/dribbling", str(tmp_path)]
    running = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [one.communicate(timeout=60)[0].strip() for one in running] == [str(len(BODY))] * 3
    assert file_server.asked == ["/dribbling"]


def test_a_wrong_checksum_argument(tmp_path):
    with pytest.raises(DownloadError, match="64 hexadecimal"):
        download("http://127.0.0.1/file", cache=tmp_path, sha256="abc")


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("NSTLIB_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("NSTLIB_CACHE")
    assert cache_folder().name == "nstlib"


def test_a_cache_that_cannot_be_made(file_server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DownloadError, match="NSTLIB_CACHE"):
        download(file_server.url + "/file", cache=tmp_path / "file" / "cache")


def test_load_image_reads_addresses_and_keeps_only_pictures(file_server, tmp_path, monkeypatch):
    monkeypatch.setenv("NSTLIB_CACHE", str(tmp_path))
    with pytest.raises(DownloadError, match="not a picture"):
        load_image(file_server.url + "/file.png")
    assert not list(tmp_path.iterdir())
    file_server.body = picture_bytes()
    assert load_image(file_server.url + "/file.png").shape == (1, 3, 36, 40)


def test_what_broke_off_goes_on(file_server, tmp_path):
    with pytest.raises(DownloadError, match="bytes came|broke off"):
        download(file_server.url + "/broken", cache=tmp_path, name="big.tgz", sha256=SHA, resume=True)
    assert (tmp_path / ".big.tgz.part").stat().st_size == len(BODY) // 2
    assert download(file_server.url + "/broken", cache=tmp_path, name="big.tgz", sha256=SHA, resume=True).read_bytes() == BODY
    assert file_server.ranges == [0, len(BODY) // 2] and not (tmp_path / ".big.tgz.part").exists()


def test_what_came_of_one_source_is_not_mixed_with_a_mirrors(file_server, tmp_path):
    """The mirror's file differs; what came of the first source is there for the next time, and goes once all is well."""

    def check(path):
        if path.read_bytes() not in (BODY, b"mirror" * 999):
            raise ImageError("mixed")

    options = {"cache": tmp_path, "name": "big.tgz", "resume": True, "check": check}
    with pytest.raises(DownloadError, match="(?s)/broken.*/missing"):
        download(file_server.url + "/broken", mirrors=[file_server.url + "/missing"], **options)
    assert [path.name for path in tmp_path.iterdir()] == [".big.tgz.part"]
    file_server.other = b"mirror" * 999
    assert download(file_server.url + "/busy", mirrors=[file_server.url + "/other"], **options).read_bytes() == file_server.other
    assert sorted(path.name for path in tmp_path.iterdir()) == ["big.tgz", "big.tgz.json"]


def test_a_server_that_knows_no_ranges_sends_the_whole_file(file_server, tmp_path):
    (tmp_path / ".big.tgz.part").write_bytes(b"something else")
    assert download(file_server.url + "/file", cache=tmp_path, name="big.tgz", sha256=SHA, resume=True).read_bytes() == BODY


def test_a_busy_server_costs_nothing_of_what_came(file_server, tmp_path):
    (tmp_path / ".big.tgz.part").write_bytes(BODY[:10])
    with pytest.raises(DownloadError, match="429"):
        download(file_server.url + "/busy", cache=tmp_path, name="big.tgz", sha256=SHA, resume=True)
    assert (tmp_path / ".big.tgz.part").read_bytes() == BODY[:10]


def test_the_rest_of_another_file_is_not_kept(file_server, tmp_path):
    (tmp_path / ".big.tgz.part").write_bytes(bytes(10))
    with pytest.raises(DownloadError, match="changed"):
        download(file_server.url + "/broken", cache=tmp_path, name="big.tgz", sha256=SHA, resume=True)
    assert not list(tmp_path.iterdir())
