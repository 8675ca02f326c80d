"""Files of installed packages, found without importing anything."""

import sys

from nstlib.files.packages import packaged_file


def test_the_file_of_a_package_is_found_and_the_package_not_imported(tmp_path, monkeypatch):
    info, package = tmp_path / "carrier-1.0.dist-info", tmp_path / "carrier"
    info.mkdir(), package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "numbers.bin").write_bytes(b"12")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: carrier\nVersion: 1.0\n")
    (info / "RECORD").write_text("carrier/__init__.py,,\ncarrier/numbers.bin,,2\ncarrier/gone.bin,,2\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert packaged_file("carrier", "numbers.bin") == package / "numbers.bin"
    assert packaged_file("carrier", "gone.bin") is None  # listed, and deleted by somebody
    assert packaged_file("carrier", "other.bin") is None
    assert packaged_file("carrier-of-nobody", "numbers.bin") is None
    assert "carrier" not in sys.modules


def test_a_package_without_a_list_of_files(tmp_path, monkeypatch):
    (tmp_path / "bare-1.0.dist-info").mkdir()
    (tmp_path / "bare-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: bare\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert packaged_file("bare", "numbers.bin") is None
