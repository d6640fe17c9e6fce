"""Formulas at random, as text of the formula language, and points where rounding cannot decide their values."""

from __future__ import annotations

import numpy as np
import sympy
from hypothesis import strategies as st

from kansr.errors import FormulaError
from kansr.expression.evaluate import Tape
from kansr.expression.parse import FUNCTIONS, OF_SEVERAL, parse
from kansr.numeric.arrays import Array

NAMES = ("x", "y", "lambda", "int", "I", "pow", "np", "y1")
NUMBERS = (
    "1",
    "2",
    "3",
    "7",
    "0.5",
    "2.75",
    "1.1e-3",
    "123456.789",
    "1/3",
    "22/7",
    "pi",
    "E",
    "sqrt(2*pi)",
    "-4",
    "-0.3",
)
POWERS = ("2", "3", "-1", "-2", "(1/2)", "(3/2)", "(-1/2)", "(1/3)", "(-2/3)", "0.7", "y")
OPERATORS = ("+", "-", "*", "/")
CONDITION = 1e4  # of a sum: beyond it, digits are lost

leaves = st.one_of(st.sampled_from(NAMES), st.sampled_from(NUMBERS))


def _grown(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, parts, st.sampled_from(OPERATORS), parts),
        st.builds("{}({})".format, st.sampled_from(sorted({*FUNCTIONS} - {*OF_SEVERAL})), parts),
        st.builds("{}({}, {})".format, st.sampled_from(OF_SEVERAL), parts, parts),
        st.builds("({})**{}".format, parts, st.sampled_from(POWERS)),
        st.builds("({})**(2*{})".format, parts, parts),
    )


def _read(text: str) -> sympy.Expr | None:
    try:
        return parse(text)
    except FormulaError:
        return None


formulas = st.recursive(leaves, _grown, max_leaves=8).map(_read).filter(lambda expr: expr is not None)


def points(rows: int = 24) -> Array:
    """Rows of values of NAMES, (rows, names): moderate, large, small, whole, of both signs, 0 among them."""
    rng = np.random.default_rng(3)
    X = rng.uniform(-3, 3, (rows, len(NAMES))) * rng.choice([1, 1, 1e3, 1e-3], (rows, len(NAMES)))
    X[::4] = np.round(X[::4])
    X[1::3] = np.abs(X[1::3])
    return X


def steady(expr: sympy.Expr, X: Array, names: tuple[str, ...] = NAMES) -> Array:
    """Which rows have a value that the last digits of inputs and sums do not change much, (rows,)."""
    tape = Tape(expr, names)
    value = tape.value(X)
    good = np.ones(len(X), dtype=bool)
    with np.errstate(all="ignore"):
        for factor in (1 + 3e-14, 1 - 3e-14):
            moved = tape.value(X * factor)
            good &= (np.isfinite(value) == np.isfinite(moved)) & ~(np.abs(moved - value) > 1e-10 * np.abs(value))
        values = tape.forward(X, ())
        for step, out in zip(tape.instructions, values):
            if step.kind == "add":
                good &= ~(sum(np.abs(values[j]) for j in step.args) > CONDITION * np.abs(out))
            if step.kind == "function" and step.value[0] in (np.arccos, np.arcsin):  # steep where the argument is ±1
                good &= ~(np.abs(np.abs(np.asarray(values[step.args[0]])) - 1) < 1 / CONDITION**2)
            if step.kind == "power":  # at a pole, the sign of 0 or of infinity would decide
                good &= ~((np.asarray(values[step.args[0]]) == 0) & (np.asarray(values[step.args[1]]) < 0))
            good &= ~((np.abs(out) > 1e150) & np.isfinite(out)) & ~((np.abs(out) < 1e-150) & (np.abs(out) > 0))
    return good
