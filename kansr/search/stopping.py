"""The tests by which a search ends, and its status: the residuals of the best formula beside noise and a surrogate.

There are only tests here. `Search._ends` in `pipeline/run.py` asks them after each attempt. Inside an attempt the
searches over reductions end by rules of their own (`done` in `reductions/exact.py`, `satisfied` in
`reductions/noisy.py`), and so does the local search (`run` in `edits/local_search.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.formula.fit.constants import fit_constants
from kansr.formula.fit.effective_variance import effective
from kansr.formula.fit.error_model import relative_sigma
from kansr.formula.judge.exactness import convincing, exact, within_digits, within_errors
from kansr.formula.judge.residual_tests import lacks_fit, looks_like_noise, neighbour_noise
from kansr.numeric.arrays import Array
from kansr.result.candidate import Candidate
from kansr.result.result import Status
from kansr.search.attempt import Finding
from kansr.search.noise_floor import BLIND, as_compared, noise_floor, noise_floor_held_out, sees_nothing
from kansr.search.noise_floor import LARGE as MOSTLY_NOISE
from kansr.search.partition import Partition

# Sources: results/2026-11-27-smooth-model-residuals, and for few rows results/2026-11-26-units-and-noise.
LARGE = 0.5  # error over the spread of a formula that needs a further search before it is taken for the law
AS_GOOD = 8.0  # bits on held-out rows by which the best surrogate may be likelier than a formula that ends a search
AS_GOOD_EARLY = 2.0  # the same before every kind of formula has been tried
FAR_BEHIND = 16.0  # the same from which a formula is not asserted to be the law
FEW_INPUTS = 9  # up to which reductions come first: laws of textbooks have no more
MUCH = 0.25  # r² on held-out rows, below which a fast wave may be hidden from every smooth model
FEW_CONSTANTS = 1  # fitted constants of a formula that may end a search early
CLOSE = 0.01  # error over the spread at which a formula of one fitted constant is no chance, on however few rows
HALVES = 2  # denominator up to which an exponent is one that a search may end with early
DENOMINATORS = 4  # up to which a fraction is one that laws have; above it, many fractions fit
MOST_WAVES = 3  # of a sum that may end a search: more may be the series of another function
SLOW_TURNS = 2.5  # over the range of the input, up to which a wave of several is slow
ALIKE_TURNS = 2.0  # difference of turns, up to which two waves are nearly alike
HARMONIC = 2e-3  # relative distance of two frequencies from a whole ratio, up to which one is a harmonic of the other
ROWS_PER_CONSTANT = 4  # that a formula needs for its residuals to be tested


def no_signal(findings: Sequence[Finding], rows: Partition) -> bool:
    """Whether nothing so far, a surrogate included, explains anything of the target."""
    return all(f.candidate.r2_held_out < 1 - BLIND**2 for f in findings) and sees_nothing(rows)


def surrogate_error(rows: Partition, status: Status) -> float:
    """The held-out error of a surrogate over the target's spread; 0 where it is unknown or the time is up."""
    if status is Status.TIMED_OUT:
        return 0.0
    if rows.small and len(rows.fitting.names) == 1:
        data = as_compared(rows.fitting)
        return neighbour_noise(data) / (float(np.std(data.y)) or 1.0)
    return noise_floor(rows)


def any_exact(findings: Sequence[Finding], data: Dataset, thorough: bool = True) -> bool:
    """Whether a formula leaves nothing but rounding on all rows; no other could be better.

    thorough: whether shorter formulas have been looked for already; if not, one with long constants is not enough.
    """
    fits = (fit_constants(f.candidate.expr, data, iterations=0, rows=data.rows) for f in findings)
    return any(exact(fit, data) and (thorough or convincing(fit, data)) for fit in fits)


def may_end_early(best: Candidate) -> bool:
    """Whether a formula is short and good enough to end a search before every kind of formula has been tried.

    A fitted number beside another term, or as an exponent, also fits any curve that bends a little; so does a fraction
    that is no half, as an exponent.
    """
    exponents = {power.exp for power in best.expr.atoms(sympy.Pow)}
    return (
        not any(part.has(sympy.Float) for part in best.expr.atoms(sympy.Add) | exponents)
        and not any(p.is_Rational and p.q > HALVES for p in exponents)
        and _fitted(best) <= FEW_CONSTANTS
        and 1 - best.r2_held_out < LARGE**2
    )


def simple_waves(expr: sympy.Expr, range_of_input: float) -> bool:
    """Whether a sum of waves is so simple that nothing else would describe the rows better.

    It is one wave, or up to MOST_WAVES plain ones beside a line. None of several is slow, since slow waves follow any
    curve; no two are nearly alike, since these are one wave with another envelope; and none is a harmonic of another,
    since these may be a function of one wave.
    """
    waves = expr.atoms(sympy.sin, sympy.cos)
    if len(waves) < 2:
        return bool(waves)
    if len(waves) > MOST_WAVES or expr.has(sympy.exp, sympy.Pow):
        return False
    turns = sorted(_turns(wave, range_of_input) for wave in waves)
    pairs = list(combinations(turns, 2))
    harmonic = any(abs(high / low - round(high / low)) < HARMONIC * high / low for low, high in pairs if low > 0)
    return turns[0] > SLOW_TURNS and all(high - low > ALIKE_TURNS for low, high in pairs) and not harmonic


