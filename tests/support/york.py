"""The data of Pearson (1901) with the weights of York (1966), and the line through them as it is known since."""

from __future__ import annotations

import numpy as np
import pandas as pd

TABLE = pd.DataFrame(
    {
        "x": [0.0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4],
        "error_x": np.array([1000, 1000, 500, 800, 200, 80, 60, 20, 1.8, 1.0]) ** -0.5,
        "error_y": np.array([1, 1.8, 4, 8, 20, 20, 70, 70, 100, 500]) ** -0.5,
        "y": [5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5],
    }
)
# York, Evensen, Martínez and De Basabe Delgado, Am. J. Phys. 72, 367 (2004), to the digits that are printed there and
# confirmed by scipy.odr: intercept and slope, their standard errors by the stated errors, and χ².
INTERCEPT, SLOPE = 5.47991022, -0.480533407
INTERCEPT_ERROR, SLOPE_ERROR = 0.29497, 0.057985
CHI_SQUARE = 11.866353
