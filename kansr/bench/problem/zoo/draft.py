"""A law in the making: its inputs with their ranges, and groups of them whose size is chosen.

What is made is text, whose values are those on ROWS rows. An input that one group has alone can still be scaled, which
is how arguments of functions come to have a size at which the function is seen: in science too, no one measures
exp(-u) where u is a thousandth. Where inputs are used already a constant does it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import sympy

from kansr.bench.problem.known_law import Variable, draw
from kansr.bench.problem.zoo.frequencies import (
    DECADES_SCALE,
    DIGITS,
    EXPONENTS,
    FACTORS,
    NAMES,
    NEGATIVE_ODD,
    NICE,
    ODD_EXPONENTS,
    STYLES,
    TEXTBOOK_DECADES,
    TEXTBOOK_SCALE,
    choice,
    rounded,
)
from kansr.expression.evaluate import evaluate
from kansr.expression.parse import parse
from kansr.numeric.arrays import Array

ROWS = 256  # on which sizes are measured
NEAR = 2.0  # a constant is not needed where a group is within this factor of the size wanted
NICE_SHARE = 0.65  # of the constants within a law that are chosen among nice ones of about the right size
SCALED_SHARE = 0.85  # of the groups to which an input is scaled, where one can be, instead of a constant
LIKE, DIFFERENCE = 0.05, 0.09  # the share of factors that are sums and differences of two inputs of one kind
REAL = 0.22  # the share of inputs that may be negative, where the law allows it
INTEGER = 0.03  # the share of inputs that are counts
GAP = 1.1  # the range of the larger of two inputs of one kind begins at so many times the end of the other's
ROUND = 2  # significant digits of the ends of ranges


class Implausible(Exception):
    """A draft that has come to something that has no values."""


@dataclass
class Draft:
    """A law in the making. rng: chance; style: of the ranges; inputs: those so far; used: how often each is used."""

    rng: np.random.Generator
    style: str = ""
    inputs: dict[str, Variable] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.style = choice(self.rng, STYLES)
        self._names = list(self.rng.permutation(np.array(NAMES)))
        self._seed = int(self.rng.integers(2**31))

    def chance(self, share: float) -> bool:
        """Whether something happens that does in this share of the cases."""
        return bool(self.rng.random() < share)

    def value(self, text: str) -> Array:
        """The values of a formula on the rows, (ROWS,). Raises Implausible where one is not finite."""
        columns = {name: self._column(name) for name in self.inputs}
        with np.errstate(all="ignore"):
            value = np.broadcast_to(evaluate(parse(text), columns), (ROWS,)).astype(float)
        if not np.isfinite(value).all():
            raise Implausible(text)
        return value

    def _column(self, name: str) -> Array:
        number = list(self.inputs).index(name)
        return draw(self.inputs[name], ROWS, np.random.default_rng([self._seed, number]))

    def split(self, count: int, slots: int) -> list[int]:
        """How many of `count` inputs each slot gets: one each as far as they go, the others by chance."""
        parts = [1 if slot < count else 0 for slot in range(slots)]
        for _ in range(count - sum(parts)):
            parts[int(self.rng.integers(slots))] += 1
        return parts

    def input(self, *, real: bool = False) -> str:
        """A new input; real: whether it may be negative."""
        name = str(self._names.pop())
        self.inputs[name] = self._real(name) if real else self._positive(name)
        return name

    def bounded(self, low: float, high: float) -> str:
        """A new input with a range inside bounds, such as that of a share or of an exponent."""
        name = str(self._names.pop())
        ends = sorted(rounded(float(v), ROUND) for v in self.rng.uniform(low, high, 2))
        if ends[1] - ends[0] < (high - low) / 4:
            ends = [rounded(low, ROUND), rounded(high, ROUND)]
        self.inputs[name] = Variable(name, "uniform", ends[0], ends[1])
        self.used[name] = 2  # it is not to be scaled
        return name

    def _positive(self, name: str) -> Variable:
        rng = self.rng
        if self.chance(INTEGER):
            return Variable(name, "integer", 1.0, float(rng.integers(3, 16)))
        if self.style == "unit":
            low, high = float(rng.choice([0.2, 0.5, 1.0, 1.0, 1.0, 1.0])), float(rng.choice([2.0, 3.0, 4.0, 5.0, 5.0]))
            return Variable(name, "uniform", low, high)
        if self.style == "textbook":
            decades = float(np.interp(rng.random(), [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1], TEXTBOOK_DECADES))
            kind = "loguniform" if self.chance(0.05) else "uniform"
            high = 10.0 ** rng.normal(0.5, TEXTBOOK_SCALE)
        else:
            decades = float(rng.choice([1.0, 2.0, 2.0, 2.0, 3.0, 4.0]))
            kind = "loguniform"
            high = 10.0 ** rng.normal(0.5, DECADES_SCALE if self.chance(0.6) else TEXTBOOK_SCALE)
        return _ranged(Variable(name, kind, high * 10.0**-decades, high))

    def _real(self, name: str) -> Variable:
        high = float(self.rng.choice([1.0, 1.0, 2.0, 3.0, 5.0, 10.0]))
        low = -high if self.chance(0.6) else -rounded(high * self.rng.uniform(0.1, 0.9), 1)
        return Variable(name, "uniform", low, high)

    def like(self, name: str, *, larger: bool) -> str:
        """A new input of the kind of `name`, such as a second mass; larger: whether it is above all values of that."""
        other, given = str(self._names.pop()), self.inputs[name]
        low, high = given.low, given.high
        if larger:
            low, high = high * GAP, high * (GAP + min(high / low, 10.0))
        self.inputs[other] = _ranged(replace(given, name=other, low=low, high=high))
        return other

    def take(self, names: Iterable[str]) -> None:
        """Notes that inputs are used."""
        for name in names:
            self.used[name] = self.used.get(name, 0) + 1

    def again(self) -> str:
        """An input that is there already. Raises Implausible where there is none."""
        if not self.inputs:
            raise Implausible("no input yet")
        return str(self.rng.choice(np.array(list(self.inputs))))

    def group(self, count: int, *, signed: bool = False) -> str:
        """A power product of `count` new inputs, or a power of one that is there where `count` is 0.

        signed: whether it may be negative.
        """
        if count == 0:
            name = self.again()
            self.take([name])
            return self._power(name)
        factors = []
        while count > 0:
            pair = self.rng.random() if count > 1 else 1.0
            if pair < LIKE + DIFFERENCE:
                factors.append(self._power(self._pair(pair < LIKE, signed)))
                count -= 2
            else:
                real = signed and self.chance(REAL)
                name = self.input(real=real)
                self.take([name])
                factors.append(f"({name})" if real else self._power(name))
                count -= 1
        return "*".join(factors)

    def _pair(self, like: bool, signed: bool) -> str:
        """A sum or a difference of two new inputs of one kind."""
        one = self.input()
        larger = not like and not (signed and self.chance(0.4))
        two = self.like(one, larger=larger)
        self.take([one, two])
        return f"({one} + {two})" if like else f"({two} - {one})"

    def _power(self, base: str) -> str:
        exponent = choice(self.rng, EXPONENTS)
        if base.startswith("(") and exponent not in ("1", "-1", "2", "1/2", "-1/2"):
            exponent = "1"
        if " - " in base and exponent != "2":
            exponent = "1"
        return f"({base})**({self.odd_exponent() if exponent == 'odd' else exponent})"

    def odd_exponent(self) -> str:
        """An exponent that no one would guess."""
        size = 0.0
        while size == round(size):
            size = rounded(float(self.rng.uniform(*ODD_EXPONENTS)), int(self.rng.integers(1, 4)))
        return f"-{size!r}" if self.chance(NEGATIVE_ODD) else repr(size)

    def sized(self, text: str, size: float, quantile: float = 0.9) -> str:
        """The group, whose absolute value has `size` as its quantile: with an input scaled, or times a constant."""
        now = float(np.quantile(np.abs(self.value(text)), quantile))
        if not now > 0:
            raise Implausible(text)
        if max(size / now, now / size) <= NEAR and self.chance(NICE_SHARE):
            return text
        if self.chance(SCALED_SHARE) and self._scaled(text, size / now):
            now = float(np.quantile(np.abs(self.value(text)), quantile))
            if max(size / now, now / size) <= NEAR:
                return text
        return f"{self.constant(size / now)}*{text}"

    def _scaled(self, text: str, factor: float) -> bool:
        """Scales an input that nothing else uses so that the group grows by a factor; whether there is one."""
        symbols = {symbol.name for symbol in parse(text).free_symbols}
        for name in symbols_in_order(symbols, self.inputs):
            given = self.inputs[name]
            exponent = _exponent(parse(text), name)
            if self.used[name] > 1 or given.kind == "integer" or exponent is None:
                continue
            by = factor ** (1.0 / exponent)
            self.inputs[name] = _ranged(replace(given, low=given.low * by, high=given.high * by))
            self.used[name] += 1
            return True
        return False

    def constant(self, size: float) -> str:
        """A constant of about this size: a nice one, or one with some digits."""
        if self.chance(NICE_SHARE):
            near = [text for text in NICE if max(size / _number(text), _number(text) / size) <= NEAR]
            if near:
                return f"({self.rng.choice(np.array(near))})"
        return repr(rounded(size * float(np.exp(self.rng.normal(0.0, 0.2))), choice(self.rng, DIGITS)))

    def factor(self) -> str:
        """The constant before a law."""
        text = choice(self.rng, FACTORS)
        if text != "ugly":
            return f"({text})"
        size = 10.0 ** self.rng.normal(0.0, 3.0 if self.style == "decades" else 1.0)
        return repr(rounded(float(size), choice(self.rng, DIGITS)))


def symbols_in_order(symbols: set[str], inputs: Iterable[str]) -> list[str]:
    """Names in the order of the inputs, which does not depend on hashes."""
    return [name for name in inputs if name in symbols]


def _exponent(expr: sympy.Expr, name: str) -> float | None:
    """The exponent of an input in a product, None where it is no factor of it."""
    powers = expr.as_powers_dict()
    exponent = powers.get(sympy.Symbol(name))
    return float(exponent) if exponent is not None and exponent.is_number and exponent != 0 else None


def _number(text: str) -> float:
    return float(parse(text))


def _ranged(variable: Variable) -> Variable:
    """The variable with round ends of its range, which stays a range."""
    if variable.kind == "integer":
        low = max(float(round(variable.low)), 1.0)
        return replace(variable, low=low, high=max(float(round(variable.high)), low + 1.0))
    for digits in (ROUND, ROUND + 1, ROUND + 2):
        low, high = rounded(variable.low, digits), rounded(variable.high, digits)
        if low < high:
            break
    return replace(variable, low=low, high=high)
