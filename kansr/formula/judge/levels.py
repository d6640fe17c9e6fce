"""Statistical levels: each named by its test and its false-alarm rate."""

from __future__ import annotations

from scipy.special import ndtri


def normal_quantile(level: float) -> float:
    """The size, in standard errors, that a normal error exceeds with probability `level`, in either direction."""
    return float(-ndtri(level / 2))


# F test for lack of fit among rows with the same inputs (Fisher 1922); never measured alone.
LACK_OF_FIT_LEVEL = 1e-3

# z-test of the correlation of a residual with the mean of its neighbours', for each view of the inputs: 2.97 standard
# errors. tests/formula/test_residual_tests.py: at most 5 of 100 draws of noise are taken for structure.
NEIGHBOUR_LEVEL = 2.98e-3

# χ² test, one-sided, of residuals against stated errors, by its normal limit: 3 standard deviations of χ²; never
# measured alone.
CHI_SQUARE_LEVEL = 1.35e-3

# Normal test of one residual against the noise of the others: 8 standard deviations, less than one false alarm in
# 1e14 rows. Real errors have heavier tails than normal ones; results/2026-11-25-noise-and-outliers.
OUTLIER_LEVEL = 1.244e-15

# Kolmogorov-Smirnov tests of where outliers lie, and a binomial test of how many are neighbours: of all together.
# Below it the outliers are not scattered at random; results/2026-11-25-noise-and-outliers.
SCATTER_LEVEL = 0.02

# z-test of a fitted exponent against a fraction, and of a value against 0: 3 standard errors.
EXPONENT_LEVEL = 2.7e-3

# z-test of one row against a law that the other rows follow: 4 standard errors.
ROW_LEVEL = 6.3e-5

# Scargle's (1982) test of the highest peak of a periodogram against white noise.
PEAK_LEVEL = 1e-12

# z-test of one correlation of an input with the target, of a few dozen for each input: 4.4 standard errors.
INDEPENDENCE_LEVEL = 1e-5
