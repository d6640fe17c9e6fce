"""Levels of statistical tests: the false-alarm rate of each, and the quantile of the normal distribution for it."""

from __future__ import annotations

from scipy.special import ndtri

# Share of the inputs without influence that one correlation with the target takes for dependent; each input is asked a
# few dozen times.
INDEPENDENCE_FALSE_ALARM = 1e-5
INDEPENDENCE_QUANTILE = float(-ndtri(INDEPENDENCE_FALSE_ALARM / 2))

# Share of the estimates that lie farther from the true number than the quantile says, in standard errors.
ESTIMATE_FALSE_ALARM = 0.003
ESTIMATE_QUANTILE = float(-ndtri(ESTIMATE_FALSE_ALARM / 2))
