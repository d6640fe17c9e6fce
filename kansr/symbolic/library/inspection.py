"""Check the claims of a library file about its functions, its domains and derivatives, against their values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kansr.errors import FormulaError
from kansr.symbolic.library.function import Function, by_differences
from kansr.symbolic.library.library_file import LibraryEntry
from kansr.symbolic.library.redundancy import points, redundant, value

DERIVATIVE_TOLERANCE = 1e-4  # of a derivative against central differences, relative to its size
DERIVATIVE_SHARE = 0.9  # of the points at which it must hold: there may be kinks and poles
PERIODIC_REACH = 20.0  # a periodic function is looked at from -PERIODIC_REACH to PERIODIC_REACH
PERIODIC_POINTS = 4001  # in that range
TURNS = 4  # extrema in that range, from which a function is periodic


@dataclass(frozen=True)
class Report:
    """What is known of one function of a file.

    monotone: "rising", "falling" or "no"; slope: "exact" or "by differences"; remarks: what could be better.
    """

    entry: LibraryEntry
    monotone: str
    slope: str
    remarks: tuple[str, ...]


def inspect(entry: LibraryEntry, source: str) -> Report:
    """The report on one function of a file.

    source: the name of the file for messages. Raises FormulaError, with line and column, where a claim is false.
    """
    f, u = entry.function, points(entry.function)
    y = value(f, u)
    odd = np.flatnonzero(~np.isfinite(y))
    if len(odd):
        low, high = f.domain
        claim = f"inside its domain ({low:g}, {high:g})" if "domain" in entry.places else "and no domain is given"
        hint = "; write for instance: domain (0, inf)" if "domain" not in entry.places else ""
        raise _false(entry, source, "domain", f"{f.name} has no value at u = {u[odd[0]]:.4g}, {claim}{hint}")
    if not np.ptp(y) > 0:
        raise _false(entry, source, "formula", f"{f.name} is constant")
    if f.periodic and _turns(f) < TURNS:
        extrema = f"{_turns(f)} extrema over a range of {2 * PERIODIC_REACH:g}"
        raise _false(entry, source, "periodic", f"{f.name} is not periodic: {extrema}")
    if f.derivative is not None and not _derivative_holds(f):
        raise _false(entry, source, "formula", f"the derivative of {f.name} does not agree with differences")
    step = np.diff(y)
    monotone = "rising" if (step >= 0).all() else "falling" if (step <= 0).all() else "no"
    slope = "by differences" if f.derivative is None else "exact"
    return Report(entry, monotone, slope, tuple(_remarks(f)))


def _remarks(f: Function) -> list[str]:
    """Sentences on inner parameters that are free and redundant, or needed and not free."""
    found = []
    for letter, where in (("a", "f(a*u)"), ("b", "f(u + b)")):
        gone = redundant(f, letter)
        if gone and letter in f.free:
            found.append(f"{f.name}: {where} is c*f(u) + d, so {letter} need not be free")
        elif not gone and letter not in f.free:
            found.append(
                f"{f.name}: {letter} is not free, so only {letter} = {'1' if letter == 'a' else '0'} is matched"
            )
    return found


def _turns(f: Function) -> int:
    """The number of extrema in the range that is looked at."""
    low, high = np.maximum(f.domain[0], -PERIODIC_REACH), np.minimum(f.domain[1], PERIODIC_REACH)
    y = value(f, np.linspace(low, high, PERIODIC_POINTS))
    return int(np.sum(np.diff(np.sign(np.diff(y[np.isfinite(y)]))) != 0))


def _derivative_holds(f: Function) -> bool:
    """Whether the derivative agrees with central differences at most points."""
    assert f.derivative is not None
    u = points(f)[2:-2]
    with np.errstate(all="ignore"):
        exact, near = f.derivative(u), by_differences(lambda v: value(f, v))(u)
    both = np.isfinite(exact) & np.isfinite(near)
    size = np.abs(near[both]) + float(np.median(np.abs(near[both]))) if both.any() else np.ones(0)
    close = np.abs(exact - near)[both] <= DERIVATIVE_TOLERANCE * size
    return bool(both.any() and np.mean(close) > DERIVATIVE_SHARE)


def _false(entry: LibraryEntry, source: str, clause: str, message: str) -> FormulaError:
    position = entry.places.get(clause, entry.places["formula"])
    where = f"{source}, line {entry.line}"
    return FormulaError(f"{where}: {message} (at column {position + 1})", entry.text, position)
