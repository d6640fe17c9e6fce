"""Numbers that steer the search: found in the source, changed at import, and what a trial and its table say."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.robustness import sensitivity
from benchmarks.robustness.read_numbers import traced
from benchmarks.robustness.search_numbers import Number, Value, imported_with, numbers
from benchmarks.robustness.sensitivity import (
    FACTORS,
    Law,
    Records,
    Trial,
    asked,
    asked_for,
    found_out,
    kind,
    report,
    run,
    tried,
)
from kansr.runtime.child import stream


def seen(number: Number, value: Value) -> Iterator[object]:
    """The number as kansr has it, with another value in a process that ran without it before."""
    imported_with({number: value})
    module = importlib.import_module(number.module)
    yield getattr(getattr(module, number.owner)() if number.owner else module, number.name)


def kinds() -> dict[str, Number]:
    found = numbers()
    return {
        "a float": next(n for n in found if not n.owner and isinstance(n.value, float)),
        "an integer": next(n for n in found if not n.owner and isinstance(n.value, int)),
        "a tuple": next(n for n in found if isinstance(n.value, tuple)),
        "a field": next(n for n in found if n.owner),
    }


@pytest.mark.parametrize("kind", ["a float", "an integer", "a tuple", "a field"])
@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_number_has_another_value_in_a_new_import(kind: str, factor: float) -> None:
    number = kinds()[kind]
    value = number.scaled(factor)
    assert value != number.value
    assert list(stream(seen, (number, value), seconds=60)) == [value]
    assert list(stream(seen, (number, number.value), seconds=60)) == [number.value]


def test_integers_stay_whole_and_are_never_zero() -> None:
    scaled = [Number("m", "", "N", 1, 0, value).scaled(factor) for value in (1, 3, -1, 5) for factor in (0.5, 2.0)]
    assert scaled == [1, 2, 2, 6, -1, -2, 2, 10]


def test_numbers_are_told_apart_by_where_they_are() -> None:
    found = numbers()
    assert len({str(number) for number in found}) == len(found) > 50
    assert {str(number).split(".")[1] for number in found} == {"structure", "search", "formula"}
    assert [n for n in found if asked_for(str(n), "search.")] != found


LAW = Law("strogatz_glider1", 200)


def default(read: Sequence[str] = ()) -> dict[str, Any]:
    record = {"law": str(LAW), "number": "", "factor": 1.0, "sha1": "as it is", "solved": True, "seconds": 1.0}
    return {**record, "read": list(read)}


@pytest.mark.slow
def test_numbers_that_are_not_read_move_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all rooms, halved and doubled; and a number that is read, bound again to what it was."""
    monkeypatch.setattr(sensitivity, "LAWS", (LAW,))
    records = Records(tmp_path / "sensitivity.jsonl")
    run([], records)
    as_it_is = records.default(str(LAW))
    assert as_it_is["solved"] and as_it_is["status"] == "found"
    unread = [n for n in numbers() if str(n) not in as_it_is["read"]]
    read = next(n for n in numbers() if str(n) in as_it_is["read"])
    assert len(unread) > 100
    tried_too = [Trial(LAW, tuple(unread), factor) for factor in FACTORS]
    for trial in [*tried_too, Trial(LAW, (read,), 1.0)]:
        assert tried(trial, as_it_is)["sha1"] == as_it_is["sha1"], trial


def test_code_that_runs_reads_what_it_names() -> None:
    """By the name of a global, also where it is imported, by an attribute, in a function or in a module."""
    (seen,) = stream(read_by_a_few_lines, (), seconds=60)
    assert set(READ) <= set(seen)
    assert not set(UNREAD) & set(seen)


READ = (
    "kansr.formula.judge.description_length:LEAST_BITS",  # in the function
    "kansr.structure.terminals.thresholds:MOST_INPUTS",  # in another module, as it is loaded
    "kansr.search.reductions.costs:SearchCosts.clear",  # an attribute
)
UNREAD = ("kansr.formula.judge.judge:FOLDS", "kansr.search.reductions.costs:SearchCosts.other_groups")


def read_by_a_few_lines() -> Iterator[list[str]]:
    every = numbers()
    imported_with({})
    with traced() as trace:
        importlib.import_module("kansr.formula.judge.description_length").bits_per_float(0.1, 100)
        move = SimpleNamespace(misfit=0.1, cost=0.0)
        importlib.import_module("kansr.search.reductions.exact")._cost(move, move, 0.1)
    assert not trace.elsewhere
    yield trace.read(every)


def test_a_search_in_another_process_counts_as_reading_everything() -> None:
    (seen,) = stream(read_elsewhere, (), seconds=60)
    assert seen


def read_elsewhere() -> Iterator[bool]:
    with traced() as trace:
        subprocess.run([sys.executable, "-c", ""], check=True)
    yield trace.read(numbers()) == [str(n) for n in numbers()]


def test_only_numbers_that_are_read_and_move_nothing_yet_are_tried(tmp_path: Path) -> None:
    number, other = kinds()["a float"], kinds()["an integer"]
    records = Records(tmp_path / "sensitivity.jsonl")
    records.add(default([str(number)]))
    assert asked(LAW, 2.0, [number, other], records, False) == [number]
    records.add({**default(), "number": str(number), "factor": 0.5, "sha1": "another"})
    assert asked(LAW, 2.0, [number, other], records, False) == []
    assert asked(LAW, 2.0, [number, other], records, True) == [number]
    assert Records(records.path).known == records.known


def test_the_table_says_what_numbers_move(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = list(kinds().values())
    lost, answer, nothing, unread = map(str, chosen)
    records = Records(tmp_path / "sensitivity.jsonl")
    records.add(default([lost, answer, nothing]))
    for name, change in ((lost, {"sha1": "another", "solved": False}), (answer, {"sha1": "another"}), (nothing, {})):
        records.add({**default(), "number": name, "factor": 2.0, "together": 1, **change})
    assert [kind(name, records) for name in (lost, answer, nothing, unread)] == [0, 1, 2, 3]
    report(chosen, records)
    said = capsys.readouterr().out
    assert f"lost ×2 {LAW}" in said and f"answer ×2 {LAW}" in said and "1 numbers move no answer" in said


def test_a_value_that_breaks_the_import_is_recorded() -> None:
    number = kinds()["a float"]
    broken = Number(number.module, "", "this is no", number.line, number.indent, 1.0)
    record = tried(Trial(LAW, (broken,), 2.0), default())
    assert "SyntaxError" in record["error"] and not record["solved"]


def test_a_group_that_moves_an_answer_is_halved_to_the_numbers_that_do(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = tuple(numbers()[:11])
    movers, made = {chosen[3], chosen[8]}, []

    def answer(trial: Trial, as_it_is: dict[str, Any]) -> dict[str, Any]:
        made.append(trial)
        return {"sha1": "another" if movers & set(trial.numbers) else as_it_is["sha1"], "solved": True}

    monkeypatch.setattr(sensitivity, "tried", answer)
    found = list(found_out(Trial(LAW, chosen, 2.0), default()))
    assert [record["number"] for record in found] == list(map(str, chosen))
    assert [record["number"] for record in found if record["sha1"] == "another"] == [str(chosen[3]), str(chosen[8])]
    assert found[3]["together"] == 1 and len(made) < 16
