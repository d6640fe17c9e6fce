"""Trials: every combination once, on the same rows for every method."""

from __future__ import annotations

from kansr.bench.problem import find_problem
from kansr.bench.trial import Settings, Trial, asked, chosen_ids, half, trials, with_distractors


def test_the_rows_are_the_same_for_every_method() -> None:
    settings = Settings(rows=60, distractors=2)
    first, second = (asked(Trial("nguyen_09", "nguyen", m, 0.1, 3), settings)[1] for m in ("kansr", "operon"))
    assert (first.X == second.X).all() and (first.y == second.y).all()
    assert first.names == ("x", "y", "unused1", "unused2")


def test_distractors_are_the_published_ones_first() -> None:
    problem = with_distractors(find_problem("korns_01"), 5)
    assert [v.name for v in problem.distractors] == ["x", "y", "z", "w", "unused1"]


def test_the_halves_part_a_suite() -> None:
    even, odd = (set(chosen_ids("feynman120", which=which)) for which in ("even", "odd"))
    assert even.isdisjoint(odd) and len(even | odd) == 120
    assert half("feynman_I_12_1") == ("even" if "feynman_I_12_1" in even else "odd")


def test_trials_are_every_combination_once() -> None:
    asked_for = trials(chosen_ids("jin"), "jin", ["kansr", "linear"], [0.0, 0.1], 3)
    assert len({trial.key for trial in asked_for}) == len(asked_for) == 6 * 2 * 2 * 3
