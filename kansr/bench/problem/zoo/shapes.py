"""The ways in which groups of inputs become a law: each a row of SHAPES, with how often laws have it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kansr.bench.problem.zoo.draft import Draft, Implausible
from kansr.bench.problem.zoo.frequencies import TERMS, choice
from kansr.bench.problem.zoo.functions import function_of_group

AGAIN = 0.55  # the share of products that also have an input which another part of the law has
SHARE = (0.25, 2.0)  # size of a term over that of the first
SMALL_TERM, SMALL = 0.04, (2e-3, 2e-2)  # the share of sums with a term that is drawn small, and its size
MINUS = 0.4  # the share of terms with a minus
OFFSET = 0.05  # the share of laws of one term that have a constant beside it
OF_FUNCTIONS = 0.45  # the share of terms that hold a function


@dataclass(frozen=True)
class Shape:
    """A way to make a law. weight: of 100 laws with enough inputs; least: inputs that it takes; draw: its text, and the
    family that it is of."""

    family: str
    weight: float
    least: int
    draw: Callable[[Draft, int], tuple[str, str]]


def product(draft: Draft, count: int) -> str:
    """A power product of new inputs with a constant, which may have an input of another part too; "1" for none."""
    text = draft.factor()
    if count:
        text += "*" + draft.group(count)
    if draft.inputs and draft.chance(AGAIN if count else 2 * AGAIN):
        name = draft.again()
        if draft.inputs[name].low > 0:
            draft.take([name])
            text += f"*{name}" if draft.chance(0.6) else f"/{name}"
    return text


def balanced(draft: Draft, first: str, text: str, share: tuple[float, float] = SHARE) -> str:
    """A term, scaled to a share of the first one's size."""
    size = float(np.sqrt(np.mean(np.square(draft.value(first)))))
    return draft.sized(text, size * share[0] * (share[1] / share[0]) ** draft.rng.random(), 0.7)


def joined(draft: Draft, terms: list[str], *, minus: float = MINUS) -> str:
    """The sum of terms, the later ones with a minus in a share of the cases."""
    signs = ["", *(" - " if draft.chance(minus) else " + " for _ in terms[1:])]
    return "(" + "".join(f"{sign}{term}" for sign, term in zip(signs, terms)) + ")"


def power_product(draft: Draft, count: int) -> tuple[str, str]:
    return "product", f"{draft.factor()}*{draft.group(count, signed=draft.chance(0.3))}"


def unlike_terms(draft: Draft, count: int) -> tuple[str, str]:
    """A sum of terms that differ in kind, perhaps times a product."""
    terms = min(choice(draft.rng, TERMS), count + 1)
    before = 1 if count > terms and draft.chance(0.25) else 0
    texts: list[str] = []
    small = int(draft.rng.integers(1, terms)) if draft.chance(SMALL_TERM) else 0
    for number, part in enumerate(draft.split(count - before, terms)):
        text = term(draft, part)
        texts.append(balanced(draft, texts[0], text, SMALL if number == small else SHARE) if texts else text)
    total = joined(draft, texts)
    return "sum", f"{draft.group(1)}*{total}" if before else total


def term(draft: Draft, count: int) -> str:
    """A term of a sum: a power product, or one with a function of a group."""
    if draft.chance(OF_FUNCTIONS):
        inside = max(count - 1, 1) if draft.chance(0.6) else count
        inside = min(inside, count)
        _, text = function_of_group(draft, inside)
        return f"{draft.group(count - inside)}*{text}" if count > inside else text
    return draft.group(count, signed=draft.chance(0.4))


def one_function(draft: Draft, count: int) -> tuple[str, str]:
    """A power product times a function of a group, which is what most laws with a function are."""
    inside = int(draft.rng.integers(1, min(count, 4) + 1))
    family, text = function_of_group(draft, inside)
    return family, f"{product(draft, count - inside)}*{text}"


def two_functions(draft: Draft, count: int) -> tuple[str, str]:
    """A product of two functions of groups, perhaps times a power product: a damped wave."""
    one, two, before = draft.split(count, 3) if count > 2 else (*draft.split(count, 2), 0)
    family, text = function_of_group(draft, max(one, 1) if not draft.inputs else one)
    _, other = function_of_group(draft, two)
    return family, f"{product(draft, before)}*{text}*{other}"


def function_of_sum(draft: Draft, count: int) -> tuple[str, str]:
    """A product times a function of a sum of two unlike terms."""
    before = int(draft.rng.integers(0, count - 1))
    one, two = draft.split(count - before, 2)
    first = draft.sized(draft.group(one), float(draft.rng.uniform(0.6, 2.5)))
    total = joined(draft, [first, balanced(draft, first, draft.group(two))])
    outer = str(draft.rng.choice(["exp(-{})", "sin{}", "cos{}", "log(1 + {})", "tanh{}", "1/(1 + {})", "exp{}"]))
    return "composed", f"{product(draft, before)}*{outer.format(total)}"


