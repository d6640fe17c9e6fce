"""Formulas of a network: a function chosen for every edge by description length, and the expression that results."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

import numpy as np
import sympy
import torch

from kansr.data.dataset import Dataset
from kansr.errors import UsageError
from kansr.expression.rules import canonical
from kansr.formula.fit.constants import fit_constants
from kansr.formula.judge.description_length import description_length, fit_length
from kansr.formula.polish.snap import snap
from kansr.kan.network.network import EdgeIndex, Network
from kansr.kan.network.threads import one_thread
from kansr.kan.reading.symbolic import edge_curve, fix, match_curve
from kansr.kan.training.dataset import TrainingRows
from kansr.kan.training.levenberg_marquardt import Expired, LMConfig, never
from kansr.kan.training.train import TrainConfig, train_together
from kansr.numeric.tolerances import EQUAL_VALUES
from kansr.result.graph import Edge, Graph
from kansr.symbolic.library.function import Library
from kansr.symbolic.library.standard import STANDARD
from kansr.symbolic.matching.choose import combinations
from kansr.symbolic.matching.match import EdgeFit, MatchConfig

log = logging.getLogger(__name__)

MOST_ERROR = 0.3  # assumed for a curve, in its standard deviations, so that a bad network still ranks functions
# Assumed for a curve, in its standard deviations, when simple functions are tried: an exact network need not have the
# simple curves, as one edge can undo what another one bends.
COARSE_ERROR = 0.2
FORMS = 3  # starts of a quadratic form, and as many of sums and products of lines
MOST_DEGREE = 6  # of a polynomial that is expanded
REFIT_GAIN = 1e-3  # share of the error; the constants of a formula are refined while five steps lower it by more
NEGLIGIBLE_SHIFT = 1e-8  # of a: a shift b smaller than this is left out of a formula whose length is measured


def edges_in_use(model: Network) -> Iterator[tuple[EdgeIndex, bool]]:
    """The edges that are not closed, and whether they are symbolic."""
    for n, layer in enumerate(model.layers):
        for i, o in layer.mask.nonzero().tolist():
            yield (n, i, o), (i, o) in layer.fixed


@dataclass(frozen=True, kw_only=True)
class AutoConfig:
    """Options of `auto`."""

    library: Library = STANDARD
    per_edge: int = 8  # best fits of each edge that are combined
    trials: int = 60  # combinations that are tried
    coarse_trials: int = 20  # combinations of simple functions that are tried before them
    rows: int = 200  # on which the constants of a combination are refined
    steps: int = 15  # of this refinement
    keep: int = 3  # best combinations, whose constants are refined on all rows in the end
    final_steps: int = 60  # of that
    after: int = 6  # further combinations that are tried once one is exact up to rounding


@one_thread()
def auto(model: Network, rows: TrainingRows, config: AutoConfig = AutoConfig(), expired: Expired = never) -> Network:
    """A new network in which every spline edge is fixed to a function.

    Combinations of functions are tried in the order of their fits to the edges. The one with the least description
    length is chosen: bits of the formula and of its residuals, after its constants were refined on the rows.
    """
    splines = [index for index, symbolic in edges_in_use(model) if not symbolic]
    if not splines:
        return model.copy()
    curves = tuple(edge_curve(model, index, rows.X) for index in splines)
    error = float((model(rows.X) - rows.y).detach().square().mean().sqrt())
    combined = chain(
        _quadratic_forms(model, splines),
        islice(_combined(curves, lambda curve: COARSE_ERROR * float(np.std(curve.y)), config), config.coarse_trials),
        _combined(curves, lambda curve: min(error, MOST_ERROR * float(np.std(curve.y))), config),
    )
    few = rows.take(torch.arange(0, len(rows.X), max(len(rows.X) // config.rows, 1), device=rows.X.device))
    drafts: list[tuple[float, int, Network]] = []
    left = config.trials + config.coarse_trials + 2 * FORMS
    for number, fits in enumerate(combined):
        if not left or (drafts and expired()):
            break
        trial = model.copy()
        for index, fit in zip(splines, fits):
            fix(trial, index, fit)
        least = min((draft[0] for draft in drafts), default=np.inf)
        residual = _refit(trial, few, config.steps)
        left -= 1
        if _residual_bits(residual, few) < least:  # else it is longer whatever its formula adds
            drafts.append((_length(trial, few, residual), number, trial))
        if _residual_bits(residual, few) == 0:
            left = min(left, config.after)
    drafts.sort(key=lambda draft: draft[:2])
    final = []
    for _, number, trial in drafts[: config.keep]:
        final.append((_length(trial, rows, _refit(trial, rows, config.final_steps)), number, trial))
    length, number, best = min(final, key=lambda draft: draft[:2])
    log.info("fixed %d edges by combination %d: %.0f bits", len(splines), number, length)
    return best


def _combined(
    curves: Sequence[Edge], error: Callable[[Edge], float], config: AutoConfig
) -> Iterator[tuple[EdgeFit, ...]]:
    """Combinations of fits, one for each curve, likely ones first; error: that is assumed for a curve"""
    known = tuple(replace(curve, error=error(curve)) for curve in curves)
    matches = [match_curve(curve, MatchConfig(library=config.library)) for curve in known]
    yield from map(tuple, combinations(Graph((), known, "", 0.0), matches, config.per_edge))


def _snapped(expr: sympy.Expr, table: Dataset) -> sympy.Expr:
    """The expression with its constants fitted once more and snapped; a polynomial also expanded, if that is shorter.

    Where a function is outside the formula language, so that nothing can be fitted, only rounding is taken away.
    """
    symbols = [sympy.Symbol(name) for name in table.names]
    forms = [expr]
    if expr.is_polynomial(*symbols) and sympy.Poly(expr, *symbols).total_degree() <= MOST_DEGREE:
        forms.append(_expanded(expr, symbols, table))
    fits = [snap(fit_constants(form, table), table) for form in forms]
    if not np.isfinite(fits[0].rms):
        return expr.xreplace({number: _without_rounding(number) for number in expr.atoms(sympy.Float)})
    return min(fits, key=lambda fit: fit_length(fit, table)).expr


def _expanded(expr: sympy.Expr, symbols: Sequence[sympy.Symbol], table: Dataset) -> sympy.Expr:
    """The polynomial as a sum of monomials, without those that are nothing but rounding on the rows."""
    terms = sympy.Poly(expr, *symbols).terms()
    sizes = [abs(float(c)) * np.abs(np.prod(table.X ** np.array(powers), axis=1)).max() for powers, c in terms]
    kept = [term for term, size in zip(terms, sizes) if size > EQUAL_VALUES * max(sizes)]
    return sympy.Add(*(c * sympy.Mul(*(x**p for x, p in zip(symbols, powers))) for powers, c in kept))


def _without_rounding(number: sympy.Float) -> sympy.Expr:
    """The number that is no more than rounding away from this one: 0, a whole or half one, or itself."""
    near = sympy.Rational(round(2 * float(number)), 2)
    return near if abs(float(number) - float(near)) < EQUAL_VALUES * max(1.0, abs(float(number))) else number


def _quadratic_forms(model: Network, splines: Sequence[EdgeIndex]) -> Iterator[tuple[EdgeFit, ...]]:
    """Lines into the hidden nodes and squares or lines out of them, with drawn constants, for one hidden layer.

    An exact network of a product or another quadratic form need not have these curves, as there are many others.
    """
    if len(model.layers) != 2 or not any(n == 0 for n, _, _ in splines):
        return
    rng = np.random.default_rng(0)
    line, square = STANDARD["x"], STANDARD["x^2"]
    for outer in (square, line):
        for _ in range(FORMS):
            slopes = rng.standard_normal(len(splines))
            functions = (outer if n else line for n, _, _ in splines)
            yield tuple(EdgeFit(f, 1.0, 0.0, float(c), 0.0, 1.0) for f, c in zip(functions, slopes))


def _refit(model: Network, rows: TrainingRows, steps: int) -> list[float]:
    """Train the constants of a symbolic network (which is changed); the mean squared residual of each output."""
    config = TrainConfig(steps=steps, update_grid=False, lm=LMConfig(smoothing=0.0, gain=REFIT_GAIN))
    train_together([model], rows, config)
    return rows.mean((model(rows.X) - rows.y).detach().square().T).tolist()


def _residual_bits(residual: Sequence[float], rows: TrainingRows) -> float:
    """The part of the residuals in the description length of the outputs. residual: mean square of each output"""
    zero = sympy.S.Zero
    return sum(
        description_length(zero, r, data) - description_length(zero, 0.0, data)
        for r, data in zip(residual, _tables(rows))
    )


def _length(model: Network, rows: TrainingRows, residual: Sequence[float]) -> float:
    """The description length of the formulas and their residuals, in bits. residual: mean square of each output"""
    tables = _tables(rows)
    found = expressions(model, [sympy.Symbol(name) for name in tables[0].names], least_shift=NEGLIGIBLE_SHIFT)
    bits = [description_length(canonical(e), r, data) for e, r, data in zip(found, residual, tables)]
    return sum(bits) if np.isfinite(bits).all() else np.inf


def _tables(rows: TrainingRows) -> list[Dataset]:
    """The rows as one table for each output."""
    names = tuple(f"x_{i + 1}" for i in range(rows.X.shape[1]))
    return [Dataset(rows.X.cpu().numpy(), y.cpu().numpy(), names) for y in rows.y.unbind(1)]


def expressions(model: Network, inputs: Sequence[sympy.Expr], least_shift: float = 0.0) -> list[sympy.Expr]:
    """The function of a symbolic network as one expression for each output.

    inputs: one expression for each; least_shift: shifts b of up to this times a are left out.
    Raises UsageError where an edge is a spline.
    """
    if splines := [index for index, symbolic in edges_in_use(model) if not symbolic]:
        raise UsageError(
            f"the edges {', '.join(map(str, splines))} are splines still: fix_symbolic(l, i, j, name) or "
            "auto_symbolic() gives them functions"
        )
    values = list(inputs)
    for layer, nodes in model.stages():
        sums = [sympy.Float(bias) if bias else sympy.S.Zero for bias in layer.bias.tolist()]
        for (i, o), f in layer.fixed.items():
            if layer.mask[i, o]:
                a, b, c, d = layer.constants[i, o].tolist()
                b = b if abs(b) > least_shift * abs(a) else 0.0
                sums[o] += EdgeFit(f, a, b, c, d, 1.0).expr(values[i])
        values = sums[: nodes.sums] + [sympy.Mul(*sums[g.start : g.stop]) for g in nodes.groups]
    return values


@one_thread()
def formulas(
    model: Network, var: Sequence[str | sympy.Expr] | None, rows: TrainingRows | None, snapped: bool = True
) -> tuple[list[sympy.Expr], list[sympy.Expr]]:
    """One formula for each output, and the variables.

    With `snapped` and rows, constants are fitted once more, and become integers, fractions or multiples of pi where the
    rows do not tell the difference. Raises UsageError for a wrong number of names, or where an edge is a spline.
    """
    count = model.layers[0].in_dim
    if var is not None and len(var) != count:
        raise UsageError(f"var has {len(var)} names, but the network has {count} inputs")
    names = [f"x_{i + 1}" for i in range(count)]
    symbols = [sympy.Symbol(name) for name in names]
    shown = [sympy.Symbol(v.lstrip("\\")) if isinstance(v, str) else v for v in var or names]
    found = [canonical(expr) for expr in expressions(model, symbols)]
    if snapped and rows is not None:
        found = [_snapped(expr, table) for expr, table in zip(found, _tables(rows))]
    return [expr.xreplace(dict(zip(symbols, shown))) for expr in found], shown
