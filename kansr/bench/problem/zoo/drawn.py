"""Law number k of the zoo with a seed: the same whatever else is drawn."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

import numpy as np
import sympy

from kansr.bench.problem.known_law import Problem, Variable
from kansr.bench.problem.zoo.draft import Draft, Implausible
from kansr.bench.problem.zoo.frequencies import (
    INPUTS,
    IRRELEVANT,
    NAMES,
    NOISE,
    RELATIVE,
    ROWS,
    TARGETS,
    choice,
    rounded,
)
from kansr.bench.problem.zoo.plausible import plausible
from kansr.bench.problem.zoo.shapes import shaped
from kansr.expression.parse import parse
from kansr.expression.render import render

ZOO = "zoo"
NAME = re.compile(r"zoo(?P<seed>[1-9]\d{0,8})?")  # of the zoo with a seed; the one without a number has the seed 0
ID = re.compile(NAME.pattern + r"_(?P<number>0|[1-9]\d{0,8})")
TRIES = 1000  # drafts of a law, of which one in three or so is plausible
MOST_DIGITS, MOST_WHOLE = 5, 20  # digits of a decimal, and up to where one without a fraction is a whole number
KEPT = 4096  # laws that a process keeps


def is_zoo(name: str) -> bool:
    """Whether a suite of this name is the zoo, with some seed."""
    return NAME.fullmatch(name) is not None


def zoo_ids(name: str, first: int, last: int) -> tuple[str, ...]:
    """The ids of laws `first` to `last`, both included, of the zoo with this name."""
    return tuple(f"{name}_{number}" for number in range(first, last + 1))


def zoo_law(id: str) -> Problem | None:
    """The law with an id such as zoo_12 or, of the zoo with seed 7, zoo7_12; None for an id of another kind."""
    found = ID.fullmatch(id)
    return drawn_law(int(found["seed"] or 0), int(found["number"])) if found else None


@lru_cache(KEPT)
def drawn_law(seed: int, number: int) -> Problem:
    """Law `number` of the zoo with a seed."""
    rng = np.random.default_rng([seed, number])
    count = choice(rng, INPUTS)  # drawn once, so that laws of many inputs, which fail more often, are not fewer
    for _ in range(TRIES):
        found = _drafted(rng, count)
        if found is not None:
            break
    else:
        raise AssertionError(f"no plausible law in {TRIES} drafts: seed {seed}, number {number}")
    name = f"{ZOO}{seed}" if seed else ZOO
    target = next(t for t in rng.permutation(np.array(TARGETS)) if t not in found.names)
    irrelevant = choice(rng, IRRELEVANT)
    return replace(
        found,
        id=f"{name}_{number}",
        suite=name,
        target=str(target),
        distractors=_irrelevant(rng, found, irrelevant),
        irrelevant=irrelevant,
        rows=choice(rng, ROWS),
        noise=choice(rng, NOISE),
        relative_errors=bool(rng.random() < RELATIVE),
        source=f"drawn with seed {seed}",
    )


def _drafted(rng: np.random.Generator, count: int) -> Problem | None:
    """A law of `count` inputs, or None for a draft that is not plausible."""
    draft = Draft(rng)
    try:
        family, text = shaped(draft, count)
        expr = parse(render(tidy(parse(text))))
    except Implausible:
        return None
    variables = tuple(sorted(draft.inputs.values(), key=lambda v: v.name.lower()))
    if len(variables) != count or not plausible(expr, variables):
        return None
    return Problem("", "", "", render(expr), expr, variables, difficulty=family, title=f"a law of the kind {family}")


def tidy(expr: sympy.Expr) -> sympy.Expr:
    """The expression with decimals as they are written by hand: few digits, and none that are small whole numbers."""
    return expr.xreplace({value: _tidied(float(value)) for value in expr.atoms(sympy.Float)})


def _tidied(value: float) -> sympy.Number:
    short = rounded(value, MOST_DIGITS)
    whole = short == round(short) and abs(short) <= MOST_WHOLE
    return sympy.Integer(round(short)) if whole else sympy.Float(short)


def _irrelevant(rng: np.random.Generator, law: Problem, count: int) -> tuple[Variable, ...]:
    """Columns that a law does not use, which look like its inputs."""
    free = [name for name in NAMES if name not in law.names]
    names = rng.permutation(np.array(free))[:count]
    return tuple(replace(law.variables[int(rng.integers(len(law.variables)))], name=str(name)) for name in names)
