"""The steps of a derivation, and what a search tries, in words that need no knowledge of the code."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import sympy

from kansr.errors import FormulaError
from kansr.expression.parse import parse
from kansr.expression.render import readable
from kansr.result.derivation import Finder, Step

TARGET = sympy.Symbol("target")  # what the text of a step calls the target of the state before it
DIGITS = 3  # of numbers in steps: the law has the others
WITHOUT, BY, BESIDE, UNITS, LOCAL = "without ", " by ", " beside ", "in units of ", "local search: "
TIDIED = "constants fitted, formula simplified"

# What a solver gives, by its name in a derivation.
KINDS: Mapping[str, str] = {
    "constant": "a constant",
    "mean": "the mean",
    "line": "a straight line",
    "power law": "a power law",
    "product of functions": "a product of functions of single inputs",
    "relation": "a ratio of polynomials, perhaps under a root or a logarithm",
    "sum of curves": "a sum of curves, one of each input",
    "product of curves": "a product of curves, one of each input",
    "sum of atoms": "a sum of short expressions",
    "root of a quadratic": "a root of a quadratic equation",
    "one function": "one function of a short expression",
    "one function of a sum": "one function of a weighted sum of the inputs",
    "polynomial": "a polynomial of few terms",
    "rational": "a ratio of polynomials of few terms",
    "sum of two exponentials or powers": "a sum of two exponentials or powers",
    "sum of exponentials": "a sum of exponentials",
    "function of one input": "a function of one input",
    "half powers": "a function of the root of the input",
    "waves": "a sum of waves",
    "sum of waves": "a sum of waves",
    "scaling function": "a power law times a function of another power product",
    "parametric curve": "a curve with few constants (a decay, a logistic function …)",
    "product of curves beside a curve": "a curve of one input, plus another curve of it times a function of the other",
    "guess": "a formula that was given to begin with",
}
# What found the structure of a formula, after "found by".
FINDERS: Mapping[Finder, str] = {
    Finder.KAN: "a Kolmogorov–Arnold network",
    Finder.REDUCTIONS: "reductions",
    Finder.SPARSE_MODEL: "a sparse functional ANOVA, a sum of few terms",
    Finder.CURVES: "curves by least squares",
    Finder.LOCAL_SEARCH: "a local search among formulas",
    Finder.TERMINALS: "a solver for the whole table",
    Finder.REFINER: "a refiner",
    Finder.GIVEN: "the user",
    Finder.GROUPS: "a search for groups",
    Finder.EQUATIONS: "a sparse regression of differential equations",
    Finder.BASELINE: "the baseline (the mean or a straight line)",
}
CURVES = re.compile(r"A \+ B·g\b.*")
NETWORK = re.compile(r"kan (\[.*\])")
WHOLE: Mapping[str, str] = {  # steps that are no solver's
    TIDIED: "fit all constants together, and simplify",
    "sparse sum of curves and pairs": "a sum of few curves and products is read off the table",
    "operon": "Operon, a genetic search, goes on from what was found",
    "pysr": "PySR, a genetic search, goes on from what was found",
    "terms named, fitted together, dropped and exchanged": "its terms become functions, and terms that do not help go",
}
TRIALS: Mapping[str, str] = {  # what is tried, where its name alone says too little
    "mean and line": "the mean and a straight line",
    "guesses": "the formulas given",
    "one input": "functions of one input",
    "sums of atoms": "sums of short expressions",
    "sparse sum": "sums of few curves and products",
    "sparse sum after reductions": "sums of few curves and products",
    "reductions": "ways to make the problem simpler",
    "further reductions": "more ways to make the problem simpler",
    "local search": "changes to parts of the formulas so far",
}


def trial(name: str) -> str:
    """What is being tried, by the name of an attempt."""
    bare = re.sub(r" (in noise|of few rows)$", "", name)
    return TRIALS.get(name) or _kind(bare) or name


def worded(path: Sequence[Step], names: Collection[str]) -> list[str]:
    """Each step of a derivation in words, its numbers rounded. names: of the inputs and of constants with names."""
    return [_words(step.what, names, first=not number) for number, step in enumerate(path)]


def _words(what: str, names: Collection[str], first: bool) -> str:
    if what in WHOLE:
        return WHOLE[what]
    if what.startswith(LOCAL):
        return "change parts of the formulas met so far, and keep what describes the rows in the fewest bits"
    if what.startswith(UNITS):
        return f"divide the target by {what.removeprefix(UNITS)}, which has the same unit"
    kind = _kind(what)
    if kind:
        return f"it is {kind}" if first else f"what is left is {kind}"
    return _reduction(what, names) or _formulas_rounded(what)


def _kind(what: str) -> str:
    if what in KINDS:
        return KINDS[what]
    network = NETWORK.fullmatch(what)
    if network:
        return f"the formula of a Kolmogorov–Arnold network with layers {network[1]}"
    return KINDS["product of curves beside a curve"] if CURVES.fullmatch(what) else ""


def _reduction(what: str, names: Collection[str]) -> str:
    """A reduction in words; "" for a text that is none."""
    known = {*names, str(TARGET)}
    by, beside = what.partition(BY), what.partition(BESIDE)
    try:
        if by[1]:
            done, variable = _of_the_target(_read(by[0], known)), _read(by[2], known)
            return f"{_joined(done)}what is left depends on {_shown(variable)} alone"
        if beside[1]:
            return f"it depends on {_shown(_read(beside[0], known))} and {_shown(_read(beside[2], known))} alone"
        return _parts(_split(what), known)
    except FormulaError:
        return ""


def _parts(parts: Sequence[str], known: Collection[str]) -> str:
    """What is done to the target, what the inputs are put together to, and which of them do not matter."""
    gone = [part.removeprefix(WITHOUT) for part in parts if part.startswith(WITHOUT)]
    formulas = [_read(part, known) for part in parts if not part.startswith(WITHOUT)]
    done = [word for expr in formulas if TARGET in expr.free_symbols for word in _of_the_target(expr)]
    merged = [expr for expr in formulas if TARGET not in expr.free_symbols and not expr.is_Symbol]
    used = {str(symbol) for expr in formulas for symbol in expr.free_symbols}
    irrelevant = [name for name in gone if name not in used]
    said = [" and ".join(done)] if done else []
    if merged:
        names = sorted({str(symbol) for expr in merged for symbol in expr.free_symbols})
        matter = "matters" if len(names) == 1 else "matter"
        said.append(f"{_listed(names)} {matter} only as {_listed([*map(_shown, merged)])}")
    if irrelevant:
        said.append(f"{_listed(irrelevant)} {'does' if len(irrelevant) == 1 else 'do'} not matter")
    return "; ".join(said)


def _of_the_target(expr: sympy.Expr) -> list[str]:
    """What makes `expr` of the target, in order: a function, a term taken off, a factor divided by.

    Raises FormulaError where it is made in another way.
    """
    u = sympy.Dummy()
    powers = [p for p in expr.atoms(sympy.Pow) if p.base == TARGET]
    for inner in (sympy.log(TARGET), sympy.log(-TARGET), *powers, TARGET):
        changed = expr.xreplace({inner: u})
        if u not in changed.free_symbols or TARGET in changed.free_symbols:
            continue
        factor = sympy.diff(changed, u)
        if u in factor.free_symbols:
            continue
        offset = sympy.expand(changed.subs(u, 0) / factor)
        return [*_function(inner), *_term(offset), *_factor(sympy.simplify(factor))]
    raise FormulaError(f"{expr} is not linear in a function of the target")


def _function(inner: sympy.Expr) -> list[str]:
    if inner.is_Pow:
        return [f"raise it to the power {_shown(inner.exp)}" if inner.exp != -1 else "take its reciprocal"]
    return (
        []
        if inner == TARGET
        else ["take its logarithm" if inner == sympy.log(TARGET) else "take the logarithm of its absolute value"]
    )


def _term(offset: sympy.Expr) -> list[str]:
    if offset == 0:
        return []
    return [f"subtract {_shown(-offset)}" if offset.could_extract_minus_sign() else f"add {_shown(offset)}"]


def _factor(factor: sympy.Expr) -> list[str]:
    if factor == 1:
        return []
    if factor == -1:
        return ["change its sign"]
    above, below = sympy.fraction(factor)
    return [f"multiply by {_shown(factor)}" if below == 1 else f"divide by {_shown(1 / factor)}"]


def _joined(done: Sequence[str]) -> str:
    return f"{' and '.join(done)}; " if done else ""


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _shown(expr: sympy.Expr) -> str:
    return readable(expr, DIGITS)


def _read(text: str, known: Collection[str]) -> sympy.Expr:
    """A formula as sympy prints it."""
    return parse(text.replace("Abs(", "abs("), names=known)


def _split(text: str) -> list[str]:
    """The parts of a list, at commas that are in no parentheses."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _formulas_rounded(what: str) -> str:
    """A text as it is, with its decimal numbers rounded."""
    return re.sub(r"(?<![\w.])\d+\.\d+(?:e[+-]?\d+)?", lambda number: f"{float(number[0]):.{DIGITS}g}", what)
