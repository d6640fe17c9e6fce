"""Parse a unit into its dimension: a grammar reads the text, and pint knows the names of units."""

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

# Limits for hostile text; units that people write stay far below.
MAX_CHARACTERS = 200
MAX_DEPTH = 10  # of nested parentheses
MAX_EXPONENT = 20  # of a unit, in size
MAX_DENOMINATOR = 12  # of an exponent: a decimal such as 0.333 is the nearest fraction up to it
SHOWN = 40  # characters of a unit that a message repeats
DIMENSIONLESS = frozenset(("dimensionless", "°"))  # names of 1 that pint does not parse as units
SUPERSCRIPTS = {"²": "**2", "³": "**3", "⁻¹": "**-1", "⁻²": "**-2", "⁻³": "**-3"}
# Names that pint reads differently from what people mean: its Nm is the number metric, a measure of yarn.
MEANT = {"Nm": "N*m"}


def dimension_of(text: str) -> Dimension:
    """The dimension of a unit such as "kg*m/s**2", "km/h", "eV" or "1". Numbers in it are factors and do not matter.

    Raises DataError, one sentence that begins with the text, for what is not a unit, and for units with an offset
    or a logarithmic scale, such as degC and dB: no law can hold in them.
    """
    shown = repr(text if len(text) <= SHOWN else text[: SHOWN - 3] + "...")
    if not text.strip():
        raise DataError("a unit is missing; write 1 where there is none")
    if len(text) > MAX_CHARACTERS or _depth(text) > MAX_DEPTH:
        raise DataError(f"{shown} is too long for a unit")
    for written, power in SUPERSCRIPTS.items():
        text = text.replace(written, power)
    try:
        return _DimensionBuilder().transform(_parser().parse(text))
    except UnexpectedInput:
        raise DataError(f"{shown} is not a unit; write it like kg*m/s**2, or 1 for none") from None
    except VisitError as err:
        raise DataError(f"{shown} is not a unit: {err.orig_exc}") from None


def is_unit(text: str) -> bool:
    """Whether a text is a unit, also one that `dimension_of` refuses since it does not count from zero."""
    try:
        dimension_of(text)
    except DataError:
        return len(text) <= MAX_CHARACTERS and text.isprintable() and bool(registry().parse_unit_name(text.strip()))
    return True


def _depth(text: str) -> int:
    """How deeply parentheses are nested."""
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
    """pint's units; they are loaded at the first call, which takes a second."""
    import pint

    return pint.UnitRegistry()


@cache
def named(name: str) -> Dimension:
    """The dimension of a unit by name or symbol, with or without a prefix.

    Raises ValueError, with what to write instead, where there is no such unit or it has an offset.
    """
    from pint.util import UnitsContainer

    if name in DIMENSIONLESS:
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
    """A hint where a unit of this name exists in another case, "" where not."""
    near = registry().parse_unit_name(name, case_sensitive=False)
    return f"; did you mean {''.join(near[0][:2])}?" if near else ""


class _DimensionBuilder(Transformer[Token, Dimension]):
    """Parse tree to Dimension; each method is the grammar rule of that name. ValueError says what is wrong."""

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
