"""The dimension of a quantity: exact exponents of the base dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

# The SI base unit by which a base dimension is printed.
SYMBOLS = {
    "[mass]": "kg",
    "[length]": "m",
    "[time]": "s",
    "[current]": "A",
    "[temperature]": "K",
    "[substance]": "mol",
    "[luminosity]": "cd",
}


@dataclass(frozen=True)
class Dimension:
    """A product of rational powers of base dimensions; without any for a dimensionless quantity.

    powers: (base, exponent), sorted by base, no exponent 0.
    """

    powers: tuple[tuple[str, Fraction], ...] = field(default=())

    @classmethod
    def of(cls, powers: Mapping[str, Fraction]) -> Dimension:
        return cls(tuple(sorted((base, Fraction(power)) for base, power in powers.items() if power)))

    @property
    def plain(self) -> bool:
        """Whether it is dimensionless."""
        return not self.powers

    @property
    def bases(self) -> tuple[str, ...]:
        return tuple(base for base, _ in self.powers)

    def __getitem__(self, base: str) -> Fraction:
        return dict(self.powers).get(base, Fraction(0))

    def __mul__(self, other: Dimension) -> Dimension:
        total = dict(self.powers)
        for base, power in other.powers:
            total[base] = total.get(base, Fraction(0)) + power
        return Dimension.of(total)

    def __pow__(self, exponent: Fraction | int) -> Dimension:
        return Dimension.of({base: power * exponent for base, power in self.powers})

    def __truediv__(self, other: Dimension) -> Dimension:
        return self * other**-1

    def __str__(self) -> str:
        """In SI base units, such as kg*m/s**2; "no unit" where it is dimensionless."""
        order = [*SYMBOLS, *self.bases]
        ranked = sorted(self.powers, key=lambda item: order.index(item[0]))
        above = [_power(base, power) for base, power in ranked if power > 0]
        below = [_power(base, -power) for base, power in ranked if power < 0]
        text = "/".join(["*".join(above) or "1", *below])
        return "no unit" if self.plain else text


def _power(base: str, power: Fraction) -> str:
    symbol = SYMBOLS.get(base, base)
    if power == 1:
        return symbol
    return f"{symbol}**{power}" if power.denominator == 1 else f"{symbol}**({power})"
