"""How sure an answer is and why, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kansr.data.read.cells import counted
from kansr.result.candidate import Candidate
from kansr.result.result import UNDECIDED, Result, Status
from kansr.show.summary import fraction, percent, ranked

MEANING = {
    Status.FOUND: "What the law leaves over looks like noise: neighbouring rows know nothing of each other's "
    "residuals. That does not prove it to be the true law; other formulas may leave noise too.",
    Status.BEST_EFFORT: "The search came to its end, but the residuals still hold something that the inputs explain, "
    "or there are too few rows for the constants. Take the formula as an approximation.",
    Status.NOTHING: "No formula predicts rows that it has not seen better than their mean does. The target may not "
    "depend on these inputs, or the noise hides how.",
    Status.TIMED_OUT: "The time limit came first. More time may give a better formula; how far a search comes depends "
    "on how fast the machine is.",
    Status.INTERRUPTED: "The search was stopped. More time may give a better formula.",
}
DECISIVE = 20.0  # bits from which nobody need think of the other formula
SHORT = "The rows can hardly tell them apart"


@dataclass(frozen=True)
class Rival:
    """Another formula, and the bits by which it lost."""

    candidate: Candidate
    bits: float


def rivals(discovery: Result) -> list[Rival]:
    """The formulas that the rows cannot rule out, or else the runner-up."""
    others = list(discovery.rivals) or ranked(discovery)[1:2]
    best = discovery.best.description_length
    return [Rival(c, c.description_length - best) for c in others]


def reasons(discovery: Result) -> Iterator[str]:
    """One sentence for each thing that speaks for or against the formula."""
    yield MEANING[discovery.status]
    rows = discovery.excerpt
    apart = rows is None or rows.held_out.any()
    how = "on rows that were held out" if apart else "by leaving out a part of the rows at a time"
    yield f"Its r², measured {how}, is {fraction(discovery.best.r2_held_out)}."
    if discovery.noise > 1e-9:
        noise = percent(discovery.noise, discovery.noise_error)
        yield f"The noise is {noise} of the target's standard deviation."
    else:
        yield "The rows show no noise: the formula is met to rounding."
    others = rivals(discovery)
    if discovery.rivals:
        several = "formula comes" if len(others) == 1 else "formulas come"
        yield f"{len(others)} other {several} within {UNDECIDED:g} bits. {SHORT}: more rows, or rows elsewhere, would."
    elif others:
        word = "decisive" if others[0].bits >= DECISIVE else "clear" if others[0].bits >= UNDECIDED else "close"
        yield f"The runner-up lost by {others[0].bits:.0f} bits, which is {word}."
    if discovery.constants and discovery.rows < 10 * len(discovery.constants):
        some = counted(len(discovery.constants), "fitted constant")
        yield f"It has {some} for {discovery.rows} rows: few rows for so many numbers."
    if discovery.outliers:
        yield f"{counted(len(discovery.outliers), 'row')} were left out as grossly wrong; see below."
