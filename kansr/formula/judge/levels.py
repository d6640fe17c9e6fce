"""Statistical levels: each named by its test and its false-alarm rate."""

from __future__ import annotations

from scipy.special import ndtri


def normal_quantile(level: float) -> float:
    """The size, in standard errors, that a normal error exceeds with probability `level`, in either direction."""
    return float(ndtri(1 - level / 2))


# z-test of a fitted exponent against a fraction, and of a value against 0: 3 standard errors.
EXPONENT_LEVEL = 2.7e-3

# z-test of one row against a law that the other rows follow: 4 standard errors.
ROW_LEVEL = 6.3e-5

# Scargle's (1982) test of the highest peak of a periodogram against white noise.
PEAK_LEVEL = 1e-12