def ratio(draft: Draft, count: int) -> tuple[str, str]:
    """A product over a sum, or a ratio of two sums that may have terms in common."""
    style = str(draft.rng.choice(["over", "over", "parallel", "mean", "sums"]))
    if style == "over":
        before, one, two = draft.split(count, 3)
        first = draft.group(max(one, 1))
        below = joined(draft, [first, balanced(draft, first, draft.group(two))], minus=0.25)
        return "ratio", f"{product(draft, before)}/{below}"
    first = draft.group(1)
    second = balanced(draft, first, draft.group(1))
    rest = count - 2
    if style == "parallel":
        below = joined(draft, [first, second], minus=0.2)
        return "ratio", f"{product(draft, rest)}*{first}*{second}/{below}"
    if style == "mean" and rest >= 2:
        one, two = draft.split(rest, 2)
        left = f"{first}*{draft.group(one)}"
        right = balanced(draft, left, f"{second}*{draft.group(two)}")
        return "ratio", f"{joined(draft, [left, right])}/{joined(draft, [first, second], minus=0.0)}"
    above = joined(draft, [first, second], minus=0.7)
    third = balanced(draft, first, draft.group(1)) if rest else second
    below = joined(draft, [first, third], minus=0.0)
    return "ratio", f"{product(draft, max(rest - 1, 0))}*{above}/{below}"


def root_of_squares(draft: Draft, count: int) -> tuple[str, str]:
    """A root of a sum of squares: a distance, an impedance, a length of a sum of vectors."""
    before = int(draft.rng.integers(0, count - 1))
    terms = 3 if count - before >= 3 and draft.chance(0.3) else 2
    parts = draft.split(count - before, terms)
    first = draft.group(parts[0], signed=True)
    texts = [first, *(balanced(draft, first, draft.group(part, signed=True)) for part in parts[1:])]
    squares = [f"({text})**2" for text in texts]
    outer = str(draft.rng.choice(["sqrt{}", "sqrt{}", "sqrt{}", "1/sqrt{}", "1/{}"]))
    total = joined(draft, squares, minus=0.1)
    if terms == 2 and draft.chance(0.2):
        angle = draft.bounded(0.0, 3.1)
        total = f"({squares[0]} + {squares[1]} - 2*({texts[0]})*({texts[1]})*cos({angle}))"
    return "root", f"{product(draft, before)}*{outer.format(total)}"


def variable_exponent(draft: Draft, count: int) -> tuple[str, str]:
    """A power whose exponent is an input."""
    before = int(draft.rng.integers(0, count - 1))
    exponent = draft.bounded(0.3, 3.0)
    base = draft.sized(draft.group(max(count - before - 1, 1)), float(draft.rng.uniform(0.8, 4.0)))
    kind = str(draft.rng.choice(["({0})**{1}", "({0})**{1}", "(1 + {0})**{1}", "1/(1 + ({0})**{1})", "({0})**(-{1})"]))
    if draft.chance(0.15):
        kind = "(1 - ({0})**{1})" if draft.chance(0.5) else "exp(-({0})**{1})"
    return "exponent", f"{product(draft, before)}*{kind.format(base, exponent)}"


def polynomial(draft: Draft, count: int) -> tuple[str, str]:
    """A short polynomial in few inputs."""
    names = [draft.input(real=draft.chance(0.5)) for _ in range(count)]
    draft.take([*names, *names])  # twice: they are not to be scaled, since several terms have them
    terms = int(draft.rng.integers(2, 5))
    texts: list[str] = []
    for number in range(max(terms, count)):
        name = names[number % count]
        other = str(draft.rng.choice(np.array(names)))
        text = f"{name}**{int(draft.rng.integers(1, 5))}"
        text += f"*{other}" if other != name and draft.chance(0.4) else ""
        texts.append(balanced(draft, texts[0], text) if texts else text)
    return "polynomial", joined(draft, texts)


SHAPES = (
    Shape("product", 20, 2, power_product),
    Shape("sum", 14, 1, unlike_terms),
    Shape("function", 26, 1, one_function),
    Shape("two functions", 10, 1, two_functions),
    Shape("composed", 6, 2, function_of_sum),
    Shape("ratio", 12, 2, ratio),
    Shape("root", 6, 2, root_of_squares),
    Shape("exponent", 7, 2, variable_exponent),
    Shape("polynomial", 4, 1, polynomial),
)


def shaped(draft: Draft, count: int) -> tuple[str, str]:
    """The family and the text of a law of `count` inputs. Raises Implausible where it comes to nothing."""
    rows = {row: row.weight for row in SHAPES if row.least <= count and (row.family != "polynomial" or count <= 3)}
    family, text = choice(draft.rng, rows).draw(draft, count)
    if family not in ("sum", "polynomial") and draft.chance(OFFSET):
        size = float(np.std(draft.value(text)))
        if not size > 0:
            raise Implausible(text)
        offset = draft.constant(size * float(draft.rng.uniform(0.3, 3.0)))
        text = f"{offset}{' - ' if draft.chance(MINUS) else ' + '}{text}"
    return family, text
