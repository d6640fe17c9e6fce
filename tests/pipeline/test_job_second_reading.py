"""A table that is too large to be held is read a second time; where it cannot be, the law stays and a note says so."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from kansr.data.read import reservoir, streams
from kansr.pipeline.config import Config
from kansr.pipeline.job import Job, Work, run_job
from kansr.result.result import Result

ROWS = 400
CONFIG = Config(time_limit=30)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of more rows than are kept."""
    monkeypatch.setattr(reservoir, "MOST", 100)
    monkeypatch.setattr(reservoir, "FEWEST", 100)
    a = np.random.default_rng(0).uniform(1, 5, ROWS)
    (tmp_path / "data.csv").write_text("a,b\n" + "".join(f"{x!r},{2.71 * x * x!r}\n" for x in a.tolist()))
    return tmp_path / "data.csv"


def answer(table: object, then: Callable[[], object] = lambda: None, begun: float | None = None) -> Result:
    """What comes of the table when something is done to it after the search."""

    def watch(work: Work) -> Iterator[Result]:
        yield from work()
        then()

    *_, found = run_job(Job(table=table, config=CONFIG), watch, begun)  # type: ignore[arg-type]
    assert found.best.expr.subs("a", 2) == pytest.approx(4 * 2.71) and found.rows == 100
    return found


def test_all_rows_are_read(path: Path) -> None:
    notes = answer(path).notes
    assert any(f"on all {ROWS} rows" in note for note in notes), notes


def test_what_is_not_there_any_more_is_said(path: Path) -> None:
    changes: dict[str, Callable[[], object]] = {
        "has changed": lambda: path.write_text(path.read_text() + "9,9\n"),
        "no such file": path.unlink,
    }
    for words, change in changes.items():
        assert words in answer(path, change).notes[-1]


def test_a_stream_is_read_once(path: Path) -> None:
    assert "only once" in answer(io.BytesIO(path.read_bytes())).notes[-1]


def test_no_time_is_left(path: Path) -> None:
    assert "not enough time" in answer(path, begun=time.monotonic() - 2 * CONFIG.time_limit).notes[-1]


def test_reading_stops_when_its_time_is_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "PIECE", 4000)
    found = answer(path, begun=time.monotonic() - CONFIG.time_limit)
    assert any("only the first" in note and "rows were read" in note for note in found.notes)


@pytest.mark.parametrize(("limit", "gone", "left"), [(10, 1, 9), (1, 3, 0.25), (60, 100, 15)])
def test_loading_and_reading_are_part_of_the_time_limit(limit: float, gone: float, left: float) -> None:
    given: list[float] = []

    def watch(work: Work) -> Iterator[Result]:
        given.append(work.config.time_limit)
        return iter(())

    x = np.arange(1.0, 20.0)
    list(run_job(Job(table=(x, x**2), config=Config(time_limit=limit)), watch, time.monotonic() - gone))
    assert given == [pytest.approx(left, abs=0.1)]
