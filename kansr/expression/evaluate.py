"""Evaluate an expression and its derivatives by its constants on arrays; no code is generated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import sympy

from kansr.errors import FormulaError
from kansr.numeric.arrays import Array, evenly_spaced_rows

Unary = Callable[[Array], Array]
Constants = Sequence[float] | Array

# sympy class -> (function, derivative) on arrays. A class that is not here is not in the formula language.
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

# The largest and the least of several values, nan where one of them is.
EXTREMES: dict[Any, Callable[[Array, Array], Array]] = {sympy.Max: np.maximum, sympy.Min: np.minimum}


# Functions outside the language that sympy introduces, tan(x + pi/2) -> -cot(x), in terms of those of the language.
REWRITES: Mapping[Any, Callable[[sympy.Expr], sympy.Expr]] = {
    sympy.sec: lambda x: 1 / sympy.cos(x),
    sympy.csc: lambda x: 1 / sympy.sin(x),
    sympy.cot: lambda x: sympy.cos(x) / sympy.sin(x),
    sympy.sech: lambda x: 1 / sympy.cosh(x),
    sympy.csch: lambda x: 1 / sympy.sinh(x),
    sympy.coth: lambda x: sympy.cosh(x) / sympy.sinh(x),
    sympy.atanh: lambda x: (sympy.log(1 + x) - sympy.log(1 - x)) / 2,
    sympy.re: lambda x: x,  # all values are real
    sympy.im: lambda x: sympy.S.Zero,
    sympy.conjugate: lambda x: x,
    sympy.sign: lambda x: x / sympy.Abs(x),  # the derivatives of abs, max and min
    sympy.Heaviside: lambda x: (1 + x / sympy.Abs(x)) / 2,
}


@dataclass(frozen=True)
class Instruction:
    """One operation of a tape. args: positions of its operands, all earlier in the tape.

    kind: number, parameter, input, add, mul, power, extreme or function; value: the number, the position of the
    parameter or input, the function of two arrays, or the pair (function, derivative).
    """

    kind: str
    args: tuple[int, ...] = ()
    value: Any = None


class Program:
    """Instructions that are evaluated forward and differentiated by reverse accumulation; they are added in order.

    parameters: how many constants are arguments of the evaluation.
    """

    def __init__(self, parameters: int) -> None:
        self.instructions: list[Instruction] = []
        self.parameters = parameters
        self.free: list[bool] = []  # whether each instruction depends on a parameter

    def put(self, instruction: Instruction) -> int:
        """Adds an instruction and returns its position."""
        self.instructions.append(instruction)
        self.free.append(instruction.kind == "parameter" or any(self.free[j] for j in instruction.args))
        return len(self.instructions) - 1

    def value(self, X: Array, constants: Constants = ()) -> Array:
        """X: (rows, inputs); constants: (constants,) -> (rows,), nan where the expression has no real value."""
        with np.errstate(all="ignore"):
            return np.broadcast_to(self.forward(X, constants)[-1], (len(X),)).astype(float)

    def jacobian(self, X: Array, constants: Constants) -> tuple[Array, Array]:
        """X: (rows, inputs); constants: (constants,) -> values, (rows,), and their derivatives, (rows, constants)."""
        with np.errstate(all="ignore"):
            values = self.forward(X, constants)
            return np.broadcast_to(values[-1], (len(X),)).astype(float), self.derivatives(values, len(X))

    def gradient(self, X: Array, constants: Constants = ()) -> tuple[Array, Array]:
        """X: (rows, inputs); constants: (constants,) -> values, (rows,), and derivatives by the inputs, X's shape."""
        slopes = np.zeros_like(X)
        with np.errstate(all="ignore"):
            values = self.forward(X, constants)
            for instruction, adjoint in zip(self.instructions, self.adjoints(values, len(X), every=True)):
                if instruction.kind == "input" and adjoint is not None:
                    slopes[:, instruction.value] += adjoint
        return np.broadcast_to(values[-1], (len(X),)).astype(float), slopes

    def derivatives(self, values: list[Any], rows: int) -> Array:
        """The derivatives of the last value by the constants, (rows, constants). values: as `forward` gives them."""
        derivatives = np.zeros((self.parameters, rows))
        for instruction, adjoint in zip(self.instructions, self.adjoints(values, rows)):
            if instruction.kind == "parameter" and adjoint is not None:
                derivatives[instruction.value] = adjoint
        return derivatives.T

    def adjoints(self, values: list[Any], rows: int, every: bool = False) -> list[Any]:
        """The derivative of the last value by each, (rows,) or a number, None where there is none.

        values: as `forward` gives them. Derivatives by what depends on no parameter are left out, unless `every`.
        """
        adjoints: list[Any] = [None] * len(self.instructions)
        adjoints[-1] = np.ones(rows)
        for i in range(len(self.instructions) - 1, -1, -1):
            instruction, adjoint = self.instructions[i], adjoints[i]
            if not instruction.args or adjoint is None:
                continue
            for place, j in enumerate(instruction.args):
                if self.free[j] or (every and self.instructions[j].kind != "number"):
                    slope = self._slope(instruction, place, values, values[i])
                    part = adjoint if slope is None else adjoint * slope
                    adjoints[j] = part if adjoints[j] is None else adjoints[j] + part
        return adjoints

    def forward(self, X: Array, constants: Constants) -> list[Any]:
        """The value of every instruction, (rows,) or a number. X: (rows, inputs); constants: (constants,)."""
        values: list[Any] = []
        for instruction in self.instructions:
            args = [values[j] for j in instruction.args]
            if instruction.kind == "number":
                values.append(instruction.value)
            elif instruction.kind == "parameter":
                values.append(np.float64(constants[instruction.value]))
            elif instruction.kind == "input":
                values.append(X[:, instruction.value])
            elif instruction.kind == "add":
                values.append(sum(args[1:], args[0]))
            elif instruction.kind == "mul":
                total = args[0]
                for arg in args[1:]:
                    total = total * arg
                values.append(total)
            elif instruction.kind == "power":
                values.append(power(args[0], args[1]))
            elif instruction.kind == "extreme":
                values.append(reduce(instruction.value, args))
            else:
                values.append(instruction.value[0](args[0]))
        return values

    @staticmethod
    def _slope(instruction: Instruction, place: int, values: list[Any], out: Any) -> Any:
        """The derivative of the result `out` of an instruction by one of its operands; None for 1."""
        args = instruction.args
        if instruction.kind == "add":
            return None
        if instruction.kind == "mul":
            first, *others = (k for other, k in enumerate(args) if other != place)
            product = values[first]
            for k in others:
                product = product * values[k]
            return product
        if instruction.kind == "power":
            base, exponent = (values[j] for j in args)
            return exponent * power(base, exponent - 1.0) if place == 0 else out * np.log(base)
        if instruction.kind == "extreme":
            return np.equal(values[args[place]], out).astype(float)
        return instruction.value[1](values[args[0]])


