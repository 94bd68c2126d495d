"""Run by a test in a process whose compiler may use nothing wider than 16-byte vectors."""

import platform

import numpy as np
from numba import njit
from plain_integrators import plain_runge_kutta, waves
from understudy.solvers.methods.exponential import cox_matthews
from understudy.solvers.methods.lane_exponential import run_runge_kutta
from understudy.solvers.methods.lane_tables import RungeKuttaTables
from understudy.solvers.methods.lanes import load, store


@njit
def square(a):
    store(a, 0, load(a, 0, 8) * load(a, 0, 8))


a = np.arange(8.0)[None]
square(a)
assert (a == np.arange(8.0) ** 2).all()
if platform.machine() == "x86_64":
    assert "zmm" not in square.inspect_asm(square.signatures[0])

k = np.arange(9) / 3.5
scheme, factor = cox_matthews(k**2 - k**4, 0.1), -0.5j * k * (np.arange(9) < 8)
u = waves(2, 16, seed=1)
wanted = plain_runge_kutta(u, scheme, factor, steps=7)
got = run_runge_kutta(u, RungeKuttaTables.of(scheme, factor), steps_per_frame=7, frames=1, lanes="batch")
assert np.abs(got[:, 0] - wanted).max() < 1e-13
