"""`kansr.field`: the partial differential equation of a field on a grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from kansr.api.discovery import Discovery
from kansr.pipeline.fields.read import read_field
from kansr.pipeline.fields.run import axes_of, equation_here


def field(
    source: str | Path | Mapping[str, object],
    *,
    time: str = "t",
    space: str | Sequence[str] = "x",
    target: str = "u",
    time_limit: float = 60.0,
    seed: int = 0,
) -> Discovery:
    """The equation u_t = f(u, u_x, u_xx, …) of a field on an even grid.

    source: an npz file, or arrays by name: `time` (n_t,), each axis of `space` (n_x,), and `target` (n_t, n_x) or
    (n_t, n_x, n_y), in any units. space: one name or two, as a list or with a comma. `best.expr` of what comes back is
    the right-hand side; its r² is that of the weak form, means of u_t over test functions. time_limit: seconds.

    Raises DataError or UsageError, which say what to do.
    """
    read, notes = read_field(source, time, axes_of(space), target)
    return Discovery.of(equation_here(read, time_limit, seed, notes))
