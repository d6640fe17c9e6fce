"""Thresholds that several kinds of move share.

A misfit is an angle in radians or a relative rms, as `Move.measure` says; 0 is exact. A comment says what the number is
measured in and why it has its value, with the file in benchmarks/results where there is one. A number without a reason
was chosen while moves were written and never measured alone.
"""

from __future__ import annotations

from kansr.expression.nice_numbers import FACTOR_TOLERANCE

# Misfits
MISFIT_ROUNDING = 1e-6  # misfits below it are equal: the best gradients are off by 6e-7 (results/2026-11-24-networks)
# Misfit of a move that is as good as certain: it may be made together with others, and those that commute with it wait.
CERTAIN = 3e-3
DOUBTFUL = 0.03  # misfit above which a move of an expensive kind is not worth its time

# Comparisons
SIMPLER = 3.0  # times smaller that the misfit of a more complicated move must be, for it to be preferred
ROUNDED = 1.5  # times the misfit with a fitted number, that the misfit with a nice number may be
NEGLIGIBLE = 1e-3  # share of what stands beside it below which a term or a slope counts as none
LEAST_SHARE = FACTOR_TOLERANCE  # share of a relation below which a term of it is not told from none

# Gradient error above which the rows are asked in the place of a surrogate. For power factors it was 0.03 once:
# sqrt(a*e) was found for a + e, and laws of seven inputs took 40 s instead of 2 s (results/2026-11-24-textbook-laws).
POOR_SURROGATE = 0.05

# Rows and inputs
SAMPLE_ROWS = 800  # rows that a move is judged on
FEWEST_ROWS = 100  # rows that a test of independence needs
KNOWN_ROWS = 0.9  # share of the rows on which an angle or a ratio has to be finite
END_ROWS = 0.02  # share of the rows at either end of an input that are left out: surrogates are worst there
WEAK_GRADIENT = 0.05  # share of the typical steepness below which the direction of a gradient is not known
FAR = 3.0  # times the median: weights are at most so large, and rows with more noise are left out
FEWEST_VALUES = 20  # distinct values of an input that a curve is drawn through
FEW_INPUTS = 4  # inputs up to which kinds are asked whose number of candidates grows fastest with the inputs
KEPT = 3  # alternatives of one kind that are kept

# Curves
INTERVALS = 12  # intervals of the spline of a curve that is read off gradients
POINTS = 200  # points of a curve that the library is matched to
