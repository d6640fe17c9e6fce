"""Functions of one group that laws use, how often, and at what sizes of the group they are seen."""

from __future__ import annotations

from dataclasses import dataclass

from kansr.bench.problem.zoo.draft import Draft
from kansr.bench.problem.zoo.frequencies import choice


@dataclass(frozen=True)
class OneGroup:
    """A function of a group u. text: with u, p for an odd exponent and e for a small whole one.

    weight: how often, relative to the others; low, high: between which the quantile of |u| is drawn, by its logarithm;
    signed: whether u may be negative; quantile: which one; 1 for the largest value.
    """

    family: str
    text: str
    weight: float
    low: float
    high: float
    signed: bool = False
    quantile: float = 0.9


# fmt: off
FUNCTIONS = (
    OneGroup("exponential", "exp(-u)", 22, 0.8, 5.0),
    OneGroup("exponential", "exp(u)", 9, 0.7, 4.0, signed=True),
    OneGroup("exponential", "exp(-u**2)", 4, 0.8, 2.0, signed=True),
    OneGroup("exponential", "exp(-u**2/2)", 6, 1.0, 3.0, signed=True),
    OneGroup("exponential", "(exp(u) - 1)", 5, 0.7, 4.0),
    OneGroup("exponential", "1/(exp(u) - 1)", 4, 0.8, 5.0),
    OneGroup("exponential", "1/(exp(u) + 1)", 4, 1.0, 6.0, signed=True),
    OneGroup("exponential", "u*exp(-u)", 4, 1.0, 6.0),
    OneGroup("exponential", "u**p*exp(-u)", 2, 1.0, 6.0),
    OneGroup("exponential", "exp(-u**p)", 2, 0.8, 4.0),
    OneGroup("exponential", "10**(u)", 2, 0.4, 2.0, signed=True),
    OneGroup("saturation", "(1 - exp(-u))", 10, 0.8, 4.0),
    OneGroup("saturation", "u/(1 + u)", 16, 0.7, 8.0),
    OneGroup("saturation", "1/(1 + u)", 16, 0.7, 8.0),
    OneGroup("saturation", "u**2/(1 + u**2)", 5, 0.8, 4.0),
    OneGroup("saturation", "1/(1 + u**2)", 10, 0.8, 4.0, signed=True),
    OneGroup("saturation", "u**e/(1 + u**e)", 2, 0.8, 2.5),
    OneGroup("saturation", "u**p/(1 + u**p)", 3, 0.8, 5.0),
    OneGroup("saturation", "1/(1 + u)**2", 4, 0.5, 4.0),
    OneGroup("saturation", "1/(1 + u)**p", 4, 0.8, 6.0),
    OneGroup("saturation", "tanh(u)", 6, 0.8, 3.0, signed=True),
    OneGroup("saturation", "atan(u)", 3, 0.8, 6.0, signed=True),
    OneGroup("saturation", "1/(1 - u)", 6, 0.4, 0.95, quantile=1.0),
    OneGroup("saturation", "(1 - u)", 6, 0.4, 1.5),
    OneGroup("saturation", "(1 + u)", 6, 0.4, 5.0, signed=True),
    OneGroup("logarithm", "log(u)", 12, 2.0, 200.0),
    OneGroup("logarithm", "log(1 + u)", 10, 0.8, 40.0),
    OneGroup("logarithm", "log(u)/log(10)", 6, 2.0, 1000.0),
    OneGroup("logarithm", "u*log(u)", 2, 1.5, 20.0),
    OneGroup("logarithm", "log(1 + u**2)", 2, 0.8, 10.0, signed=True),
    OneGroup("wave", "sin(u)", 34, 1.2, 7.0, signed=True),
    OneGroup("wave", "cos(u)", 34, 1.2, 7.0, signed=True),
    OneGroup("wave", "sin(u)**2", 9, 1.2, 5.0, signed=True),
    OneGroup("wave", "cos(u)**2", 4, 1.2, 5.0, signed=True),
    OneGroup("wave", "(1 - cos(u))", 4, 1.2, 5.0, signed=True),
    OneGroup("wave", "(1 + cos(u))", 2, 1.2, 5.0, signed=True),
    OneGroup("wave", "sin(u)", 3, 8.0, 25.0, signed=True),
    OneGroup("wave", "sin(u)/u", 2, 2.0, 8.0),
    OneGroup("wave", "tan(u)", 5, 0.7, 1.3, quantile=1.0),
    OneGroup("wave", "asin(u)", 4, 0.7, 0.99, signed=True, quantile=1.0),
    OneGroup("wave", "acos(u)", 2, 0.7, 0.99, signed=True, quantile=1.0),
    OneGroup("wave", "cosh(u)", 2, 1.0, 3.0, signed=True),
    OneGroup("wave", "sinh(u)", 3, 1.0, 3.0, signed=True),
    OneGroup("root", "sqrt(1 + u)", 10, 0.8, 10.0),
    OneGroup("root", "sqrt(1 - u)", 8, 0.5, 0.98, quantile=1.0),
    OneGroup("root", "1/sqrt(1 - u)", 6, 0.5, 0.97, quantile=1.0),
    OneGroup("root", "1/sqrt(1 - u**2)", 10, 0.5, 0.97, signed=True, quantile=1.0),
    OneGroup("root", "sqrt(1 - u**2)", 5, 0.5, 0.99, signed=True, quantile=1.0),
    OneGroup("root", "sqrt(1 + u**2)", 8, 0.8, 5.0, signed=True),
    OneGroup("root", "1/sqrt(1 + u**2)", 6, 0.8, 5.0, signed=True),
    OneGroup("root", "(sqrt(1 + u) - 1)", 3, 0.8, 10.0),
    OneGroup("power", "(1 + u)**p", 5, 0.8, 8.0),
    OneGroup("power", "(1 - u)**p", 3, 0.4, 0.95, quantile=1.0),
    OneGroup("power", "(u**p - 1)", 3, 1.5, 6.0),
)
# fmt: on
WEIGHTS = {row: row.weight for row in FUNCTIONS}
PHASE = 0.2  # the share of waves that begin at another place


def function_of_group(draft: Draft, count: int) -> tuple[str, str]:
    """The family and the text of a function of a group of `count` new inputs, or of old ones where it is 0."""
    row = choice(draft.rng, WEIGHTS)
    group = draft.group(count, signed=row.signed)
    size = float(row.low * (row.high / row.low) ** draft.rng.random())
    u = draft.sized(group, size, row.quantile)
    if row.family == "wave" and row.text in ("sin(u)", "cos(u)") and draft.chance(PHASE):
        u = f"{u} + {draft.constant(1.0)}"
    words = {"u": f"({u})", "p": f"({draft.odd_exponent().lstrip('-')})", "e": str(int(draft.rng.integers(3, 6)))}
    return row.family, filled(row.text, words)


def filled(text: str, words: dict[str, str]) -> str:
    """The text with letters that stand alone replaced."""
    out = []
    for number, letter in enumerate(text):
        beside = text[max(number - 1, 0) : number] + text[number + 1 : number + 2]
        out.append(words[letter] if letter in words and not any(c.isalpha() for c in beside) else letter)
    return "".join(out)
