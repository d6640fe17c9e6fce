"""The dimension that a unit in text form has: our grammar reads the text, pint knows the names."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lark import Lark, Token, Transformer, UnexpectedInput
from lark.exceptions import VisitError

from kansr.errors import DataError
from kansr.runtime.resources import shipped
from kansr.units.dimension import SYMBOLS, Dimension

if TYPE_CHECKING:
    import pint

MAX_CHARACTERS = 200
MAX_DEPTH = 10  # of parentheses
MAX_EXPONENT, MAX_DENOMINATOR = 20, 12
PLAIN = frozenset(("dimensionless", "°"))  # besides "1": what pint does not count among its names
SUPERSCRIPTS = {"²": "**2", "³": "**3", "⁻¹": "**-1", "⁻²": "**-2", "⁻³": "**-3"}
# pint's Nm is the metric count of yarn; whoever writes it means the other.
MEANT = {"Nm": "N*m"}


def dimension_of(text: str) -> Dimension:
    """The dimension of a unit such as "kg*m/s**2", "km/h", "eV" or "1".

    Numbers in it scale the unit and do not matter here. Raises DataError, one sentence that starts with the text,
    for what is no unit; units that count from an offset or on a log scale are none a law could hold in.
    """
    shown = repr(text if len(text) <= 40 else text[:37] + "...")
    if not text.strip():
        raise DataError("a unit is missing; write 1 where there is none")
    if len(text) > MAX_CHARACTERS or _depth(text) > MAX_DEPTH:
        raise DataError(f"{shown} is too long for a unit")
    for written, power in SUPERSCRIPTS.items():
        text = text.replace(written, power)
    try:
        return _Builder().transform(_parser().parse(text))
    except UnexpectedInput:
        raise DataError(f"{shown} is not a unit; write it like kg*m/s**2, or 1 for none") from None
    except VisitError as err:
        raise DataError(f"{shown} is not a unit: {err.orig_exc}") from None


def _depth(text: str) -> int:
    depth = deepest = 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        deepest = max(deepest, depth)
    return deepest


@cache
def _parser() -> Lark:
    grammar = shipped("grammars/units.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr")


@cache
def registry() -> pint.UnitRegistry[Any]:
    """pint's units, loaded when they are first needed: that takes a second."""
    import pint

    return pint.UnitRegistry()


@cache
def named(name: str) -> Dimension:
    """The dimension of one unit by its name or symbol, with or without a prefix; raises ValueError if there is none."""
    from pint.util import UnitsContainer

    if name in PLAIN:
        return Dimension()
    if name in MEANT:
        raise ValueError(f"write {MEANT[name]} for {name}")
    known = registry().parse_unit_name(name)
    if not known:
        raise ValueError(f"no unit is called {name!r}{_other_case(name)}")
    _, base, _ = known[0]
    one = UnitsContainer({base: 1})
    if registry().Quantity(0.0, one).to_root_units().magnitude != 0:
        raise ValueError(
            f"{name} does not count from zero, so no law could hold in it; convert the column to "
            f"{SYMBOLS.get(str(registry().get_dimensionality(one)), 'plain numbers')}"
        )
    powers = registry().get_dimensionality(one)
    return Dimension.of(
        {base: Fraction(str(power)).limit_denominator(MAX_DENOMINATOR) for base, power in powers.items()}
    )


def _other_case(name: str) -> str:
    """A hint where only the case is wrong."""
    near = registry().parse_unit_name(name, case_sensitive=False)
    return f"; did you mean {''.join(near[0][:2])}?" if near else ""


class _Builder(Transformer[Token, Dimension]):
    """Each method is a rule of the grammar."""

    def product(self, children: list[Any]) -> Dimension:
        total, divided = children[0], False
        for before, child in pairwise(children):
            if isinstance(child, Token):
                continue
            if divided and not isinstance(before, Token):
                raise ValueError("say with * or parentheses whether what follows the space is divided by, too")
            over = before == "/"
            divided = divided or over
            total = total / child if over else total * child
        return total

    def power(self, children: list[Any]) -> Dimension:
        base, _, exponent = children
        return base**exponent

    def number(self, children: list[Token]) -> Dimension:
        return Dimension()

    def name(self, children: list[Token]) -> Dimension:
        return named(str(children[0]))

    def decimal(self, children: list[Token]) -> Fraction:
        return _exponent(children)

    def quotient(self, children: list[Token]) -> Fraction:
        below = 1 + (children[0].type == "SIGN")
        return _exponent(children[:below]) / (_exponent(children[below:]) if len(children) > below else 1)


def _exponent(tokens: list[Token]) -> Fraction:
    value = float("".join(tokens))
    if not 0 < abs(value) <= MAX_EXPONENT:
        raise ValueError(f"an exponent is at most {MAX_EXPONENT} and not 0")
    return Fraction(value).limit_denominator(MAX_DENOMINATOR)
