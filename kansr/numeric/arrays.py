"""Arrays as they are handed on: float64 values and masks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


Mask = NDArray[np.bool_]
