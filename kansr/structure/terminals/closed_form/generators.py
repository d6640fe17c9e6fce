"""Generators: the functions of the inputs that the polynomials of an implicit relation are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.numeric.arrays import Array
from kansr.numeric.monomials import Monomial, monomials
from kansr.structure.terminals.closed_form.two_input_exponentials import two_input_exponentials

Generator = tuple[Callable[[sympy.Expr], sympy.Expr], Callable[[Array], Array]]  # as sympy and on arrays

INPUT: Generator = (lambda x: x, lambda x: x)
SQUARE: Generator = (lambda x: x * x, np.square)
SIN: Generator = (sympy.sin, np.sin)
COS: Generator = (sympy.cos, np.cos)
EXP: Generator = (sympy.exp, np.exp)
DECAY: Generator = (lambda x: sympy.exp(-x), lambda x: np.exp(-x))
LOG: Generator = (sympy.log, np.log)
ROOT: Generator = (sympy.sqrt, np.sqrt)

# What one input may come in as: itself first, then the most common functions.
OF_ONE_INPUT: tuple[tuple[Generator, ...], ...] = (
    (INPUT,), (SIN, COS), (EXP,), (INPUT, SIN, COS), (INPUT, EXP), (INPUT, DECAY), (LOG,), (INPUT, LOG), (ROOT,),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Generators:
    """Functions of the inputs: as sympy, as columns (rows, functions), and which are a cosine beside its sine."""

    symbols: tuple[sympy.Expr, ...]
    columns: Array
    cosines: tuple[bool, ...]

    @property
    def inputs_only(self) -> bool:
        """Whether they are the inputs themselves, or their squares."""
        return all(symbol.as_base_exp()[0].is_Symbol and symbol.is_polynomial() for symbol in self.symbols)

    def monomials(self, degree: int) -> list[Monomial]:
        """Exponents of all monomials up to `degree`, the constant first; cos² is 1 − sin² and left out."""
        return monomials(len(self.symbols), degree, linear=self.cosines)


def generators(data: Dataset, inputs_only: bool) -> Iterator[Generators]:
    """Generators with finite values, the fewest functions first, exponentials of two inputs last.

    inputs_only: the inputs themselves and their squares only.
    """
    inputs = len(data.names)
    chosen = [tuple(OF_ONE_INPUT[k] for k in choice) for choice in _choices(inputs)]
    if inputs_only:
        chosen = chosen[:1]
    if inputs > 1:  # squares of all inputs: twice the degree, for a law that does not depend on their signs
        chosen.insert(1, ((SQUARE,),) * inputs)
    for functions in chosen:
        made = _made(data, functions)
        if np.isfinite(made.columns).all():
            yield made
    if not inputs_only:
        symbols = [sympy.Symbol(name) for name in data.names]
        for symbol, column in two_input_exponentials(symbols, data.X):
            yield Generators((*symbols, symbol), np.column_stack([data.X, column]), (False,) * (inputs + 1))


def _choices(inputs: int) -> list[tuple[int, ...]]:
    """For each input a place in OF_ONE_INPUT; the fewest functions first, all inputs themselves before all others.

    With three inputs or more all have the same functions, one of the first three, but for one input at most.
    """
    places = range(len(OF_ONE_INPUT))
    if inputs < 3:
        choices = list(product(places, repeat=inputs))
    else:
        choices = [
            tuple(own if k == i else common for k in range(inputs))
            for common in places[:3]
            for i in range(inputs)
            for own in places
        ]
    return sorted(set(choices), key=lambda c: (sum(len(OF_ONE_INPUT[k]) for k in c), sum(map(bool, c)), c))


def _made(data: Dataset, functions: Sequence[tuple[Generator, ...]]) -> Generators:
    """functions: for each input."""
    symbols, columns, cosines = [], [], []
    for name, x, of_one in zip(data.names, data.X.T, functions):
        for symbolic, numeric in of_one:
            with np.errstate(all="ignore"):
                columns.append(numeric(x))
            symbols.append(symbolic(sympy.Symbol(name)))
            cosines.append(symbolic is sympy.cos)
    return Generators(tuple(symbols), np.column_stack(columns), tuple(cosines))
