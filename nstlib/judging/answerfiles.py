"""Files of a user study's answers: recognised before they are opened, exported to spreadsheets without formulas."""

from __future__ import annotations

import csv
import io
import os
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from nstlib.errors import NstError
from nstlib.files.writing import check_output, write_whole

PATIENCE = 30.0  # seconds that a writer waits for another one's answer to be written
SCHEMA = 1  # of the file; kept in SQLite's user_version
COLUMNS = ("person", "question", "item", "left", "right", "chosen", "seconds", "written")
TABLE = """CREATE TABLE IF NOT EXISTS answers (
    person TEXT NOT NULL, question INTEGER NOT NULL, item TEXT NOT NULL, "left" TEXT NOT NULL, "right" TEXT NOT NULL,
    chosen TEXT, seconds REAL NOT NULL, written TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY (person, question))"""
MAGIC = b"SQLite format 3\0"
WAITING = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)  # where somebody else writes
BESIDE = ("-wal", "-shm", "-journal")  # files that SQLite keeps beside a database, and takes for its own
FORMULA = re.compile(r"[\s']*[=+\-@\uff0b\uff0d\uff1d\uff20]|'*[\t\r\n]")  # what makes a spreadsheet calculate a cell


def prepare(path: Path) -> None:
    """Make the file of answers where there is none yet; leave one that is ready as it is.

    Raises NstError for a place that cannot be used and for whatever else stands there, which is not changed.
    """
    if not path.parent.is_dir():
        raise NstError(f"there is no folder {path.parent}: make it first with mkdir")
    with _in_words(path):
        if _is_ready(path):
            return
    with connected(path, "rwc") as file:
        _let_readers_and_writer_work_at_once(file)
        file.execute(TABLE)
        file.execute(f"PRAGMA user_version = {SCHEMA}")


@contextmanager
def connected(path: Path, mode: str = "rw") -> Iterator[sqlite3.Connection]:
    """A connection for one errand: none is shared between threads, none survives into a forked process. Raises NstError."""
    with _in_words(path), closing(sqlite3.connect(_address(path, mode), timeout=PATIENCE, uri=True)) as file, file:
        yield file


def write_table(path: str | os.PathLike, rows: Iterable[Sequence[object]], database: Path) -> Path:
    """Write rows as CSV, whole or not at all, but not over the database that they come from; return the path.

    Text that a spreadsheet would take for a formula gets a leading apostrophe, as spreadsheets write it themselves.
    Raises NstError.
    """
    path = check_output(path, inputs=[database, *(f"{database}{end}" for end in BESIDE)])
    if os.path.realpath(path) in [os.path.realpath(database) + end for end in BESIDE]:
        raise NstError(f"{path} cannot be written: SQLite keeps a file of that name beside {database}; choose another name")
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_harmless(cell) for cell in row] for row in rows)
    return write_whole(path, text.getvalue().encode())


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and FORMULA.match(cell) else cell


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        if getattr(error, "sqlite_errorcode", None) in WAITING:
            raise NstError(
                f"{path} is held by another program, for over {PATIENCE:g} s: close it there, and try again"
            ) from error
        raise NstError(
            f"{path} cannot be used as a file of answers ({error}): give the path of a new file, or of one that a "
            "Study made, in a folder where you may write"
        ) from error


def _address(path: Path, mode: str) -> str:
    return f"{path.absolute().as_uri()}?mode={mode}"


def _is_ready(path: Path) -> bool:
    """Is this a file of answers (True), or can it become one (False)? Only looks. Raises NstError for anything else."""
    if not path.exists():
        return False
    if not path.is_file():
        raise OSError("it is a folder or a device")
    with path.open("rb") as file:
        head = file.read(100)
    if not head:
        return False
    if not head.startswith(MAGIC):
        raise sqlite3.DatabaseError("file is not a database")
    with closing(sqlite3.connect(_address(path, _looking(path, head)), timeout=PATIENCE, uri=True)) as file:
        version, owner = (file.execute(f"PRAGMA {name}").fetchone()[0] for name in ("user_version", "application_id"))
        names = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name")]
        columns = tuple(row[1] for row in file.execute("PRAGMA table_info(answers)"))
    if owner or (names and columns != COLUMNS):
        raise NstError(
            f"{path} is a database of another program (it holds {', '.join(names) or 'nothing yet'}), and is left as "
            "it is: give the path of a new file, or of one that a Study made"
        )
    if version not in (0, SCHEMA):
        raise NstError(
            f"{path} was written by another version of nstlib (schema {version}, here {SCHEMA}), and is left as it "
            "is: give the path of a new file"
        )
    return bool(names) and version == SCHEMA


def _looking(path: Path, head: bytes) -> str:
    """How to open a database so that nothing changes, not even beside it.

    A write-ahead log that is not there would be made anew, though nobody uses it; a journal that a crash left would have
    to be played back first. In both cases the file is read as it lies there.
    """
    beside = {end: Path(os.path.realpath(path) + end).exists() for end in BESIDE}
    return "ro&immutable=1" if beside["-journal"] or (head[18:20] == b"\2\2" and not beside["-wal"]) else "ro"


def _let_readers_and_writer_work_at_once(file: sqlite3.Connection) -> None:
    """Switch to a write-ahead log. SQLite does not wait by itself here, where two people open a new file at once."""
    end = time.monotonic() + PATIENCE
    while file.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            if file.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
                return  # a place that cannot have one: writers wait a little longer there
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in WAITING or time.monotonic() > end:
                raise
            time.sleep(0.01)
