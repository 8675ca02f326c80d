"""Files of answers: other programs' databases are left as they are, exports replace nothing that they should not."""

import csv
import os
import sqlite3
from contextlib import closing

import pytest

from nstlib.errors import NstError
from nstlib.judging.answerfiles import TABLE
from nstlib.judging.study import Question, Study

PAIR = Question(0, "item", "x", "y")


def folder_of(path):
    """Every file of the folder with its bytes."""
    return {entry.name: entry.read_bytes() for entry in path.iterdir()}


def database(path, *statements, wal=False):
    with closing(sqlite3.connect(path)) as file:
        if wal:
            file.execute("PRAGMA journal_mode = WAL")
        for statement in statements:
            file.execute(statement)
        file.commit()
    return path


# ---------------------------------------------------------------- recognised


@pytest.mark.parametrize("wal", [False, True], ids=["journal", "log"])
@pytest.mark.parametrize(
    "statements, said",
    [
        (["CREATE TABLE urls (x)"], "another program (it holds urls)"),
        (["CREATE TABLE answers (x)"], "another program"),
        (["CREATE TABLE answers (x)", "PRAGMA user_version = 1"], "another program"),
        (["CREATE TABLE urls (x)", "PRAGMA user_version = 1"], "another program"),
        (["CREATE VIEW seen AS SELECT 1"], "another program"),
        (["PRAGMA application_id = 7"], "another program (it holds nothing yet)"),
        ([TABLE, "PRAGMA user_version = 1", "PRAGMA application_id = 7"], "another program"),
        ([TABLE, "PRAGMA user_version = 2"], "another version of nstlib (schema 2, here 1)"),
        (["PRAGMA user_version = 99"], "schema 99"),
    ],
)
def test_a_database_of_another_program_is_refused_and_nothing_changes(tmp_path, wal, statements, said):
    path = database(tmp_path / "history.db", *statements, wal=wal)
    before = folder_of(tmp_path)
    with pytest.raises(NstError) as caught:
        Study(path)
    assert said in str(caught.value) and folder_of(tmp_path) == before


def test_a_database_that_another_program_has_open_is_refused_and_nothing_changes(tmp_path):
    path = database(tmp_path / "history.db", wal=True)
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE urls (x)")  # stands in the log only, so far
        other.commit()
        before = {name: data for name, data in folder_of(tmp_path).items() if not name.endswith("-shm")}
        with pytest.raises(NstError, match="it holds urls"):
            Study(path)
        assert {name: data for name, data in folder_of(tmp_path).items() if not name.endswith("-shm")} == before


@pytest.mark.parametrize(
    "data", [b"x", b"person,item\n", b"This is not a database. " * 100, b"SQLite format 3\0", b"SQLite format 3\0" + b"x" * 5000]
)
def test_a_file_that_is_no_database_is_refused_and_nothing_changes(tmp_path, data):
    (tmp_path / "answers.db").write_bytes(data)
    with pytest.raises(NstError, match="cannot be used as a file of answers"):
        Study(tmp_path / "answers.db")
    assert folder_of(tmp_path) == {"answers.db": data}


@pytest.mark.parametrize(
    "make",
    [
        lambda path: None,
        lambda path: path.touch(),
        database,
        lambda path: database(path, TABLE),
        lambda path: database(path, wal=True),
        lambda path: database(path, TABLE, "PRAGMA user_version = 1"),
        lambda path: database(path, TABLE, "PRAGMA user_version = 1", "CREATE TABLE notes (x)"),
    ],
    ids=["none", "empty", "no tables", "half made", "log only", "of an older nstlib", "with notes"],
)
def test_a_file_of_ours_is_taken_up_at_any_stage(tmp_path, make):
    path = tmp_path / "answers #1?.db"
    make(path)
    assert Study(path).record("ann", PAIR, "x", 1.0) and [answer.chosen for answer in Study(path).answers()] == ["x"]
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (1,)


def test_opening_a_file_again_does_not_write_into_it(tmp_path):
    Study(tmp_path / "answers.db").record("ann", PAIR, "x", 1.0)
    before = folder_of(tmp_path)
    Study(tmp_path / "answers.db")
    assert folder_of(tmp_path) == before


def test_a_file_that_went_away_is_missed_not_made_anew(tmp_path):
    study = Study(tmp_path / "answers.db")
    study.path.unlink()
    with pytest.raises(NstError, match="cannot be used"):
        study.answers()
    assert not list(tmp_path.iterdir())


def test_half_a_letter_is_refused(tmp_path):
    with pytest.raises(NstError, match="half of one"):
        Study(tmp_path / "answers.db").record("\ud800", PAIR, None, 1.0)


# ---------------------------------------------------------------- exported


@pytest.fixture
def study(tmp_path):
    found = Study(tmp_path / "answers.db")
    found.record("ann", PAIR, "x", 1.0)
    return found


@pytest.mark.parametrize(
    "name",
    ["answers.db", "./answers.db", "soft.csv", "hard.csv", "answers.db-wal", "answers.db-shm", "answers.db-journal", "wal.csv"],
)
def test_no_export_goes_onto_the_answers(study, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    if os.name != "nt":
        (tmp_path / "soft.csv").symlink_to("answers.db")
        (tmp_path / "hard.csv").hardlink_to("answers.db")
        (tmp_path / "wal.csv").symlink_to("answers.db-wal")
    elif name.endswith(".csv"):
        pytest.skip("links are for the privileged")
    before = folder_of_files(tmp_path)
    for source in (study, Study("answers.db")):
        with pytest.raises(NstError, match="written over|another name"):
            source.export_csv(name)
    assert folder_of_files(tmp_path) == before and len(study.answers()) == 1


def folder_of_files(path):
    return {entry.name: entry.read_bytes() for entry in path.iterdir() if entry.exists()}


def test_an_export_that_fails_keeps_the_older_one(study, tmp_path, monkeypatch):
    path = study.export_csv(tmp_path / "out.csv")
    before = path.read_bytes()
    study.record("bob", PAIR, "y", 1.0)

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nstlib.files.writing.os.replace", refuse)
    with pytest.raises(NstError, match="disk is full"):
        study.export_csv(path)
    assert path.read_bytes() == before and len(list(tmp_path.glob("*.csv"))) == 1


@pytest.mark.parametrize(
    "name", ['=HYPERLINK("http://x","y")', "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "'=1", "＝1", "=", "-"]
)
def test_what_a_spreadsheet_would_calculate_is_text(tmp_path, name):
    study = Study(tmp_path / "answers.db")
    study.record(name, Question(0, name, name, "y"), name, 1.0)
    with study.export_csv(tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert [row[key] for key in ("person", "item", "left", "chosen")] == [f"'{name}"] * 4
    assert study.answers()[0].person == name  # in the file of answers it is as it was


@pytest.mark.parametrize(
    "name", ["ann", "ann, the first", "'t Hooft", "l'été", "夜", 'a "b"', "x = y", "a-b", "1.5", "two\nlines", " x"]
)
def test_ordinary_names_come_back_from_an_export(tmp_path, name):
    study = Study(tmp_path / "answers.db")
    study.record(name, Question(0, name, name, "y"), None, 0.0)
    with study.export_csv(tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert [row[key] for key in ("person", "item", "left", "chosen", "seconds")] == [name, name, name, "", "0.0"]
