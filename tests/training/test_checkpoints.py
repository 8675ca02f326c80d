"""Checkpoints: whole or not at all, damaged ones refused, a full disk put into words."""

import os
import subprocess
import sys
import textwrap

import pytest
import torch
from safetensors.torch import save

from nstlib.errors import NstError
from nstlib.training.checkpoints import Checkpoint, latest_path, load_latest, save_checkpoint, set_aside
from nstlib.training.resuming import check_training, joined, parted


def saved(folder, *steps):
    return [save_checkpoint(folder, Checkpoint(step, {"a": torch.full((3,), float(step))}, {"seconds": 1.5})) for step in steps]


def test_the_newest_comes_back_and_two_are_kept(tmp_path):
    saved(tmp_path, 1, 20, 300)
    found = load_latest(tmp_path)
    assert found.step == 300 and found.tensors["a"].tolist() == [300.0] * 3 and found.notes == {"seconds": 1.5}
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "checkpoint-00000020.safetensors",
        "checkpoint-00000300.safetensors",
    ]


def test_a_folder_whose_name_is_in_no_encoding(tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this disk takes names in UTF-8 only")
    saved(folder, 1, 20, 300)
    assert load_latest(folder).tensors["a"].tolist() == [300.0] * 3 and len(list(folder.iterdir())) == 2


def test_a_folder_that_cannot_be_made_is_named(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError("not yours")

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    with pytest.raises(NstError, match="none.*not yours"):
        saved(tmp_path / "none", 1)


def test_no_checkpoint_is_none(tmp_path):
    assert load_latest(tmp_path) is None and latest_path(tmp_path) is None


def flip_last_bit(data):
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    "spoil", [flip_last_bit, lambda data: data[:-4], lambda data: data[:20], lambda _: b"", lambda data: data[::-1]]
)
def test_a_damaged_one_is_refused_and_the_one_before_it_used(tmp_path, caplog, spoil):
    _, last = saved(tmp_path, 1, 2)
    last.write_bytes(spoil(last.read_bytes()))
    assert load_latest(tmp_path).step == 1 and last.name in caplog.text


def test_all_damaged_is_an_error(tmp_path):
    for path in saved(tmp_path, 1, 2):
        path.write_bytes(b"")
    with pytest.raises(NstError, match="every checkpoint"):
        load_latest(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
def test_a_disk_that_takes_no_more(tmp_path):
    """The system itself refuses the write: a process may write files of 4 kB only."""
    saved(tmp_path, 1)
    script = textwrap.dedent("""
        import resource, signal, sys, torch
        from pathlib import Path
        from nstlib.training.checkpoints import Checkpoint, save_checkpoint
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        save_checkpoint(Path(sys.argv[1]), Checkpoint(2, {"a": torch.zeros(100_000)}, {}))
    """)
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (
        done.returncode != 0
        and "files may not be so large there" in done.stderr
        and "checkpoint-00000001.safetensors is kept" in done.stderr
    )
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-00000001.safetensors"]
    assert load_latest(tmp_path).step == 1


OURS = {"step": "2", "notes": "{}", "sha256": "0"}
ANOTHER_PROGRAMS = {
    "no metadata": save({"a": torch.zeros(3)}),
    "a type that numpy lacks": save({"a": torch.zeros(3, dtype=torch.bfloat16)}, OURS),
    "no checksum": save({"a": torch.zeros(3)}, {"step": "2", "notes": "{}"}),
    "another step": save({}, OURS | {"step": "3", "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}),
    "a step below zero": save(
        {}, OURS | {"step": "-5", "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
    ),
    "no step": save({}, OURS | {"step": "two", "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}),
    "notes that are a list": save(
        {}, OURS | {"notes": "[]", "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
    ),
    "notes without end": save(
        {}, OURS | {"notes": "[" * 100_000, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
    ),
    "text": b"no checkpoint at all",
    "a header that asks for memory": (2**60).to_bytes(8, "little") + b"{}",
}


@pytest.mark.parametrize("data", ANOTHER_PROGRAMS.values(), ids=ANOTHER_PROGRAMS)
def test_another_programs_file_is_passed_over_and_stays_as_it_is(tmp_path, caplog, data):
    saved(tmp_path, 1)
    other = tmp_path / "checkpoint-00000002.safetensors"
    other.write_bytes(data)
    assert load_latest(tmp_path).step == 1 and other.name in caplog.text and other.read_bytes() == data
    other.rename(tmp_path / "checkpoint-best.safetensors")
    assert load_latest(tmp_path).step == 1
    saved(tmp_path, 2, 3, 4)
    assert load_latest(tmp_path).step == 4 and (tmp_path / "checkpoint-best.safetensors").read_bytes() == data


def test_another_programs_file_is_not_written_over(tmp_path):
    other = tmp_path / "checkpoint-00000002.safetensors"
    other.write_bytes(ANOTHER_PROGRAMS["no metadata"])
    saved(tmp_path, 1, 2, 3, 4)
    assert load_latest(tmp_path).step == 4
    assert [path.read_bytes() for path in tmp_path.glob("*.other")] == [ANOTHER_PROGRAMS["no metadata"]]


def test_any_type_of_numbers_comes_back(tmp_path):
    tensors = {
        str(kind): torch.ones(2, 3).to(kind) for kind in (torch.bfloat16, torch.float16, torch.bool, torch.int64, torch.complex64)
    }
    tensors |= {"scalar": torch.tensor(1.5), "empty": torch.zeros(0)}
    save_checkpoint(tmp_path, Checkpoint(1, tensors, {}))
    found = load_latest(tmp_path).tensors
    assert found.keys() == tensors.keys() and all(torch.equal(found[name], tensors[name]) for name in tensors)


def test_a_step_below_zero_is_not_written(tmp_path):
    with pytest.raises(NstError, match="step=-5"):
        save_checkpoint(tmp_path, Checkpoint(-5, {}, {}))


def test_steps_count_as_numbers(tmp_path):
    saved(tmp_path, 99_999_999)
    assert saved(tmp_path, 100_000_000)[0] == latest_path(tmp_path)


GOOD = {"seconds": 1.0, "settings": {}, "identity": {}, "scaler": None}
PARTS = {
    "network": {"a": torch.zeros(1)},
    "history": {"total": torch.zeros(3)},
    "optimiser": {"0.step": torch.zeros(1)},
    "mean": {},
}


def test_what_a_training_can_go_on_from():
    check_training(Checkpoint(3, joined(PARTS), GOOD))
    assert parted(joined(PARTS)).keys() == PARTS.keys()


@pytest.mark.parametrize(
    ("step", "parts", "notes", "said"),
    [
        (3, PARTS, {"seconds": 1.0, "settings": {}, "scaler": None}, "earlier version"),
        (3, PARTS, {key: value for key, value in GOOD.items() if key != "settings"}, "settings"),
        (3, PARTS, GOOD | {"seconds": "long"}, "seconds"),
        (3, PARTS, GOOD | {"seconds": float("nan")}, "seconds"),
        (3, PARTS, GOOD | {"identity": 3}, "identity"),
        (3, PARTS, GOOD | {"scaler": 1}, "scaler"),
        (4, PARTS, GOOD, "after 4 steps"),
        (3, PARTS | {"network": {}}, GOOD, "after 3 steps"),
        (3, PARTS | {"more": {"a": torch.zeros(1)}}, GOOD, "more.a"),
    ],
)
def test_what_no_training_can_go_on_from(step, parts, notes, said):
    with pytest.raises((ValueError, TypeError), match=said):
        check_training(Checkpoint(step, joined(parts), notes))


def test_set_aside_loses_nothing(tmp_path):
    assert set_aside(tmp_path) is None and set_aside(tmp_path / "nowhere") is None
    for round in (1, 2):
        saved(tmp_path, round, 10)
        aside = set_aside(tmp_path)
        assert load_latest(tmp_path) is None and load_latest(aside).step == 10 and aside.parent == tmp_path
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["before", "before-2"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_pipe_where_a_checkpoint_goes_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "checkpoint-00000001.safetensors")
    saved(tmp_path, 1)
    assert load_latest(tmp_path).step == 1 and (tmp_path / "checkpoint-00000001.other").is_fifo()


def test_losses_that_are_no_real_numbers():
    notes = {"seconds": 1.0, "settings": {}, "identity": {}, "scaler": None}
    tensors = joined({"network": {"a": torch.zeros(1)}, "history": {"total": torch.zeros(1, dtype=torch.complex64)}})
    with pytest.raises(ValueError, match="losses"):
        check_training(Checkpoint(1, tensors, notes))
