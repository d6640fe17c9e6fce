"""The flow of an affine symmetry: along a coordinate of one input the target and other inputs scale or shift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import sympy

from kansr.numeric.arrays import Array
from kansr.result.derivation import Step
from kansr.structure.moves.gradient.sample import power_of, shorter_tail
from kansr.structure.moves.gradient.symmetry_relation import TARGET
from kansr.structure.moves.move import Factor
from kansr.structure.moves.state import TARGET_SYMBOL, Back, State, plus, times, without_input, without_inputs


@dataclass(frozen=True, eq=False)
class Flow:
    """How one thing moves along log c: (thing + offset) is multiplied by c**scale, or shift·log c is added to it.

    index: an input, or TARGET; scale, offset: numbers, or expressions in the inputs; offset_values: (rows,) or a
    number; scale_values: (rows,) where scale is no number; log: it is the logarithm of the target that is scaled;
    inverse: it is 1/x that moves.
    """

    index: int
    scale: sympy.Expr
    shift: sympy.Expr
    offset: sympy.Expr
    offset_values: Array | float
    log: bool = False
    inverse: bool = False
    scale_values: Array | float | None = None

    def said(self, inputs: Sequence[sympy.Expr]) -> str:
        """The flow in the name of a move."""
        name = "target" if self.index == TARGET else str(inputs[self.index])
        name = f"log({name})" if self.log else f"1/({name})" if self.inverse else name
        if self.scale == 0:
            return f"{name}+{self.shift}"
        return f"{name}^{self.scale}" if self.offset == 0 else f"({name} + {self.offset})^{self.scale}"


@dataclass(frozen=True, eq=False)
class FlowCoordinate:
    """The coordinate c along which the target and inputs flow: in the inputs of the table, and (rows,) values."""

    symbolic: sympy.Expr
    values: Array

    @property
    def log(self) -> sympy.Expr:
        """log c, where c = exp(x) the exponent."""
        return self.symbolic.args[0] if self.symbolic.func is sympy.exp else sympy.log(self.symbolic)

    def factor(self, flow: Flow) -> Array:
        """c**scale on the rows, or shift·log c for a flow that shifts."""
        if flow.scale_values is not None:
            return np.asarray(self.values**flow.scale_values)
        if flow.scale == 0:
            return float(flow.shift) * np.log(self.values)
        return power_of(self.values, flow.scale)


def follow(state: State, i: int, c: FlowCoordinate, flows: Sequence[Flow], value_error: float) -> State | None:
    """The state without input i: everything that flows along c, a coordinate of x_i, is followed back to c = 1.

    value_error: relative error of the numbers of the flows. None where a value is not finite.
    """
    new = replace(state, X=state.X.copy(), value_error=max(state.value_error, value_error))
    said = []
    with np.errstate(all="ignore"):
        for flow in flows:
            new, step = _target_along(new, c, flow) if flow.index == TARGET else _input_along(new, c, flow)
            said.append(str(step))
    new = replace(without_input(new, i), moves=(*state.moves, Step(", ".join(said))))
    return new if np.isfinite(new.X).all() and np.isfinite(new.z).all() else None


def _input_along(state: State, c: FlowCoordinate, flow: Flow) -> tuple[State, sympy.Expr]:
    """The state with an input that does not flow along c in place of one that does, and this input."""
    k, by = flow.index, c.factor(flow)
    x, expr = state.X[:, k], state.inputs[k]
    if flow.inverse:
        x, expr = 1 / x, 1 / expr
    if flow.scale == 0:
        x, expr = x + by, expr + flow.shift * c.log
    else:
        x, expr = (x + flow.offset_values) * by, (expr + flow.offset) * c.symbolic**flow.scale
        if flow.offset == 0:
            x, expr = shorter_tail(x, expr)
    X = state.X.copy()
    X[:, k] = x
    return replace(state, X=X, inputs=(*state.inputs[:k], expr, *state.inputs[k + 1 :])), expr


def _target_along(state: State, c: FlowCoordinate, flow: Flow) -> tuple[State, sympy.Expr]:
    """The state with a target that does not flow along c, and this target."""
    z, by = state.z, c.factor(flow)
    if flow.scale == 0:
        term = flow.shift * c.log
        return replace(state, z=z - by, back=partial(plus, state.back, term)), TARGET_SYMBOL - term
    factor = c.symbolic**flow.scale
    sign = -1 if flow.log and z.max() < 0 else 1
    z = ((np.log(sign * z) if flow.log else z) + flow.offset_values) / by
    back = partial(_scaled, state.back, factor, flow.offset, sign if flow.log else 0)
    said = sympy.log(sign * TARGET_SYMBOL) if flow.log else TARGET_SYMBOL
    return replace(state, z=z, back=back), (said + flow.offset) / factor


def _scaled(back: Back, factor: sympy.Expr, offset: sympy.Expr, log: int, expr: sympy.Expr) -> sympy.Expr:
    """The way back of a target that was scaled. log: the sign under the logarithm, 0 where there was none."""
    inner = factor * expr - offset
    return back(log * sympy.exp(inner) if log else inner)


def divide(state: State, factors: Sequence[Factor]) -> State | None:
    """The target over all factors, without the inputs that they are functions of; None where a value is not finite."""
    with np.errstate(all="ignore"):
        z = state.z / np.prod([power_of(f.values, f.power) for f in factors], axis=0)
    if not np.isfinite(z).all():
        return None
    outer = sympy.Mul(*(f.symbolic**f.power for f in factors))
    step = Step(str(TARGET_SYMBOL / outer))
    new = without_inputs(state, [f.index for f in factors])
    return replace(new, z=z, back=partial(times, state.back, outer), moves=(*state.moves, step))
