"""Say in sentences how sure a result is, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kansr.data.read.cells import counted
from kansr.result.candidate import Candidate
from kansr.result.result import Result, Status
from kansr.show.summary import NO_NOISE, fraction, noise, ranked, shape, strength

MEANING = {
    Status.FOUND: "The residuals look like noise: those of neighbouring rows are not correlated. That does not prove "
    "the law to be true; the residuals of other formulas may look like noise too.",
    Status.BEST_EFFORT: "The search came to its end, but the residuals still depend on the inputs, or there are too "
    "few rows for the constants. Take the formula as an approximation.",
    Status.NOTHING: "No formula predicts held-out rows better than their mean does. The target may not depend on these "
    "inputs, or the noise hides how.",
    Status.TIMED_OUT: "The time limit came first. More time may give a better formula; how far a search comes depends "
    "on how fast the machine is.",
    Status.INTERRUPTED: "The search was stopped. More time may give a better formula.",
}
ROWS_PER_CONSTANT = 10  # below which a sentence warns


@dataclass(frozen=True)
class Rival:
    """Another candidate, and by how many bits it is longer than the best one."""

    candidate: Candidate
    bits: float


def rivals(discovery: Result) -> list[Rival]:
    """The rivals, or else the runner-up."""
    others = list(discovery.rivals) or ranked(discovery)[1:2]
    best = discovery.best.description_length
    return [Rival(c, c.description_length - best) for c in others]


def reasons(discovery: Result) -> Iterator[str]:
    """Sentences on the status, the accuracy, the noise, the rivals and the number of rows."""
    yield MEANING[discovery.status]
    rows = discovery.excerpt
    apart = rows is None or rows.held_out.any()
    how = "on rows that were held out" if apart else "by cross-validation"
    yield f"Its r², measured {how}, is {fraction(discovery.best.r2_held_out)}."
    if discovery.noise > NO_NOISE:
        yield f"The noise is {noise(discovery)} of the target's standard deviation."
    else:
        yield "The rows show no noise: the formula is exact to rounding."
    others = rivals(discovery)
    if discovery.rivals:
        several = counted(len(others), "other formula")
        yield f"The rows do not rule out {several}. More rows, or rows in other ranges, could decide."
    elif others:
        yield f"The runner-up lost by {others[0].bits:.0f} bits, which is {strength(others[0].bits)}."
    if discovery.constants and discovery.rows < ROWS_PER_CONSTANT * len(discovery.constants):
        some = counted(len(discovery.constants), "fitted constant")
        yield f"It has {some} for {discovery.rows} rows: few rows for so many numbers."
    for line in shape(discovery):
        yield f"{line[0].upper()}{line[1:]}."
    if discovery.outliers:
        verb = "was" if len(discovery.outliers) == 1 else "were"
        yield f"{counted(len(discovery.outliers), 'row')} {verb} left out as outliers; see below."
