"""The result as text: what comes first, what is said of each figure, and where lines end."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from support.pages import LONG, hostile, made

from kansr.result.derivation import Measure, Step
from kansr.result.pareto import ParetoFront
from kansr.result.result import Status
from kansr.result.shape import ShapeVerdict, Verdict
from kansr.show.report.page import page
from kansr.show.summary import BREAKS, HOPELESS, broken, plain, progress, styled

NAMES = st.sampled_from(["a", "plasma_concentration", "time_since_injection_minutes", "0.371845", "-2.5e-07", "exp(x)"])
SIGNS = st.sampled_from(["*", "/", " + ", " - ", "**"])
FORMULAS = st.lists(st.tuples(NAMES, SIGNS), min_size=1, max_size=30).map(
    lambda parts: "".join(a + b for a, b in parts)
)


@given(FORMULAS, st.integers(10, 120), st.sampled_from([0, 33]))
def test_lines_end_between_names_and_within_the_width(text: str, width: int, indent: int) -> None:
    lines = broken(text, width, indent).split("\n")
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", text)
    assert "**" not in {line[-1:] + following.strip()[:1] for line, following in pairwise(lines)}
    for line in lines:
        assert len(line) <= width + indent or len(BREAKS.findall(line.strip())) == 1  # a name longer than a line
    for name in set(re.findall(r"[a-z_]{2,}", text)):
        assert sum(len(re.findall(rf"(?<![a-z_]){name}(?![a-z_])", line)) for line in lines) == len(
            re.findall(rf"(?<![a-z_]){name}(?![a-z_])", text)
        )


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_of_this_width_holds_every_line(width: int) -> None:
    console = Console(width=width, record=True, file=open("/dev/null", "w", encoding="utf-8"))  # noqa: SIM115, PTH123
    console.print(styled(hostile(), width), soft_wrap=True)
    lines = console.export_text().splitlines()
    assert len(lines) > 20 and max(map(len, lines)) <= width
    console.file.close()


def test_the_law_comes_first_then_how_sure_then_what_else_then_how() -> None:
    lines = plain(hostile()).splitlines()
    order = [
        "y = ",
        "best effort: ",
        "  held-out r²",
        "  noise",
        "  constants",
        "complexity ",
        "bits: ",
        "how it was found",
    ]
    places = [next(i for i, line in enumerate(lines) if line.startswith(start)) for start in order]
    assert places == sorted(places) and places[0] == 0


def test_every_percentage_says_of_what() -> None:
    text = plain(made("2.5*a*b", noise=0.1))
    assert "% of the spread (standard deviation) of y" in text and "with the misfit of each step" in text


def test_constants_are_in_the_order_of_the_formula_with_their_errors() -> None:
    found = replace(made("2.5*a + 0.25*b**3"), constants=((0.25, 0.001), (2.5, 0.03)))
    law, said = plain(found).splitlines()[0], re.search(r"constants +(.*?) \(", plain(found))
    assert said is not None
    first, second = said[1].split(", ")
    assert {first, second} == {"0.2500 ± 0.0010", "2.500 ± 0.030"}
    assert (law.index("0.25") < law.index("2.5")) == first.startswith("0.25")


@pytest.mark.parametrize(("lost", "count"), [(HOPELESS - 1, 0), (HOPELESS + 1, 1)])
def test_longer_formulas_that_are_far_behind_are_counted_only(lost: float, count: int) -> None:
    found = made("2*a", noise=0.1)
    longer = replace(made("3*a + b").best, description_length=found.best.description_length + lost)
    found = replace(found, front=ParetoFront((found.best, longer)))
    assert ("1 more is in the JSON" in plain(found)) == (count == 1) == ("3*a + b" not in plain(found))
    assert ("1 more are in the table of formulas" in page(found)) == (count == 1)


def test_only_what_is_proven_is_called_so() -> None:
    known = (ShapeVerdict("finite", Verdict.PROVEN), ShapeVerdict("convex a", Verdict.OPEN))
    lines = plain(replace(made("2*a"), shape=known)).splitlines()
    assert "proven in the box of the rows: finite" in lines and "not proven: convex a: open" in lines


def test_a_step_without_misfit_is_exact() -> None:
    found = made("2*a")
    assert found.structure is not None
    graph = replace(found.structure, path=(Step("power law", Measure.HELD_OUT, 0.0),))
    assert "  1. it is a power law  (exact)" in plain(replace(found, structure=graph))


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("text", ["2*a", LONG.replace("c", "a").replace("aos", "cos")])
def test_progress_says_what_is_tried_the_best_so_far_its_error_and_the_time(text: str, width: int) -> None:
    lines = progress(replace(made(text, noise=0.1), trying="local search", status=Status.BEST_EFFORT), 17, width)
    assert lines[0] == "17 s left · trying changes to parts of the formulas so far"
    assert re.fullmatch(r"best so far, off by [\d.]+ % of the target's spread on held-out rows:", lines[1])
    assert lines[2].startswith("  y = ") and len(lines) <= 5 and max(map(len, lines)) <= width
