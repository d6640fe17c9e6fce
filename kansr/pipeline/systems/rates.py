"""All right-hand sides of a system evaluated together, with constants that differ from row to row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add, mul
from typing import Any

import numpy as np
import sympy

from kansr.expression.evaluate import Instruction, Tape, power
from kansr.formula.fit.constants import replaced, tied_floats
from kansr.numeric.arrays import Array

Operation = Callable[[list[Any]], Any]


@dataclass(frozen=True, eq=False)
class Equations:
    """Right-hand sides, and their constants as variables, so that copies of a system differ in them.

    constants: of each right-hand side; values: all of them, (constants,).
    """

    names: tuple[str, ...]
    exprs: tuple[sympy.Expr, ...]
    constants: tuple[tuple[sympy.Float, ...], ...]
    values: Array
    programs: tuple[tuple[Operation, ...], ...]

    @classmethod
    def of(cls, exprs: Sequence[sympy.Expr], names: tuple[str, ...], fixed: Sequence[sympy.Expr] = ()) -> Equations:
        """fixed: constants that stay. Raises FormulaError for what is not in the formula language."""
        constants = tuple(tuple(c for c in tied_floats(e) if c not in fixed and -c not in fixed) for e in exprs)
        labels = [[sympy.Symbol(f"_c{k}_{j}") for j in range(len(own))] for k, own in enumerate(constants)]
        variables = (*names, *(str(label) for own in labels for label in own))
        symbolic = [replaced(e, dict(zip(own, new))) if own else e for e, own, new in zip(exprs, constants, labels)]
        programs = tuple(tuple(_operation(i) for i in Tape(expr, variables).instructions) for expr in symbolic)
        values = np.array([float(c) for own in constants for c in own])
        return cls(tuple(names), tuple(exprs), constants, values, programs)

    def rates(self, columns: list[Array]) -> Array:
        """columns: states, then constants, each (rows,) -> dZ/dt, (states, rows)"""
        out = np.empty((len(self.programs), len(columns[0])))
        for k, program in enumerate(self.programs):
            values: list[Any] = [columns]
            for operation in program:
                values.append(operation(values))
            out[k] = values[-1]
        return out

    def at(self, values: Array) -> tuple[sympy.Expr, ...]:
        """The right-hand sides with these values of the constants."""
        made, first = [], 0
        for expr, own in zip(self.exprs, self.constants):
            new = {c: sympy.Float(float(v)) for c, v in zip(own, values[first : first + len(own)])}
            made.append(replaced(expr, new) if own else expr)
            first += len(own)
        return tuple(made)


def _operation(instruction: Instruction) -> Operation:
    """An instruction as a function of [columns, earlier values…]."""
    args = tuple(j + 1 for j in instruction.args)
    value = instruction.value
    if instruction.kind == "number":
        return lambda v: value
    if instruction.kind == "input":
        return lambda v: v[0][value]
    if instruction.kind in ("add", "mul"):
        combine = add if instruction.kind == "add" else mul
        if len(args) == 2:
            first, second = args
            return lambda v: combine(v[first], v[second])
        return lambda v: reduce(combine, [v[j] for j in args])
    if instruction.kind == "power":
        base, exponent = args
        return lambda v: power(v[base], v[exponent])
    if instruction.kind == "extreme":
        return lambda v: reduce(value, [v[j] for j in args])
    function, argument = value[0], args[0]
    return lambda v: function(v[argument])
