"""What has been found so far, put together: the front, the best formula's structure and constants, its rivals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.formula.fit.constants import fit_constants
from kansr.formula.fit.error_model import spread_of
from kansr.formula.judge.decided import bits_by_chance
from kansr.numeric.robust import mean_square
from kansr.result.candidate import Candidate
from kansr.result.derivation import Measure, Step
from kansr.result.formula_graph import formula_graph
from kansr.result.graph import Graph
from kansr.result.pareto import ParetoFront, pareto
from kansr.result.result import UNDECIDED, Result, Status, unused
from kansr.search.attempt import Finding
from kansr.search.partition import Partition

DECIDED = 2.0  # standard errors of a difference in bits from which the rows decide (Vuong 1989)
MOST_UNDECIDED = 15.0  # bits, from which they are too many to be turned round by other rows
SAME = 1e-6  # rms difference over the spread up to which two formulas are one


def assemble(
    rows: Partition,
    findings: Sequence[Finding],
    status: Status,
    seconds: float,
    seed: int,
    chosen: Candidate | None = None,
) -> Result:
    """The result of findings that were judged on these rows, in the units of the table.

    chosen: one of them that is best for what it predicts; None for the one of least description length. It has no
    rivals, which are told by description length, where that of another is much shorter.
    """
    data = rows.kept
    front = pareto((f.candidate for f in findings), spread_of(data.y) ** 2)
    front = front if chosen is None else front.choosing(chosen)
    best = front.best
    told = min(f.candidate.description_length for f in findings) > best.description_length - UNDECIDED
    finding = next(f for f in findings if f.candidate is best)
    return replace(
        draft(rows, front, status, seconds, seed),
        structure=_structure(finding, rows, held_out_error(best)),
        constants=_with_errors(best, rows.fitting),
        rivals=tuple(_rivals(best, (f.candidate for f in findings), data)) if told else (),
    )


def draft(rows: Partition, front: ParetoFront, status: Status, seconds: float, seed: int) -> Result:
    """What a front says alone; the noise is the error of its best formula on the rows that it is judged on."""
    data, best = rows.kept, front.best
    noise = held_out_error(best)
    return Result(
        status,
        data.target,
        data.names,
        unused(best.expr, data.names),
        front,
        columns=data.columns,
        noise=noise,
        noise_error=noise / float(np.sqrt(2 * rows.judging.rows)),  # of a root mean square of normal errors
        rows=data.rows,
        seconds=seconds,
        seed=seed,
        units=data.units,
        excerpt=rows.excerpt,
    )


def held_out_error(candidate: Candidate) -> float:
    """The rms error of a formula on held-out rows, over the spread of the target."""
    return float(np.sqrt(max(1 - candidate.r2_held_out, 0.0)))


def _rivals(best: Candidate, candidates: Iterable[Candidate], data: Dataset) -> Iterator[Candidate]:
    """The formulas that the rows hardly speak against, the likelier ones first; none that is the best one rewritten.

    Their descriptions are little longer; or they are no more complex, and the difference rests on few rows.
    """
    seen = [Tape(best.expr, data.names).value(data.X)]
    for c in sorted(candidates, key=lambda c: (c.description_length, c.complexity)):
        gap = c.description_length - best.description_length
        simpler = c.complexity <= best.complexity and c.expr.free_symbols
        if not (gap < UNDECIDED or (simpler and gap < MOST_UNDECIDED)):
            continue
        values = Tape(c.expr, data.names).value(data.X)
        if gap >= UNDECIDED and gap > DECIDED * bits_by_chance(seen[0] - data.y, values - data.y, data):
            continue
        if all(np.sqrt(mean_square(values - other)) > SAME * np.std(data.y) for other in seen):
            seen.append(values)
            yield c


def _structure(finding: Finding, rows: Partition, held_out: float) -> Graph | None:
    """The structure of a formula, with the steps that led to it; None for a constant."""
    best = finding.candidate
    graph = finding.graph or formula_graph(best.expr, rows.fitting, best.origin, held_out)
    if graph is None:
        return None
    path = finding.path or (Step(best.origin, Measure.HELD_OUT, finding.graph.error if finding.graph else held_out),)
    path = (*path, Step("constants fitted, formula simplified", Measure.HELD_OUT, held_out))
    return replace(graph, path=path, finder=finding.finder)


def _with_errors(best: Candidate, data: Dataset) -> tuple[tuple[float, float], ...]:
    """The floats of the formula with their standard errors, as they are."""
    fit = fit_constants(best.expr, data, iterations=0, rows=data.rows)
    return tuple((float(value), float(error)) for value, error in zip(fit.constants, fit.errors))
