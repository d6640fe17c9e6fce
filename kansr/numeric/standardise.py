"""Columns made comparable: logarithms where values are skewed, then mean 0 and standard deviation 1."""

from __future__ import annotations

import numpy as np

from kansr.numeric.arrays import Array


def skewed(X: Array) -> list[bool]:
    """Which inputs are spread more evenly on a log scale."""
    flags = []
    for x in X.T:
        flags.append(False)
        if x.min() > 0:
            low, middle, high = np.quantile(x, [0.02, 0.5, 0.98])
            plain = abs(np.log((high - middle) / max(middle - low, 1e-300) + 1e-300))
            logs = abs(np.log(np.log(high / middle) / max(np.log(middle / low), 1e-300) + 1e-300))
            flags[-1] = bool(logs < 0.8 * plain)
    return flags


def standard(X: Array, logs: Array) -> tuple[Array, Array]:
    """The inputs, in logarithms where asked for, with mean 0 and spread 1, and what they were divided by."""
    W = np.where(logs, np.log(np.where(logs, X, 1.0)), X)
    spread = W.std(0) + 1e-300
    return (W - W.mean(0)) / spread, spread
