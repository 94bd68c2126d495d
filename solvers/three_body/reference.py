"""Truth: the motion of three bodies in words so long that longer ones no longer change it."""

from __future__ import annotations

import math
import time as clock
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries, Solution, Solver, SolverError, Status, check_times
from .motion import Motion
from .system import ThreeBody

__all__ = ["Reference"]
