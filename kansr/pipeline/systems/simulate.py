"""Solutions of a system by scipy's solvers: an explicit one of order 8, and Radau's implicit one for stiff systems.

LSODA, which finds out for itself where a system is stiff, is not among them: its Fortran code prints warnings.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence

import numpy as np
import sympy
from numpy.typing import ArrayLike
from scipy.integrate import solve_ivp

from kansr.errors import UsageError
from kansr.numeric.arrays import Array
from kansr.pipeline.systems.rates import Equations

RELATIVE, ABSOLUTE = 1e-7, 1e-10  # tolerances of the solvers; the second over the largest size of each start
SECONDS = 10.0  # that a simulation may take
PARTS = 8  # of the times, which are simulated one after another
METHODS = ("DOP853", "Radau")


class TooSlow(Exception):
    """The solver has not come to its end in time."""


def simulate(
    exprs: Sequence[sympy.Expr], names: tuple[str, ...], t: ArrayLike, start: ArrayLike, seconds: float = SECONDS
) -> Array:
    """The states at the times t, (n, states); nan from where no solver gets on in time, or the states run away.

    exprs: the right-hand sides, in the states of these names; t: (n,), the first being that of the start, rising or
    falling; start: (states,). Raises UsageError for other shapes.
    """
    times, first = np.asarray(t, dtype=float), np.asarray(start, dtype=float)
    if times.ndim != 1 or not len(times) or not np.isfinite(times).all():
        raise UsageError("t holds the times of the simulation, finite numbers in one row")
    if first.shape != (len(names),) or not np.isfinite(first).all():
        raise UsageError(f"y0 holds one finite number for each of {', '.join(names)}")
    if np.any(np.diff(times) <= 0) and np.any(np.diff(times) >= 0):
        raise UsageError("t must rise, or fall, from each time to the next")
    best = np.full((len(times), len(names)), np.nan)
    best[0] = first
    if len(times) == 1:
        return best
    equations = Equations.of(exprs, names, fixed=[f for e in exprs for f in e.atoms(sympy.Float)])
    for method in METHODS:
        deadline = time.monotonic() + seconds / len(METHODS)
        found = _solution(equations, times, first, method, deadline)
        if len(found) > int(np.isfinite(best).all(axis=1).sum()):
            best[: len(found)] = found
        if np.isfinite(best).all():
            break
    return best


def _solution(equations: Equations, t: Array, start: Array, method: str, deadline: float) -> Array:
    """The states up to where the solver comes, (rows, states)."""

    def rate(_: float, z: Array) -> Array:
        if time.monotonic() > deadline:
            raise TooSlow
        return equations.rates([*np.reshape(z, (-1, 1))])[:, 0]

    done = [start[None, :]]
    scale = ABSOLUTE * max(float(np.abs(start).max()), ABSOLUTE)
    # in parts, so that what was reached before the time was up is there
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for part in np.array_split(np.arange(1, len(t)), min(PARTS, len(t) - 1)):
                at = np.concatenate([[t[part[0] - 1]], t[part]])
                found = solve_ivp(rate, (at[0], at[-1]), done[-1][-1], method, at[1:], rtol=RELATIVE, atol=scale)
                values = np.asarray(found.y).T
                if not found.success or values.shape != (len(part), len(start)) or not np.isfinite(values).all():
                    break
                done.append(values)
    except (TooSlow, ValueError, np.linalg.LinAlgError):  # of matrices that are not finite
        pass
    return np.concatenate(done)
