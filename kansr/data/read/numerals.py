"""How people write numbers, and the same numbers as float() reads them.

Thousands separators, exponents with D or without a letter, percent, currency signs, the Unicode minus, hard spaces, and
standard errors beside values, as 1.2±0.1 or 1.23(4).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from typing import NamedTuple

# Typographic signs, and what a keyboard has for them: hard and thin spaces, minus signs, apostrophes.
KEYBOARD = str.maketrans({**dict.fromkeys("\u00a0\u2007\u2009\u202f", " "), "\u2212": "-", **dict.fromkeys("’ʼ´", "'")})
CURRENCIES = "$€£¥₹₩₽"
DECIMAL_SIGNS, THOUSANDS_SIGNS = (".", ","), (".", ",", "'", " ")


class Written(enum.Enum):
    """What is unusual about how a number is written, in words that follow the names of columns."""

    THOUSANDS = "thousands separators are taken out"
    LETTER_D = "the D of exponents is read as an E"
    NO_LETTER = "exponents without a letter are read, 7.44+0 as 7.44e+0"
    PERCENT = "percentages are divided by 100, so 5% is 0.05"
    CURRENCY = "currency signs are dropped"
    MINUS = "the sign − (U+2212) is read as minus"
    ERROR = "standard errors beside the values are read, as in 1.2±0.1 or 1.23(4)"
    COMMENT = "what follows a # is left out"


class Style(NamedTuple):
    """The decimal sign of a table, and its thousands separator: "" for none but apostrophes and spaces.

    bare_exponents: whether it has exponents without a letter for certain.
    """

    decimal: str = "."
    thousands: str = ""
    bare_exponents: bool = False


PLAIN = Style()
STYLES = (Style(".", ","), Style(",", "."))


class Numeral(NamedTuple):
    """A number as float() reads it, its standard error likewise, "" without one, and what is unusual about it."""

    text: str
    error: str = ""
    written: frozenset[Written] = frozenset()
    currency: str = ""


WHOLE = r"(?P<whole>\d{1,3}(?:(?P<group>['., ])\d{3})(?:(?P=group)\d{3})*(?!\d)|\d*)"
EXPONENT = r"(?:(?P<letter>[eEdDqQ])(?P<power>[-+]?\d{1,4})|(?P<bare>[-+]\d{1,3}))?"
NUMBER = re.compile(rf"(?P<sign>[-+]?)\s?{WHOLE}(?P<rest>[.,]\d*)?{EXPONENT}", re.ASCII)
POWER = r"(?P<power>[eE][-+]?\d{1,4})?"
BESIDE = re.compile(rf"\(?\s*(?P<value>[^()±]+?)\s*(?:±|\+/-|\+-)\s*(?P<error>[^()±]+?)\s*\)?{POWER}", re.ASCII)
IN_LAST_DIGITS = re.compile(rf"(?P<value>[^()]*\d[.,]?)\((?P<error>\d+(?:[.,]\d+)?)\){POWER}", re.ASCII)
MONEY = re.compile(
    rf"(?P<open>\()?(?P<sign>[-+]?)\s?(?P<before>[{CURRENCIES}])?\s?"
    rf"(?P<number>[-+]?[^{CURRENCIES}()]*?)\s?(?P<after>[{CURRENCIES}])?(?P<close>\))?"
)
EASY = re.compile(r"\s*[-+]?(inf(inity)?|\d+([.,]\d*)?(e[-+]?\d{1,4})?)\s*", re.IGNORECASE | re.ASCII)
TRAILING_COMMENT = re.compile(r"(?P<number>\S.*?)\s+#.*", re.DOTALL)


def read_numeral(cell: str, style: Style) -> Numeral | None:
    """The number in a cell, None where it holds none."""
    text = cell.translate(KEYBOARD).strip()
    if not any(letter.isdigit() for letter in text):
        return None
    minus = frozenset([Written.MINUS] if "\u2212" in cell or text.startswith("–") else [])
    text = "-" + text[1:] if text.startswith("–") else text
    readers = (_number, _percent, _money, _beside, _in_last_digits, _before_comment)
    found = next((numeral for reader in readers if (numeral := reader(text, style)) is not None), None)
    return found and found._replace(written=found.written | minus)


def looks_numeric(cell: str) -> bool:
    """Whether a cell holds a number in some style, or infinity."""
    return EASY.fullmatch(cell) is not None or any(read_numeral(cell, style) is not None for style in STYLES)


def _number(text: str, style: Style) -> Numeral | None:
    match = NUMBER.fullmatch(text)
    if match is None:
        return None
    whole, group, rest = match["whole"], match["group"] or "", match["rest"] or ""
    written: set[Written] = set()
    if group:
        if group in DECIMAL_SIGNS and group != style.thousands:
            if group != style.decimal or rest or whole.count(group) > 1:
                return None
            whole, _, rest = whole.partition(group)
            rest = group + rest
        elif whole.startswith("0"):
            return None  # 0.123 has no thousands
        else:
            whole = whole.replace(group, "")
            written.add(Written.THOUSANDS)
    if (rest and rest[0] != style.decimal) or not (whole or len(rest) > 1):
        return None
    if match["bare"] and not rest:
        return None  # 2024-01 is no number
    if match["bare"]:
        written.add(Written.NO_LETTER)
    if (match["letter"] or "e") not in "eE":
        written.add(Written.LETTER_D)
    power = match["power"] or match["bare"] or "0"
    mantissa = f"{match['sign']}{whole or '0'}{'.' + rest[1:] if rest else ''}"
    return Numeral(mantissa if power == "0" else f"{mantissa}e{power}", "", frozenset(written))


def scaled(text: str, power: int) -> str:
    """A number as text, times ten to a power, without rounding."""
    mantissa, _, exponent = text.partition("e")
    total = int(exponent or 0) + power
    return f"{mantissa}e{total}" if total else mantissa


def _percent(text: str, style: Style) -> Numeral | None:
    number = _number(text[:-1].rstrip(), style) if text.endswith("%") else None
    return number and number._replace(text=scaled(number.text, -2), written=number.written | {Written.PERCENT})


def _money(text: str, style: Style) -> Numeral | None:
    match = MONEY.fullmatch(text)
    if match is None or bool(match["before"]) == bool(match["after"]) or bool(match["open"]) != bool(match["close"]):
        return None
    number = _number(match["number"].strip(), style)
    signs = (match["sign"], "-" if match["open"] else "", "-" if number and number.text.startswith("-") else "")
    if number is None or sum(map(bool, signs)) > 1:
        return None
    negative = "-" in signs and not number.text.startswith("-")
    text = "-" + number.text.lstrip("+") if negative else number.text
    return number._replace(
        text=text, written=number.written | {Written.CURRENCY}, currency=match["before"] or match["after"]
    )


def _beside(text: str, style: Style) -> Numeral | None:
    match = BESIDE.fullmatch(text)
    if match is None or (match["power"] and not text.startswith("(")):
        return None
    value, error = _number(match["value"], style), _number(match["error"], style)
    if value is None or error is None:
        return None
    power = int((match["power"] or "e0")[1:])
    written = value.written | error.written | {Written.ERROR}
    return Numeral(scaled(value.text, power), scaled(error.text, power), written)


def _in_last_digits(text: str, style: Style) -> Numeral | None:
    match = IN_LAST_DIGITS.fullmatch(text)
    value = _number(match["value"], style) if match else None
    if match is None or value is None or "e" in value.text:
        return None
    power = int((match["power"] or "e0")[1:])
    if set(DECIMAL_SIGNS) & set(match["error"]):
        error = _number(match["error"], style)
        if error is None:
            return None
        last = 0
    else:
        error, last = Numeral(match["error"]), -len(value.text.partition(".")[2])
    written = value.written | {Written.ERROR}
    return Numeral(scaled(value.text, power), scaled(error.text, power + last), written)


def _before_comment(text: str, style: Style) -> Numeral | None:
    match = TRAILING_COMMENT.fullmatch(text)
    number = _number(match["number"], style) if match else None
    return number and number._replace(written=number.written | {Written.COMMENT})


class Marks(NamedTuple):
    """What cells tell about the decimal sign and the thousands separator of their table.

    points, commas: whether there is a cell in which this can only be the decimal sign. point_groups, comma_groups:
    the same for thousands separators. bare_exponents: whether there is one with a plus, and one digit before the point.
    """

    points: bool = False
    commas: bool = False
    point_groups: bool = False
    comma_groups: bool = False
    bare_exponents: bool = False

    def __or__(self, other: tuple[object, ...]) -> Marks:
        return Marks(*(bool(a or b) for a, b in zip(self, other)))


BARE_EXPONENT = re.compile(r"[-+\u2212]?\d?[.,]\d+[-+]\d{1,3}", re.ASCII)
NUMBER_PART = re.compile(r"\d(?:[\d.,]*\d)?|[.,]\d+", re.ASCII)
GROUPS = {sign: re.compile(rf"[1-9]\d{{0,2}}({re.escape(sign)}\d{{3}})+", re.ASCII) for sign in DECIMAL_SIGNS}


def marks_of(cells: Iterable[str]) -> Marks:
    """What cells that hold numbers tell together."""
    points = commas = point_groups = comma_groups = bare_exponents = False
    for cell in cells:
        bare_exponents = bare_exponents or ("+" in cell[1:] and BARE_EXPONENT.fullmatch(cell) is not None)
        for part in NUMBER_PART.findall(cell):
            first, last = _outer_signs(part)
            if not first:
                continue
            if first != last:  # 1.234,5
                points, commas = points or last == ".", commas or last == ","
                point_groups, comma_groups = point_groups or first == ".", comma_groups or first == ","
            elif part.count(first) > 1:  # 1.234.567
                if GROUPS[first].fullmatch(part):
                    point_groups, comma_groups = point_groups or first == ".", comma_groups or first == ","
            elif not GROUPS[first].fullmatch(part):  # 0.5, and no 1.234
                points, commas = points or first == ".", commas or first == ","
    return Marks(points, commas, point_groups, comma_groups, bare_exponents)


def _outer_signs(part: str) -> tuple[str, str]:
    """The first and the last decimal or thousands sign in a number, "" for none."""
    signs = [letter for letter in part if letter in DECIMAL_SIGNS]
    return (signs[0], signs[-1]) if signs else ("", "")


def style_of(marks: Marks, given: Style) -> Style:
    """The style that the cells of a table leave. given: what the user says, or the default."""
    if given.thousands in DECIMAL_SIGNS:
        return Style("," if given.thousands == "." else ".", given.thousands, marks.bare_exponents)
    decimal = given.decimal
    if decimal == "." and not marks.points and not marks.comma_groups and (marks.commas or marks.point_groups):
        decimal = ","
    groups, against = (marks.comma_groups, marks.commas) if decimal == "." else (marks.point_groups, marks.points)
    other = "," if decimal == "." else "."
    return Style(decimal, given.thousands or (other if groups and not against else ""), marks.bare_exponents)
