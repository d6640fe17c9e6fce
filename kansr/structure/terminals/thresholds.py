"""Thresholds that several terminals share: how large a problem they take, and when a formula counts as found.

One that is given without a reason or a file of benchmarks/results was never measured alone.
"""

from __future__ import annotations

# Inputs of closed forms and of enumerations, whose columns grow with a power of it (results/2026-11-24-terminals).
MOST_INPUTS = 4

# Columns of a design matrix of monomials in the inputs: degree 4 above and below a fraction line, in 4 inputs, are 140
# (korns_10, results/2026-11-24-terminals).
MOST_COLUMNS = 145

# The same of matrices that are made in many versions: other functions than the inputs, or iterations.
FEWER_COLUMNS = 70

# Rows of the table for each column of a design matrix, at least.
ROWS_PER_COLUMN = 3

# The same where the fit has to average over noise or over poles.
MANY_ROWS_PER_COLUMN = 20

# Terms of a polynomial in a law.
MOST_TERMS = 16

# Singular value, over the largest, below which columns are linearly dependent: rounding of a few hundred columns.
DEPENDENT = 1e-11

# How many times larger the next singular value is where the dependence is the only one.
GAP = 100.0

# Share of the rows that a law has to meet: near a pole digits are lost.
NEARLY_ALL = 0.9

# Mean of the products of signs where signs agree: 1 where all do, 0 for unrelated ones.
AGREED = 2 * NEARLY_ALL - 1

# Steps of a nonlinear least-squares fit.
MOST_STEPS = 40

# |u| above which exp(u) leaves nothing else to be seen beside it: e^6 is 400.
STEEP = 6.0

# Rows on which thousands of formulas are compared.
SCAN_ROWS = 72

# Rows on which an expensive solver is tried first.
COARSE_ROWS = 600

# Relative rms of such a trial below which the solver is run in full.
PROMISING = 0.1

# Cost of one unit of a transform's complexity, as a share of the error of a formula under it.
PER_COMPLEXITY = 0.1

# Transforms of the target that laws often have.
COMMON_TRANSFORMS = ("y", "log(y)", "1/y", "y^2")

# Share by which the mean squared residual falls in a sweep of alternating least squares that is not the last; with 0.01
# the factors of a table of 25 rows (datasets/leavitt_1912.csv) end elsewhere than with 1e-4 and 1e-6.
SETTLED = 1e-4

# Library functions that a curve is tried with, the best first.
MOST_FITS = 4

# Formulas that a terminal gives of one kind.
MOST_FORMULAS = 6

# Waves of a sum.
MOST_WAVES = 6

# Size of an inner constant below which the step of its difference quotient does not shrink.
LEAST_CONSTANT = 1e-3
