"""Numbers that steer the search: found in the source, changed at import, and what a trial and its table say."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.robustness import sensitivity
from benchmarks.robustness.search_numbers import Number, Value, imported_with, numbers
from benchmarks.robustness.sensitivity import Law, Trial, asked_for, effect, recorded, report, tried
from kansr.runtime.child import stream


def seen(number: Number, value: Value) -> Iterator[object]:
    """The number as kansr has it, with another value in a process that ran without it before."""
    imported_with(number, value)
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


def test_a_number_bound_again_to_what_it_was_moves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    law = Law("strogatz_glider1", 200)
    monkeypatch.setattr(sensitivity, "LAWS", (law,))
    monkeypatch.setattr(sensitivity, "tables", sensitivity.tables.__wrapped__)
    monkeypatch.setattr(sensitivity, "FACTORS", (1.0,))
    out = tmp_path / "sensitivity.jsonl"
    number = kinds()["a field"]
    sensitivity.run([Trial(None, 1.0), Trial(number, 1.0)], 1, out)
    default, again = recorded(out)["", 1.0], recorded(out)[str(number), 1.0]
    assert default["laws"][str(law)]["solved"] and default["laws"][str(law)]["status"] == "found"
    moved = effect(again, default)
    assert (moved.solved, moved.won, moved.lost, moved.changed, moved.broken) == (1, 0, 0, 0, 0)
    default["laws"][str(law)].update(solved=False, sha1="another")
    assert effect(again, default)[1:4] == (1, 0, 1)
    report(recorded(out))
    assert f"1 numbers move no answer\n  {number}" in capsys.readouterr().out


def test_a_value_that_breaks_the_import_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    law = Law("strogatz_glider1", 200)
    monkeypatch.setattr(sensitivity, "LAWS", (law,))
    monkeypatch.setattr(sensitivity, "tables", sensitivity.tables.__wrapped__)
    number = kinds()["a float"]
    broken = Number(number.module, "", "this is no", number.line, number.indent, 1.0)
    record = tried(Trial(broken, 2.0))
    assert "SyntaxError" in record["laws"][str(law)]["error"] and not record["laws"][str(law)]["solved"]