class Tape(Program):
    """An expression as a program.

    names: the inputs, in the order of the columns of X.
    constants: sympy numbers of the expression that are parameters. Equal numbers are one parameter, wherever they
    occur, and their negatives are its negative. Their values are arguments of the evaluation, so a fit never rebuilds
    the expression.

    Raises FormulaError for a symbol that is not in `names` and for a function outside the language.
    """

    def __init__(self, expr: sympy.Expr, names: Sequence[str], constants: Sequence[sympy.Expr] = ()) -> None:
        super().__init__(len(constants))
        self._seen: dict[sympy.Expr, int] = {}
        self._names = {name: i for i, name in enumerate(names)}
        self._constants = {c: i for i, c in enumerate(constants)}
        self._add(expr)

    def _add(self, expr: sympy.Expr) -> int:
        if expr not in self._seen:
            self._seen[expr] = self.put(self._instruction(expr))
        return self._seen[expr]

    def _instruction(self, expr: sympy.Expr) -> Instruction:
        if expr in self._constants:
            return Instruction("parameter", value=self._constants[expr])
        if expr.is_Float and -expr in self._constants:
            return Instruction("mul", (self._add(sympy.S.NegativeOne), self._add(-expr)))
        if expr.is_Symbol:
            if expr.name not in self._names:
                raise FormulaError(f"the formula uses {expr.name!r}, which is not among {', '.join(self._names)}")
            return Instruction("input", value=self._names[expr.name])
        if expr.is_number and not self._constants:
            return Instruction("number", value=_number(expr))
        if expr.is_Number or expr.is_NumberSymbol:
            return Instruction("number", value=_number(expr))
        if expr.func in REWRITES:
            return self._instruction(REWRITES[expr.func](expr.args[0]))
        args = tuple(self._add(arg) for arg in expr.args)
        if expr.is_Add:
            return Instruction("add", args)
        if expr.is_Mul:
            return Instruction("mul", args)
        if expr.is_Pow:
            return Instruction("power", args)
        if expr.func in EXTREMES:
            return Instruction("extreme", args, EXTREMES[expr.func])
        if expr.func not in ARRAY_FUNCTIONS:
            raise FormulaError(f"{expr.func} is not a function of the formula language")
        return Instruction("function", args, ARRAY_FUNCTIONS[expr.func])


def typical_size(X: Array, names: Sequence[str], rows: int = 200) -> Callable[[sympy.Expr], float]:
    """A function that gives the rms of an expression on at most `rows` rows of X, over the rows where it is finite.

    X: (all rows, inputs); names: the inputs in its order.
    """
    sample = X[evenly_spaced_rows(len(X), rows)]

    def size(expr: sympy.Expr) -> float:
        value = Tape(expr, names).value(sample)
        value = value[np.isfinite(value)]
        return float(np.sqrt(np.mean(value * value))) if len(value) else 0.0

    return size


def _number(expr: sympy.Expr) -> np.float64:
    value = complex(expr)
    return np.float64(value.real if value.imag == 0 else np.nan)


def power(base: Any, exponent: Any) -> Any:
    """base**exponent; common exponents by multiplication, division and sqrt, faster and more exact than pow."""
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
    """The value of `expr` on named columns, each (rows,) -> (rows,); nan where it has no real value.

    Raises FormulaError as `Tape` does.
    """
    names = list(columns)
    rows = len(next(iter(columns.values()))) if names else 1
    X = np.column_stack([np.asarray(columns[name], dtype=float) for name in names]) if names else np.empty((rows, 0))
    return Tape(expr, names).value(X)
