"""Type aliases for numpy arrays, named by what they hold; their shapes are stated in docstrings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
