"""Folders and files that cannot be read or written, or that are not what they were."""

from __future__ import annotations

import fcntl
import os
import re
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from support.faults.cases import apart, discover, kansr
from support.faults.tables import SQUARE, rows, square


def directory(folder: Path) -> None:
    (folder / "data.csv").mkdir()
    code, _, err = discover(folder, None)
    assert code == 2 and "data.csv is a directory" in err


def no_permission(folder: Path) -> None:
    path = folder / "data.csv"
    path.write_text(SQUARE)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read anything")
    code, _, err = discover(folder, None)
    assert code == 2 and "no permission to read data.csv" in err


def other_search(folder: Path) -> None:
    assert discover(folder, SQUARE, "--out", "run")[0] == 0
    before = (folder / "run" / "discovery.json").read_bytes()
    for table, options, words in [
        (SQUARE, ["--seed", "1"], "--seed 0, not 1"),
        (SQUARE, ["--loss", "huber"], "--loss auto, not huber"),
        (rows("a,b", square, 41), [], "begun with the table other than this"),
    ]:
        code, out, err = discover(folder, table, "--out", "run", "--resume", *options)
        assert (code, out) == (2, "") and words in err, err
    assert discover(folder, SQUARE, "--resume")[0] == 2
    assert (folder / "run" / "discovery.json").read_bytes() == before


def full_disk(folder: Path) -> None:
    assert discover(folder, SQUARE, "--out", "run")[0] == 0
    before = (folder / "run" / "discovery.json").read_bytes()

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    command = ("discover", "data.csv", "--out", "run", "--force", "--time-limit", "60")
    code, out, err = apart(folder, *command, preexec_fn=small_files)
    assert code == 2 and "cannot write" in err and "Traceback" not in err, (code, err)
    assert (folder / "run" / "discovery.json").read_bytes() == before
    assert not list((folder / "run").glob("*.part"))


def read_only(folder: Path) -> None:
    (folder / "run").mkdir(mode=0o500)
    out = "/proc/run" if os.access(folder / "run", os.W_OK) else "run"  # where not even root may write
    code, _, err = discover(folder, SQUARE, "--out", out)
    assert code == 2 and "cannot write" in err.splitlines()[-1]


def existing(folder: Path) -> None:
    (folder / "run").mkdir()
    (folder / "run" / "discovery.json").write_text("mine")
    code, _, err = discover(folder, SQUARE, "--out", "run")
    assert code == 2 and "--force" in err and (folder / "run" / "discovery.json").read_text() == "mine"


def not_ours(folder: Path) -> None:
    """Files of the user's in the place of ours are neither changed nor taken away."""
    run = folder / "run"
    run.mkdir()
    for name in ("rows.csv", "command.txt", "front.csv", "attempts.jsonl"):
        (run / name).write_text("mine")
        code, out, err = discover(folder, SQUARE, "--out", "run", "--jobs", "1")
        assert (code, out) == (2, "") and name in err and (run / name).read_text() == "mine", err
        (run / name).unlink()
    (run / "attempts.jsonl").write_text("mine")
    code, _, err = discover(folder, SQUARE, "--out", "run", "--jobs", "1", "--force")
    assert code == 0 and (run / "attempts.jsonl.damaged").read_text() == "mine" and "damaged" in err
    (run / "rows.csv").unlink()
    (run / "attempts.jsonl").unlink()
    code, _, err = discover(folder, SQUARE, "--out", "run", "--jobs", "1", "--resume")  # a result, but no journal of it
    assert code == 2 and "no journal to go on with" in err


def two_at_once(folder: Path) -> None:
    assert discover(folder, SQUARE, "--out", "run")[0] == 0
    before = (folder / "run" / "discovery.json").read_bytes()
    with (folder / "run" / ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, out, err = discover(folder, None, "--out", "run", "--force")
        assert (code, out) == (2, "") and "another run is writing to run" in err
        assert (folder / "run" / "discovery.json").read_bytes() == before
    assert discover(folder, None, "--out", "run", "--force")[0] == 0


FOREIGN: list[tuple[str, Callable[[bytes], bytes], str]] = [  # what is no journal of this search
    ("not a journal", lambda raw: b"\x80\x04K.", "not a journal"),
    ("notes without a newline", lambda raw: b"my notes", "not a journal"),
    ("a list", lambda raw: b"[]\n", "not a journal"),
    ("a header that was cut", lambda raw: raw[:30], "not a journal"),
    ("another version", lambda raw: raw.replace(b'"kansr": "', b'"kansr": "0.0.'), "begun with kansr 0.0."),
    ("another format", lambda raw: re.sub(rb'"journal": \d+', b'"journal": 9', raw), "format 9"),
]
DAMAGES: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("a line without meaning", lambda raw: raw + b"{}\n", "line 4"),
    ("a name that is none", lambda raw: raw.replace(b'"attempt": "', b'"attempt": 1e308, "was": "', 1), "line 2"),
    ("code for a formula", lambda raw: raw.replace(b'"a**2"', b'"().__class__"'), "line 3"),
    ("a bomb for a formula", lambda raw: raw.replace(b'"a**2"', b'"9**9**9**9"'), "line 3"),
    ("nested too deeply", lambda raw: raw + b"[" * 100_000 + b"\n", "line 4"),
    ("a torn line", lambda raw: raw + b'{"attempt": "p', "line 4"),
]


def damaged(folder: Path) -> None:
    assert discover(folder, SQUARE, "--out", "run")[0] == 0
    journal = folder / "run" / "attempts.jsonl"
    whole, result = journal.read_bytes(), (folder / "run" / "discovery.json").read_bytes()
    assert b'"a**2"' in whole and whole.count(b"\n") == 3
    for name, damage, words in FOREIGN:
        journal.write_bytes(damage(whole))
        code, out, err = discover(folder, None, "--out", "run", "--resume")
        assert (code, out) == (2, "") and words in err and "Traceback" not in err, (name, err)
        assert (folder / "run" / "discovery.json").read_bytes() == result
        assert journal.read_bytes() == damage(whole), name
    for name, damage, words in DAMAGES:
        journal.write_bytes(damage(whole))
        code, out, err = discover(folder, None, "--out", "run", "--resume")
        assert code == 0 and out.startswith("b = a**2") and words in err and "Traceback" not in err, (name, err)
        kept = max((folder / "run").glob("attempts.jsonl.damaged*"), key=lambda path: path.stat().st_mtime_ns)
        assert kept.read_bytes() == damage(whole) and kept.name in err, name
        assert journal.read_bytes().startswith(whole[: whole.index(b"\n") + 1])


def damaged_result(folder: Path) -> None:
    assert discover(folder, SQUARE, "--out", "run")[0] == 0
    result = folder / "run" / "discovery.json"
    whole = result.read_bytes()
    for damage, words in [
        (whole[:300], "discovery.json"),
        (b"\x80\x04K.", "discovery.json"),
        (whole.replace(b'"schema": 1', b'"schema": 99'), "schema 99"),
        (whole.replace(b'"a**2"', b'"().__class__"'), "discovery.json"),
    ]:
        result.write_bytes(damage)
        code, _, err = kansr(folder, "predict", "run", "data.csv")
        assert code == 2 and words in err and "Traceback" not in err, err
