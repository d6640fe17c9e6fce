"""What an affine symmetry does: along a coordinate of one input the target and other inputs scale or shift."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import sympy

from kansr.numeric.arrays import Array
from kansr.result.derivation import Step
from kansr.structure.moves.gradient.sample import drop, milder, multiplied, raised
from kansr.structure.moves.move import Factor
from kansr.structure.moves.state import TARGET_SYMBOL, State

TARGET = -1  # stands for the target where others are inputs
Back = Callable[[sympy.Expr], sympy.Expr]


@dataclass(frozen=True, eq=False)
class Flow:
    """How one thing moves along log c: c**scale multiplies (thing + offset), or shift·log c is added to it.

    index: an input, or TARGET; scale, offset: a number or an expression in the inputs, with its values, (rows,) or a
    number, those of `scale` where it is no number; log: it is the logarithm of the target that is scaled; inverse: it
    is 1/x that moves.
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
        name = "target" if self.index == TARGET else str(inputs[self.index])
        name = f"log({name})" if self.log else f"1/({name})" if self.inverse else name
        if self.scale == 0:
            return f"{name}+{self.shift}"
        return f"{name}^{self.scale}" if self.offset == 0 else f"({name} + {self.offset})^{self.scale}"


def follow(state: State, i: int, symbol: sympy.Expr, values: Array, flows: Sequence[Flow], blur: float) -> State | None:
    """x_i taken out along the flow of `symbol`, a function of it whose `values` are (rows,)."""
    X, inputs, z, back = state.X.copy(), list(state.inputs), state.z, state.back
    along = symbol.args[0] if symbol.func is sympy.exp else sympy.log(symbol)
    said = []
    with np.errstate(all="ignore"):
        for flow in flows:
            factor = symbol**flow.scale
            if flow.scale_values is not None:
                by = values**flow.scale_values
            else:
                by = raised(values, flow.scale) if flow.scale != 0 else float(flow.shift) * np.log(values)
            if flow.index != TARGET:
                k = flow.index
                if flow.inverse:
                    X[:, k], inputs[k] = 1 / X[:, k], 1 / inputs[k]
                X[:, k] = (X[:, k] + flow.offset_values) * by if flow.scale != 0 else X[:, k] + by
                inputs[k] = (inputs[k] + flow.offset) * factor if flow.scale != 0 else inputs[k] + flow.shift * along
                if flow.scale != 0 and flow.offset == 0:
                    X[:, k], inputs[k] = milder(X[:, k], inputs[k])
                said.append(str(inputs[k]))
            elif flow.scale == 0:
                z, back = z - by, partial(_shifted, state.back, flow.shift * along)
                said.append(str(TARGET_SYMBOL - flow.shift * along))
            else:
                sign = -1 if flow.log and z.max() < 0 else 1
                z = ((np.log(sign * z) if flow.log else z) + flow.offset_values) / by
                back = partial(_scaled, state.back, factor, flow.offset, sign if flow.log else 0)
                turned = sympy.log(sign * TARGET_SYMBOL) if flow.log else TARGET_SYMBOL
                said.append(str((turned + flow.offset) / factor))
    new = replace(state, X=X, z=z, inputs=tuple(inputs), back=back, blur=max(state.blur, blur))
    new = replace(drop(new, i), moves=(*state.moves, Step(", ".join(said))))
    return new if np.isfinite(new.X).all() and np.isfinite(new.z).all() else None


def _shifted(back: Back, term: sympy.Expr, expr: sympy.Expr) -> sympy.Expr:
    return back(expr + term)


def _scaled(back: Back, factor: sympy.Expr, offset: sympy.Expr, log: int, expr: sympy.Expr) -> sympy.Expr:
    inner = factor * expr - offset
    return back(log * sympy.exp(inner) if log else inner)


def divide(state: State, factors: Sequence[Factor]) -> State | None:
    """The target over all the factors at once, without the inputs they are functions of."""
    with np.errstate(all="ignore"):
        z = state.z / np.prod([raised(f.values, f.power) for f in factors], axis=0)
    outer = sympy.Mul(*(f.symbolic**f.power for f in factors))
    new = replace(state, z=z, back=partial(multiplied, state.back, outer))
    for index in sorted((f.index for f in factors), reverse=True):
        new = drop(new, index)
    return replace(new, moves=(*state.moves, Step(str(TARGET_SYMBOL / outer)))) if np.isfinite(z).all() else None
