"""Time series of known systems."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.integrate import solve_ivp

from kansr.numeric.arrays import Array
from kansr.pipeline.systems.series import Run, Series

PREY = (lambda t, z: [z[0] - 0.5 * z[0] * z[1], 0.3 * z[0] * z[1] - 0.8 * z[1]], ("prey", "predator"))


def solution(rate: Callable[..., Sequence[float]], start: Sequence[float], t: Array, noise: float = 0.0) -> Array:
    """(n, states), with noise in proportion to each state."""
    exact = solve_ivp(rate, (t[0], t[-1]), start, t_eval=t, rtol=1e-9, atol=1e-11).y.T
    return np.asarray(exact * (1 + noise * np.random.default_rng(3).standard_normal(exact.shape)))


def predators(noise: float = 0.0, rows: int = 150) -> Series:
    """Two runs of Lotka and Volterra's equations."""
    rate, names = PREY
    t = np.linspace(0, 12, rows)
    runs = [Run(str(k), t, solution(rate, start, t, noise)) for k, start in enumerate([(2, 1), (1, 3)])]
    return Series("t", names, tuple(runs))


def frame_of(series: Series) -> pd.DataFrame:
    """The table of a series, with a column for the run."""
    parts = [
        pd.DataFrame({"t": run.t, **dict(zip(series.states, run.x.T)), "trial": float(run.label)})
        for run in series.runs
    ]
    return pd.concat(parts, ignore_index=True)
