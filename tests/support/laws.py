"""A small law for every row of the tables of moves and of terminals: what the row has to be of use for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy

from kansr.data.dataset import Dataset, with_proportional_errors
from kansr.expression.evaluate import Tape, evaluate
from kansr.expression.parse import parse
from kansr.formula.fit.constants import fit_constants


@dataclass(frozen=True, kw_only=True)
class Law:
    """Rows of a formula.

    noise: over the target's spread, or over the target itself where decades is set, and inputs range over two of them;
    without: an input that the formula lacks; near: how close a row of a table comes
    to it, over the spread, half the noise where that is more; slow: whether that takes seconds.
    """

    text: str
    low: float = 0.5
    high: float = 2.0
    rows: int = 400
    noise: float = 0.0
    without: str = ""
    near: float = 1e-9
    slow: bool = False
    decades: bool = False

    def misses(self, expr: sympy.Expr) -> float:
        """What the formula misses of the clean target, over its spread, with its decimals fitted to the rows."""
        clean = self.clean
        found = Tape(fit_constants(expr, self.data).expr, clean.names).value(clean.X)
        return float(np.sqrt(np.mean((found - clean.y) ** 2))) / (float(np.std(clean.y)) or 1.0)

    def is_met_by(self, expr: sympy.Expr) -> bool:
        return self.misses(expr) < max(self.near, self.noise / 2)

    @property
    def clean(self) -> Dataset:
        """The rows without noise."""
        names = tuple(sorted({*map(str, parse(self.text).free_symbols), *self.without}))
        X = np.random.default_rng(0).uniform(self.low, self.high, (self.rows, len(names)))
        X = 10.0**X if self.decades else X
        return Dataset(X, np.broadcast_to(evaluate(parse(self.text), dict(zip(names, X.T))), self.rows), names, "t")

    @property
    def data(self) -> Dataset:
        clean = self.clean
        if self.decades:
            factor = 1 + self.noise * np.random.default_rng(7).normal(size=clean.rows)
            return with_proportional_errors(Dataset(clean.X, clean.y * factor, clean.names, "t"))
        noise = self.noise * float(np.std(clean.y)) * np.random.default_rng(7).normal(size=clean.rows)
        return Dataset(clean.X, clean.y + noise, clean.names, "t")


@dataclass(frozen=True, kw_only=True)
class Reduced(Law):
    """And what a move leaves of it.

    columns: what is left of the inputs, in the inputs of the table; rest: the formula for the target that is left in
    these columns, u0 and so on; its decimals are fitted. factor: of an input in the formula, for a move that needs it.
    """

    columns: tuple[str, ...]
    rest: str
    factor: str = ""


SOLVED: dict[str, tuple[Law, ...]] = {
    "constant": (Law(text="2.5"),),
    "power law": (Law(text="3*x**2/y"), Law(text="3*x**2/y", noise=0.05)),
    "power law beside a number": (Law(text="sqrt(1 + 3*x**2*y/z)"),),
    "product of functions": (Law(text="2.5*x**2*exp(-0.7*y)*cos(z)"),),
    "plain relation": (Law(text="(x + y)**3/(1 + x*y)"),),
    "sum of curves": (Law(text="sin(2*x) + log(y)"), Law(text="sin(2*x) + log(y)", noise=0.02)),
    "sum of atoms": (Law(text="2*x**2 - 3*sin(x)"), Law(text="2*x**2 - 3*sin(x)", noise=0.02)),
    "root of a quadratic": (Law(text="x + y - sqrt((x + y)**2 - 3*x*y)"),),
    "relation": (Law(text="x*exp(y)/(1 + exp(y)) + x**2"),),
    "one function": (Law(text="exp(-1.7*x) + 0.5*x", high=3.0, slow=True),),
    "one function of a sum": (Law(text="sin(1.3*x + 0.7*y) + x*y", low=-2.0, rows=150, slow=True),),
    "relation in other coordinates": (Law(text="exp(-1/x)/x + x", low=0.2),),
    "sum of atoms in another coordinate": (Law(text="x*log(1 + 1/x)", low=0.2),),
    "polynomial": (Law(text="x**2 + 3*x*y - 2", noise=0.02),),
    "rational": (Law(text="x*y/(x + y)", noise=0.02),),
    "sum of waves": (Law(text="0.3*x**2 + 2.8*cos(6.2832*x + 1)", high=9.0, noise=0.1),),
    "sum of two exponentials or powers": (Law(text="0.3*exp(-x) + 0.7*exp(-0.2*x)", high=9.0, noise=0.01),),
    "few exponentials": (Law(text="exp(-0.31*x) - exp(-1.7*x)", high=9.0),),
    "plain function of one input": (Law(text="tanh(1.3*x - 0.8)"), Law(text="tanh(1.3*x - 0.8)", noise=0.02)),
    "half powers": (Law(text="sqrt(x)*sin(2.3*sqrt(x))", high=4.0), Law(text="exp(-1.3*sqrt(x))", noise=0.02)),
    "function of one input": (Law(text="sin(2*x)/x**2"), Law(text="sin(2*x)/x**2", noise=0.02)),
    "sum of exponentials": (Law(text="exp(-0.3*x) + exp(-x) + exp(-2.5*x)", high=6.0),),
    "waves": (Law(text="2 + 1.3*cos(9.1*x + 0.4)", low=-30.0, high=30.0),),
    "product of curves beside a curve": (
        Law(text="x**2 + sin(x)*exp(-y)"),
        Law(text="x**2 + sin(x)*exp(-y)", noise=0.02),
    ),
    "parametric curve": (
        Law(text="7/(1 + exp(3 - 2.5*x))", rows=40, noise=0.02),
        Law(text="min(1.4, x) + 2", rows=40, near=1e-6),
    ),
    "best power law": (Law(text="3*x**2/y"), Law(text="3*x**2/y", noise=0.05)),
    "scaling function": (Law(text="x**3/(exp(2.5*x/y) - 1)", low=-1.0, high=1.0, rows=150, noise=0.03, decades=True),),
    "product of curves": (Law(text="x**2*exp(y)", rows=200),),
    "network 1": (Law(text="exp(sin(x) + y**2)", slow=True),),
    "network 2": (Law(text="sin(x + y) + exp(x - y)", near=0.02, slow=True),),
    "network (1, 1)": (Law(text="x*y + sin(x + y)", near=0.02, slow=True),),
    "network (0, 1)": (Law(text="(x + y)*(x - y + 3)", near=0.02, slow=True),),
    "network 3": (Law(text="sin(x + y) + exp(x - y) + x", near=0.02, slow=True),),
}

REDUCED: dict[str, tuple[Reduced, ...]] = {
    "independent inputs": (
        Reduced(text="x*exp(-y)", without="z", columns=("x", "y"), rest="u0*exp(-u1)"),
        Reduced(text="x*exp(-y)", without="z", noise=0.1, rows=200, columns=("x", "y"), rest="u0*exp(-u1)"),
    ),
    "power factors": (Reduced(text="x**2*sin(40*y*z)", low=0.1, high=10.0, columns=("y", "z"), rest="sin(40*u0*u1)"),),
    "dominant term": (
        Reduced(text="2*x**2*y*w + 1e-5*sin(3*z*w)", columns=("w", "x", "y", "z"), rest="1e-5*sin(3*u3*u0)"),
        Reduced(
            text="2*x**2*y*w + 1e-5*sin(3*z*w)",
            columns=("w", "x", "y", "z"),
            rest="2 + 1e-5*sin(3*u3*u0)/(u1**2*u2*u0)",
        ),
    ),
    "inputs of small reach": (
        Reduced(text="x*exp(-y)", without="z", noise=0.1, rows=200, columns=("x", "y"), rest="u0*exp(-u1)"),
    ),
    "flat inputs": (Reduced(text="x*exp(-y)", without="z", columns=("x", "y"), rest="u0*exp(-u1)"),),
    "power groups": (
        Reduced(
            text="exp(-a*b*c/(4*d))*(1 + e**2) + e",
            columns=("a*b*c/d", "e"),
            high=1.5,
            rest="exp(-u0/4)*(1 + u1**2) + u1",
        ),
    ),
    "symmetry": (
        Reduced(text="cos(t) + exp(x*y)/(2 + t)", columns=("t", "x*y"), rest="cos(u0) + exp(u1)/(2 + u0)"),
        Reduced(text="x**2*z*log(1 + y)", columns=("y",), rest="log(1 + u0)"),
        Reduced(text="x**2*(sin(y) + z*y)", noise=0.01, rows=300, columns=("y", "z"), rest="sin(u0) + u0*u1"),
    ),
    "merge of powers": (
        Reduced(text="log(1 + x**2 + y)", columns=("x**2 + y",), rest="log(1 + u0)"),
        Reduced(text="log(1 + x**2 + y)", noise=0.01, columns=("x**2 + y",), rest="log(1 + u0)"),
    ),
    "additive term": (Reduced(text="3*x*y + sin(2*y)*z", columns=("y", "z"), rest="sin(2*u0)*u1"),),
    "merge of functions": (Reduced(text="cos(exp(0.7*x) + y)", columns=("exp(0.7*x) + y",), rest="cos(1.0*u0)"),),
    "functional scaling": (
        Reduced(text="x/(1 + x)**2*(y + log(y))", columns=("y",), rest="1.0*(u0 + log(u0))", rows=200),
    ),
    "inner factor": (
        Reduced(
            text="a*sin(2*t)/t + b*exp(-t) + c*t",
            columns=("b", "c", "t"),
            rest="u0*exp(-u2) + u1*u2",
            factor="sin(2.1*u3)/u3",
            rows=600,
            slow=True,
        ),
    ),
    "plain merges": (
        Reduced(text="sin(x - y)*z", noise=0.05, rows=200, columns=("x - y", "z"), rest="sin(u0)*u1"),
        Reduced(text="exp(y*log(x))", noise=0.05, rows=200, columns=("y*log(x)",), rest="exp(u0)"),
    ),
    "single index": (
        Reduced(text="sin(5*x*y)/x", columns=("x*y",), rest="sin(5*u0)/u0", low=0.3, rows=800),
        Reduced(
            text="exp(-2*g)*cos(14*x/y) - g**2",
            columns=("x/y", "g"),
            rest="exp(-2*u1)*cos(14*u0) - u1**2",
            low=0.3,
            rows=1500,
            slow=True,
        ),
    ),
}
