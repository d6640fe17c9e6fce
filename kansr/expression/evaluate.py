"""Numbers out of an expression, and their derivatives by its constants, without generating or evaluating text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from kansr.errors import FormulaError
from kansr.numeric.arrays import Array, evenly_spaced_rows

Unary = Callable[[Array], Array]
Constants = Sequence[float] | Array

# sympy class -> (value, derivative); what is not here is not in the formula language.
ARRAY_FUNCTIONS: dict[Any, tuple[Unary, Unary]] = {
    sympy.exp: (np.exp, np.exp),
    sympy.log: (np.log, np.reciprocal),
    sympy.sin: (np.sin, np.cos),
    sympy.cos: (np.cos, lambda u: -np.sin(u)),
    sympy.tan: (np.tan, lambda u: 1 + np.tan(u) ** 2),
    sympy.asin: (np.arcsin, lambda u: 1 / np.sqrt(1 - u * u)),
    sympy.acos: (np.arccos, lambda u: -1 / np.sqrt(1 - u * u)),
    sympy.atan: (np.arctan, lambda u: 1 / (1 + u * u)),
    sympy.sinh: (np.sinh, np.cosh),
    sympy.cosh: (np.cosh, np.sinh),
    sympy.tanh: (np.tanh, lambda u: 1 - np.tanh(u) ** 2),
    sympy.Abs: (np.abs, np.sign),
}


# What sympy turns our functions into (tan(x + pi/2) is −cot(x)), and the way back.
REWRITES: Mapping[Any, Callable[[sympy.Expr], sympy.Expr]] = {
    sympy.sec: lambda x: 1 / sympy.cos(x),
    sympy.csc: lambda x: 1 / sympy.sin(x),
    sympy.cot: lambda x: sympy.cos(x) / sympy.sin(x),
    sympy.sech: lambda x: 1 / sympy.cosh(x),
    sympy.csch: lambda x: 1 / sympy.sinh(x),
    sympy.coth: lambda x: sympy.cosh(x) / sympy.sinh(x),
    sympy.re: lambda x: x,  # all our numbers are real
    sympy.im: lambda x: sympy.S.Zero,
    sympy.conjugate: lambda x: x,
}


@dataclass(frozen=True)
class Step:
    """One node of an expression; `args` are the positions of its arguments, earlier in the tape."""

    kind: str
    args: tuple[int, ...] = ()
    value: Any = None


class Tape:
    """An expression as a list of steps: evaluated from left to right, differentiated from right to left.

    `constants` names the sympy numbers that are parameters: each distinct one is a single parameter, wherever it
    stands. Evaluation takes their values, so that a fit never rebuilds the expression.
    """

    def __init__(self, expr: sympy.Expr, names: Sequence[str], constants: Sequence[sympy.Expr] = ()) -> None:
        self.steps: list[Step] = []
        self.parameters = len(constants)
        self._seen: dict[sympy.Expr, int] = {}
        self._names = {name: i for i, name in enumerate(names)}
        self._constants = {c: i for i, c in enumerate(constants)}
        self._add(expr)

    def value(self, X: Array, constants: Constants = ()) -> Array:
        """X: (rows, inputs) -> (rows,); not a number where the expression has no real value."""
        with np.errstate(all="ignore"):
            return np.broadcast_to(self._forward(X, constants)[-1], (len(X),)).astype(float)

    def jacobian(self, X: Array, constants: Constants) -> tuple[Array, Array]:
        """The values, (rows,), and their derivatives by the constants, (rows, constants)."""
        with np.errstate(all="ignore"):
            values = self._forward(X, constants)
            adjoint: list[Any] = [0.0] * len(self.steps)
            adjoint[-1] = np.ones(len(X))
            jacobian = np.zeros((len(X), self.parameters))
            for i in range(len(self.steps) - 1, -1, -1):
                step, bar = self.steps[i], adjoint[i]
                if step.kind == "parameter":
                    jacobian[:, step.value] += bar
                elif step.args and not (isinstance(bar, float) and bar == 0.0):
                    for j, slope in self._slopes(step, values, values[i]):
                        adjoint[j] = adjoint[j] + bar * slope
            return np.broadcast_to(values[-1], (len(X),)).astype(float), jacobian

    def _forward(self, X: Array, constants: Constants) -> list[Any]:
        values: list[Any] = []
        for step in self.steps:
            args = [values[j] for j in step.args]
            if step.kind == "number":
                values.append(step.value)
            elif step.kind == "parameter":
                values.append(np.float64(constants[step.value]))
            elif step.kind == "input":
                values.append(X[:, step.value])
            elif step.kind == "add":
                values.append(sum(args[1:], args[0]))
            elif step.kind == "mul":
                total = args[0]
                for arg in args[1:]:
                    total = total * arg
                values.append(total)
            elif step.kind == "power":
                values.append(_power(args[0], args[1]))
            else:
                values.append(step.value[0](args[0]))
        return values

    def _slopes(self, step: Step, values: list[Any], out: Any) -> list[tuple[int, Any]]:
        """(argument, derivative of the step by it) for every argument that can depend on a constant."""
        if step.kind == "add":
            return [(j, 1.0) for j in step.args]
        if step.kind == "mul":
            pairs = []
            for place, j in enumerate(step.args):
                others: Any = 1.0
                for other, k in enumerate(step.args):
                    if other != place:
                        others = others * values[k]
                pairs.append((j, others))
            return pairs
        if step.kind == "power":
            base, exponent = step.args
            slope = values[exponent] * _power(values[base], values[exponent] - 1.0)
            if self.steps[exponent].kind == "number":
                return [(base, slope)]
            return [(base, slope), (exponent, out * np.log(values[base]))]
        return [(step.args[0], step.value[1](values[step.args[0]]))]

    def _add(self, expr: sympy.Expr) -> int:
        if expr not in self._seen:
            self.steps.append(self._step(expr))
            self._seen[expr] = len(self.steps) - 1
        return self._seen[expr]

    def _step(self, expr: sympy.Expr) -> Step:
        if expr in self._constants:
            return Step("parameter", value=self._constants[expr])
        if expr.is_Symbol:
            if expr.name not in self._names:
                raise FormulaError(f"the formula uses {expr.name!r}, which is not among {', '.join(self._names)}")
            return Step("input", value=self._names[expr.name])
        if expr.is_number and not self._constants:
            return Step("number", value=_number(expr))
        if expr.is_Number or expr.is_NumberSymbol:
            return Step("number", value=_number(expr))
        if expr.func in REWRITES:
            return self._step(REWRITES[expr.func](expr.args[0]))
        args = tuple(self._add(arg) for arg in expr.args)
        if expr.is_Add:
            return Step("add", args)
        if expr.is_Mul:
            return Step("mul", args)
        if expr.is_Pow:
            return Step("power", args)
        if expr.func not in ARRAY_FUNCTIONS:
            raise FormulaError(f"{expr.func} is not a function of the formula language")
        return Step("function", args, ARRAY_FUNCTIONS[expr.func])


def typical_size(X: Array, names: Sequence[str], rows: int = 200) -> Callable[[sympy.Expr], float]:
    """A measure of how large an expression is on the rows of X: its root mean square where it has a value."""
    sample = X[evenly_spaced_rows(len(X), rows)]

    def size(expr: sympy.Expr) -> float:
        value = Tape(expr, names).value(sample)
        value = value[np.isfinite(value)]
        return float(np.sqrt(np.mean(value * value))) if len(value) else 0.0

    return size


def _number(expr: sympy.Expr) -> np.float64:
    value = complex(expr)
    return np.float64(value.real if value.imag == 0 else np.nan)


def _power(base: Any, exponent: Any) -> Any:
    """base**exponent; small whole exponents by multiplication, which is both faster and more exact than pow."""
    if np.ndim(exponent) == 0:
        if exponent == 2:
            return base * base
        if exponent == -1:
            return 1.0 / base
        if exponent == 0.5:
            return np.sqrt(base)
        if exponent == 3:
            return base * base * base
        if exponent == -2:
            return 1.0 / (base * base)
        if exponent == 4:
            square = base * base
            return square * square
    return np.power(base, exponent)


def evaluate(expr: sympy.Expr, columns: Mapping[str, Array]) -> Array:
    """The value of `expr` at the rows of `columns`, (rows,); not a number where it has no real value."""
    names = list(columns)
    rows = len(next(iter(columns.values()))) if names else 1
    X = np.column_stack([np.asarray(columns[name], dtype=float) for name in names]) if names else np.empty((rows, 0))
    return Tape(expr, names).value(X)
