"""How often laws of science have what. Counts are those of the 536 shipped laws, or weights fitted to them.

The shipped laws are feynman120, laws, srsd, strogatz, classic and pykan; `benchmarks/recovery/zoo.py` sets the zoo
beside them. Where they have fewer kinds than the world (rows, noise, relative errors, irrelevant columns), the weights
are a choice: what tables of a laboratory have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np

Kind = TypeVar("Kind")

INPUTS: Mapping[int, float] = {1: 68, 2: 129, 3: 118, 4: 115, 5: 64, 6: 25, 7: 17}
TERMS: Mapping[int, float] = {2: 67, 3: 25, 4: 13}  # of laws that are sums
# fmt: off
# Exponents of an input in a product; odd ones, of which the shipped laws have each once or twice, are drawn.
EXPONENTS: Mapping[str, float] = {
    "1": 1200, "-1": 296, "2": 258, "-2": 85, "3": 36, "4": 20, "1/2": 25, "-1/2": 12,
    "1/3": 5, "-3": 4, "-4": 4, "3/2": 4, "2/3": 4, "odd": 22,
}
# The constant before a law: 338 of 536 have none, 65 a decimal; pi is in 104 laws, in some of them elsewhere.
FACTORS: Mapping[str, float] = {
    "1": 340, "ugly": 65, "1/2": 20, "2": 10, "4": 6, "1/4": 5, "3/2": 4, "1/3": 3, "6": 3, "2/3": 3, "8": 2,
    "pi": 18, "2*pi": 16, "4*pi": 8, "pi/2": 12, "pi/4": 6, "1/(2*pi)": 18, "1/(4*pi)": 20, "4*pi/3": 5,
    "1/(8*pi)": 4, "1/10": 2, "10": 2, "100": 2,
}
# fmt: on
ODD_EXPONENTS = (0.1, 2.6)  # the range of odd exponents, which have one to three digits
NEGATIVE_ODD = 0.3  # the share of odd exponents that are negative
# Constants within a law, where one of about the right size is wanted.
NICE = ("1", "2", "3", "4", "5", "6", "8", "10", "1/2", "1/3", "1/4", "2/3", "3/2", "pi", "2*pi", "pi/2", "1/10", "100")
DIGITS: Mapping[int, float] = {1: 10, 2: 35, 3: 30, 4: 15, 5: 10}  # of ugly constants
# How the ranges of a law's inputs are chosen: 1 to 5 as in the Feynman problems, as in textbooks, over many decades.
STYLES: Mapping[str, float] = {"unit": 42, "textbook": 40, "decades": 18}
TEXTBOOK_DECADES = (0.1, 0.11, 0.4, 0.7, 1.1, 1.8, 2.5)  # quantiles 0, .05, .25, .5, .75, .95, 1 of the width
TEXTBOOK_SCALE, DECADES_SCALE = 1.3, 5.0  # standard deviations of the decimal logarithm of a range's upper end
ROWS: Mapping[int, float] = {100: 6, 200: 10, 300: 10, 500: 14, 1000: 20, 2000: 25, 3000: 8, 5000: 7}
NOISE: Mapping[float, float] = {0.0: 15, 0.001: 12, 0.003: 10, 0.01: 25, 0.03: 13, 0.1: 17, 0.2: 8}
RELATIVE = 0.15  # the share of laws whose errors are in proportion to the target
IRRELEVANT: Mapping[int, float] = {0: 82, 1: 9, 2: 6, 3: 3}  # columns that the law does not use
TARGETS = ("y", "z", "F", "Q", "W", "f", "U", "P")
NAMES = (
    *(
        "a",
        "b",
        "c",
        "d",
        "g",
        "h",
        "k",
        "l",
        "m",
        "n",
        "p",
        "q",
        "r",
        "s",
        "t",
        "u",
        "v",
        "w",
        "x",
        "A",
        "B",
        "C",
        "D",
        "G",
    ),
    *("H", "K", "L", "M", "R", "T", "V", "alpha", "delta", "epsilon", "eta", "theta", "kappa", "mu", "nu", "rho"),
    *(
        "sigma",
        "tau",
        "phi",
        "omega",
        "m_1",
        "r_0",
        "v_0",
        "k_1",
        "k_2",
        "T_0",
        "c_p",
        "x_1",
        "x_2",
        "q_0",
        "d_s",
        "n_1",
    ),
)


def choice(rng: np.random.Generator, weights: Mapping[Kind, float]) -> Kind:
    """One of the keys, with a probability in proportion to its weight."""
    keys = list(weights)
    total = np.cumsum([weights[key] for key in keys])
    return keys[int(np.searchsorted(total, rng.random() * total[-1], side="right"))]


def rounded(value: float, digits: int) -> float:
    """A number with so many significant digits."""
    return float(f"{value:.{digits - 1}e}")
