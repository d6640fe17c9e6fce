"""Partial differential equations from fields on a grid, with and without noise.

    python benchmarks/recovery/fields.py [--noise 0,.01,.1] [--seeds 1] [--seed 0] [--only kdv,kuramoto]

Each field comes from a solver of its own: Fourier modes in space, and in time the exponential Runge-Kutta scheme of
fourth order (Cox and Matthews 2002, Kassam and Trefethen 2005). Noise is white, in parts of the field's root mean
square. For each equation and level: how often the terms are right, and the largest relative error of a coefficient
where they are, next to the status and processor time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import sympy

import kansr
from benchmarks.arguments import asked_for, parser
from kansr.expression.parse import parse

CIRCLE = 32  # points of a contour integral, which the scheme's coefficients are free of cancellation by
DEALIASED = 3  # modes above 2/3 of the highest are left out of products: 1 in this many

Spectrum = np.ndarray
Grid = np.ndarray


def evolved(
    linear: Spectrum, nonlinear: Callable[[Spectrum], Spectrum], start: Grid, times: Grid, longest: float
) -> Grid:
    """The solution of v_t = linear·v + nonlinear(v), periodic in space, at evenly spaced times: (times, places).

    linear: (modes,); start: (places,); longest: the largest step that is taken.
    """
    gap = times[1] - times[0]
    count = int(np.ceil(gap / longest))
    h = gap / count
    circle = h * linear[:, None] + np.exp(1j * np.pi * (np.arange(1, 2 * CIRCLE + 1) - 0.5) / CIRCLE)

    def mean(values: Grid) -> Grid:
        return values.mean(axis=1)

    whole, half = np.exp(h * linear), np.exp(h * linear / 2)
    e = np.exp(circle)
    q = h * mean((np.exp(circle / 2) - 1) / circle)
    f1 = h * mean((-4 - circle + e * (4 - 3 * circle + circle**2)) / circle**3)
    f2 = h * mean((2 + circle + e * (-2 + circle)) / circle**3)
    f3 = h * mean((-4 - 3 * circle - circle**2 + e * (4 - circle)) / circle**3)
    v = np.fft.rfft(start)
    found = [start]
    for _ in times[1:]:
        for _ in range(count):
            n0 = nonlinear(v)
            a = half * v + q * n0
            n1 = nonlinear(a)
            b = half * v + q * n1
            n2 = nonlinear(b)
            c = half * a + q * (2 * n2 - n0)
            v = whole * v + f1 * n0 + 2 * f2 * (n1 + n2) + f3 * nonlinear(c)
        found.append(np.fft.irfft(v, len(start)))
    return np.array(found)


def transported(factor: float, k: Spectrum, places: int) -> Callable[[Spectrum], Spectrum]:
    """factor·u·u_x as a function of modes. k: wave numbers, (modes,)."""
    kept = np.arange(len(k)) < places // DEALIASED

    def product(v: Spectrum) -> Spectrum:
        return kept * factor * 0.5j * k * np.fft.rfft(np.fft.irfft(v * kept, places) ** 2)

    return product


@dataclass(frozen=True)
class Equation:
    """A known equation and how its field is made.

    right: of u_t; length: of the period; linear: the symbol of the linear terms; factor: of u·u_x; start: at t = 0;
    end: the last time; longest: step of the solver.
    """

    right: str
    length: float
    linear: Callable[[Spectrum], Spectrum]
    factor: float
    start: Callable[[Grid], Grid]
    end: float
    longest: float
    times: int = 201
    places: int = 256

    def field(self) -> dict[str, Grid]:
        """t, x and u, without noise."""
        x = np.arange(self.places) * self.length / self.places
        k = 2 * np.pi * np.fft.rfftfreq(self.places, self.length / self.places)
        t = np.linspace(0, self.end, self.times)
        product = transported(self.factor, k, self.places)
        return {"t": t, "x": x, "u": evolved(self.linear(k), product, self.start(x), t, self.longest)}


def soliton(c: float, middle: float) -> Callable[[Grid], Grid]:
    return lambda x: 0.5 * c / np.cosh(0.5 * np.sqrt(c) * (x - middle)) ** 2


EQUATIONS: Mapping[str, Equation] = {
    "burgers": Equation(
        "-u*u_x + 0.1*u_xx",
        8.0,
        lambda k: -0.1 * k**2,
        -1.0,
        lambda x: np.exp(-((x - 3) ** 2)) + 0.5 * np.exp(-2 * (x - 5.5) ** 2),
        4.0,
        2e-3,
    ),
    "kdv": Equation(
        "-6*u*u_x - u_xxx",
        30.0,
        lambda k: 1j * k**3,
        -6.0,
        lambda x: soliton(4.0, 6.0)(x) + soliton(1.5, 15.0)(x),
        8.0,
        5e-4,
    ),
    "kuramoto_sivashinsky": Equation(
        "-u*u_x - u_xx - u_xxxx",
        32 * np.pi,
        lambda k: k**2 - k**4,
        -1.0,
        lambda x: np.cos(x / 16) * (1 + np.sin(x / 16)),
        150.0,
        0.125,
        times=301,
    ),
    "heat": Equation(
        "0.2*u_xx",
        2 * np.pi,
        lambda k: -0.2 * k**2,
        0.0,
        lambda x: np.sin(x) + 0.5 * np.cos(2 * x + 1) + 0.4 * np.sin(3 * x),
        2.0,
        0.01,
    ),
    "advection_diffusion": Equation(
        "-1.5*u_x + 0.05*u_xx",
        10.0,
        lambda k: -1.5j * k - 0.05 * k**2,
        0.0,
        lambda x: np.exp(-((x - 4) ** 2)) + 0.6 * np.sin(2 * np.pi * x / 10),
        4.0,
        0.01,
    ),
}


def noisy(field: Mapping[str, Grid], level: float, seed: int) -> dict[str, Grid]:
    """The field with white noise of `level` times its root mean square."""
    u = field["u"]
    noise = np.random.default_rng(seed).normal(size=u.shape)
    return {**field, "u": u + level * np.sqrt(np.mean(u**2)) * noise}


def terms(expr: sympy.Expr) -> dict[sympy.Expr, float]:
    """The coefficient of each term of a sum."""
    return {term: float(value) for term, value in sympy.expand(expr).as_coefficients_dict().items()}


def largest_error(found: sympy.Expr, truth: str) -> float:
    """The largest relative error of a coefficient; inf where the terms are not the right ones."""
    ours, right = terms(found), terms(parse(truth))
    if ours.keys() != right.keys():
        return float("inf")
    return max(abs(ours[term] / value - 1) for term, value in right.items())


def main() -> None:
    arguments = parser(__doc__, time_limit=60.0, seed=0, only="")
    arguments.add_argument("--noise", default="0,.01,.1", help="noise levels, separated by commas (0,.01,.1)")
    arguments.add_argument(
        "--seeds", type=int, default=1, help="noisy fields of each equation and level, from --seed on (1)"
    )
    given = arguments.parse_args()
    for name, equation in EQUATIONS.items():
        if not asked_for(name, given.only):
            continue
        exact = equation.field()
        for level in map(float, given.noise.split(",")):
            errors, began, last = [], time.process_time(), ""
            seeds = given.seeds if level else 1
            for seed in range(given.seed, given.seed + seeds):
                found = kansr.field(noisy(exact, level, seed), time_limit=given.time_limit)
                errors.append(largest_error(found.best.expr, equation.right))
                last = f"{found.status.value}  {kansr.render(found.best.expr)}" if errors[-1] == max(errors) else last
            right = [error for error in errors if np.isfinite(error)]
            worst = f"{max(right):.2e}" if right else "-"
            seconds = (time.process_time() - began) / seeds
            print(
                f"{name:22} {level:<5g} right {len(right)}/{seeds}  error {worst}  {seconds:.1f} s  {last}", flush=True
            )


if __name__ == "__main__":
    main()