def _turns(wave: sympy.Expr, range_of_input: float) -> float:
    """How often a wave turns over the range of the input."""
    (symbol,) = wave.free_symbols
    return abs(float(wave.args[0].diff(symbol).xreplace({symbol: sympy.S.Zero}))) * range_of_input / (2 * np.pi)


def _fitted(best: Candidate) -> int:
    """How many numbers were fitted, rounded ones included; whole numbers and common exponents are not counted."""
    common = {p.exp for p in best.expr.atoms(sympy.Pow) if p.exp.is_Rational and p.exp.q <= DENOMINATORS}
    numbers = best.expr.atoms(sympy.Float, sympy.Rational) - common
    return sum(bool(n.is_Float or n.q > 1) for n in numbers)


def matches_surrogate(best: Candidate, data: Dataset, rows: Partition, thorough: bool) -> bool:
    """Whether a formula predicts as well as the best surrogate and leaves only noise.

    thorough: whether every kind of formula has been tried; if not, only a short formula is enough. A surrogate of few
    rows is no measure: there a formula has to come close with at most one constant.
    """
    if not (thorough or may_end_early(best)):
        return False
    if data.stated is not None:
        return within_errors(best.expr, data)
    if rows.small:
        close = _fitted(best) <= FEW_CONSTANTS and 1 - best.r2_held_out < CLOSE**2
        return close and status_of(best, data) is Status.FOUND
    as_good = predicts_as_well(best.r2_held_out, rows, AS_GOOD if thorough else AS_GOOD_EARLY)
    return as_good and status_of(best, data) is Status.FOUND


def predicts_as_well(r2_held_out: float, rows: Partition, bits: float = AS_GOOD) -> bool:
    """Whether the best surrogate is likelier on held-out rows by no more than so many bits; not where all is exact."""
    floor = noise_floor_held_out(rows)
    return r2_held_out < 1 and floor > 0 and bits_behind(1 - r2_held_out, floor**2, rows.judging.rows) <= bits


def near_the_law(findings: Sequence[Finding], rows: Partition) -> bool:
    """Whether a formula with no more fitted constants than a line predicts as well as the best surrogate.

    A sum of curves comes no nearer then: it has more of them.
    """
    most = len(rows.fitting.names) + 1
    return any(_fitted(f.candidate) <= most and predicts_as_well(f.candidate.r2_held_out, rows) for f in findings)


def far_behind(best: Candidate, rows: Partition) -> bool:
    """Whether a surrogate is so much likelier on the held-out rows that a formula is not the law, noise or not.

    So it is where a formula follows the rows that it was fitted to and runs away between them. Of inputs with errors
    the law itself is not what predicts best.
    """
    if rows.small or not rows.table.exact_inputs:
        return False
    if exact(fit_constants(best.expr, rows.kept, iterations=0, rows=rows.kept.rows), rows.kept):
        return False
    return bits_behind(1 - best.r2_held_out, noise_floor_held_out(rows) ** 2, rows.judging.rows) > FAR_BEHIND


def bits_behind(own: float, other: float, rows: int) -> float:
    """Bits by which a model is likelier than a formula on so many rows that neither was fitted to; 0 where it is not.

    own, other: the mean squared errors of formula and model; a model that leaves nothing has not been judged.
    """
    if not 0 < other < own:
        return 0.0 if np.isfinite(own) else np.inf
    return 0.5 * rows * float(np.log2(own / other))


def predicts_all(new: Sequence[Finding], rows: Partition) -> bool:
    """Whether nothing knows more of a table of many inputs than formulas that a sparse model led to.

    So it is where they predict as well as the best surrogate, or where much of the target is noise. Of few inputs, of
    which a surrogate sees more, other searches go on.
    """
    if rows.small or not new or len(rows.fitting.names) <= FEW_INPUTS:
        return False
    best = max(f.candidate.r2_held_out for f in new)
    return best > MUCH and (predicts_as_well(best, rows) or best >= 1 or noise_floor(rows) > MOSTLY_NOISE)


def status_of(best: Candidate, data: Dataset) -> Status:
    """The status of a search that ran to its end with this formula."""
    if float(np.std(data.y)) == 0:
        return Status.FOUND
    residual = _residual(best, data)
    if not np.isfinite(residual).all() or best.r2_held_out <= 0:
        return Status.NOTHING if best.r2_held_out <= 0 else Status.BEST_EFFORT
    if any_exact([Finding(best)], data):
        return Status.FOUND
    if data.stated is not None:
        return Status.FOUND if within_errors(best.expr, data) else Status.BEST_EFFORT
    # With a constant for every few rows nothing can be concluded from the residuals.
    enough = data.rows >= ROWS_PER_CONSTANT * (len(best.expr.atoms(sympy.Float)) + 1)
    if enough and within_digits(best.expr, data):
        return Status.FOUND
    if lacks_fit(residual, data, len(best.expr.atoms(sympy.Float))):
        return Status.BEST_EFFORT
    off, rows = effective(Tape(best.expr, data.names), data)
    return Status.FOUND if enough and looks_like_noise(off / relative_sigma(rows), rows.X) else Status.BEST_EFFORT


def _residual(candidate: Candidate, data: Dataset) -> Array:
    return Tape(candidate.expr, data.names).value(data.X) - data.y
