"""The same ETDRK4 step on the transforms that Python users have: what the compiled kernels are timed against.

Each entry of `PEERS` takes a `Task` and returns a function `steps -> u` that advances the task's initial
values. An entry whose package is not installed raises `ImportError`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import scipy.fft
import torch
from numpy.typing import NDArray

from ..solvers.methods.exponential import RungeKutta, adams_bashforth, cox_matthews
from ..solvers.methods.lane_exponential import run_multistep, run_runge_kutta
from ..solvers.methods.lane_tables import MultistepTables, RungeKuttaTables

__all__ = ["PEERS", "Task", "exponax_runner"]

Array = NDArray[Any]
Advance = Callable[[int], Array]


@dataclass(frozen=True, eq=False)
class Task:
    """Kuramoto-Sivashinsky on [0, length), dealiased as exponax does it.

    `history` (batch, frames, points) ends with the initial values; its frames are `step` apart.
    """

    length: float
    step: float
    history: Array

    @property
    def u(self) -> Array:
        """(batch, points) initial values."""
        return np.ascontiguousarray(self.history[:, -1])

    @property
    def points(self) -> int:
        """Grid points."""
        return int(self.history.shape[2])

    @property
    def linear(self) -> Array:
        """(modes,) growth rates."""
        k = 2 * np.pi / self.length * np.arange(self.points // 2 + 1)
        return np.asarray(k**2 - k**4)

    @property
    def factor(self) -> Array:
        """(modes,) what the transform of u^2 is multiplied by."""
        modes = np.arange(self.points // 2 + 1)
        return np.where(modes <= self.points / 3 - 1, -1j * np.pi / self.length * modes, 0)

    @property
    def scheme(self) -> RungeKutta:
        """ETDRK4."""
        return cox_matthews(self.linear, self.step)


def compiled(task: Task) -> Advance:
    """Ours, double precision."""
    tables = RungeKuttaTables.of(task.scheme, task.factor)
    u = task.u
    return lambda steps: run_runge_kutta(u, tables, steps_per_frame=steps, frames=1)[:, 0]


def compiled_single(task: Task) -> Advance:
    """Ours, single precision."""
    tables = RungeKuttaTables.of(task.scheme, task.factor)
    u = task.u.astype(np.float32)
    return lambda steps: run_runge_kutta(u, tables, steps_per_frame=steps, frames=1)[:, 0]


def compiled_multistep(task: Task) -> Advance:
    """Ours, the exponential Adams-Bashforth scheme of order 4: another scheme, at the same step."""
    tables = MultistepTables.of(adams_bashforth(task.linear, task.step, order=4), task.factor)
    return lambda steps: run_multistep(task.history, tables, steps_per_frame=steps, frames=1)[:, 0]


def exponax(task: Task) -> Advance:
    """exponax on JAX: order 4, all steps in one compiled loop, in Fourier space between the ends."""
    advance = exponax_runner(task.length, task.points, task.step)
    u = task.u
    return lambda steps: advance(u, steps)


def exponax_runner(
    length: float, points: int, step: float, *, dealiasing: float = 2 / 3
) -> Callable[[Array, int], Array]:
    """`(u, steps) -> u` for u (batch, points); `dealiasing` is the share of the modes that it keeps."""
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    import exponax
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    stepper = exponax.stepper.KuramotoSivashinskyConservative(
        1, length, points, step, order=4, dealiasing_fraction=dealiasing
    )
    one = jax.vmap(stepper.step_fourier)

    @jax.jit
    def advance(u: Any, steps: Any) -> Any:
        end = jax.lax.fori_loop(0, steps, lambda _, v: one(v), jnp.fft.rfft(u[:, None, :]))
        return jnp.fft.irfft(end[:, 0], n=points)

    return lambda u, steps: np.asarray(advance(jnp.asarray(u), steps))


def _in_arrays(task: Task, forward: Callable[[Any], Any], inverse: Callable[[Any], Any]) -> Advance:
    """ETDRK4 in array operations, given the transforms."""
    scheme, factor = task.scheme, task.factor
    half, whole = scheme.propagators[0], scheme.propagator
    inner = scheme.stages[0][0] * factor
    first, middle, last = (scheme.weights[i] * factor for i in (0, 1, 3))

    u = task.u

    def advance(steps: int) -> Array:
        v = np.fft.rfft(u)
        for _ in range(steps):
            s1 = forward(inverse(v) ** 2).copy()
            a = half * v
            s2 = forward(inverse(a + inner * s1) ** 2).copy()
            s3 = forward(inverse(a + inner * s2) ** 2).copy()
            c = half * (a + inner * s1) + inner * (2 * s3 - s1)
            s4 = forward(inverse(c) ** 2)
            v = whole * v + first * s1 + middle * (s2 + s3) + last * s4
        return np.asarray(np.fft.irfft(v, n=task.points))

    return advance


def numpy_fft(task: Task) -> Advance:
    """numpy.fft."""
    return _in_arrays(task, np.fft.rfft, lambda v: np.fft.irfft(v, n=task.points))


def scipy_fft(task: Task) -> Advance:
    """scipy.fft."""
    return _in_arrays(task, scipy.fft.rfft, lambda v: scipy.fft.irfft(v, n=task.points))


def pyfftw(task: Task) -> Advance:
    """pyFFTW with measured plans."""
    import pyfftw

    x = pyfftw.empty_aligned(task.u.shape, dtype="float64")
    v = pyfftw.empty_aligned((len(task.u), task.points // 2 + 1), dtype="complex128")
    forward = pyfftw.FFTW(x, v, flags=("FFTW_MEASURE",), threads=1)
    inverse = pyfftw.FFTW(v, x, direction="FFTW_BACKWARD", flags=("FFTW_MEASURE",), threads=1)
    return _in_arrays(task, forward, inverse)


def torch_fft(task: Task) -> Advance:
    """torch.fft on the CPU."""
    scheme = task.scheme
    table = [torch.from_numpy(t) for t in (scheme.propagators[0], scheme.propagator)]
    half, whole = table
    inner = torch.from_numpy(scheme.stages[0][0] * task.factor)
    first, middle, last = (torch.from_numpy(scheme.weights[i] * task.factor) for i in (0, 1, 3))
    points, u = task.points, torch.from_numpy(task.u)

    @torch.no_grad()
    def advance(steps: int) -> Array:
        v = torch.fft.rfft(u)
        for _ in range(steps):
            s1 = torch.fft.rfft(torch.fft.irfft(v, n=points) ** 2)
            a = half * v
            s2 = torch.fft.rfft(torch.fft.irfft(a + inner * s1, n=points) ** 2)
            s3 = torch.fft.rfft(torch.fft.irfft(a + inner * s2, n=points) ** 2)
            c = half * (a + inner * s1) + inner * (2 * s3 - s1)
            s4 = torch.fft.rfft(torch.fft.irfft(c, n=points) ** 2)
            v = whole * v + first * s1 + middle * (s2 + s3) + last * s4
        return np.asarray(torch.fft.irfft(v, n=points))

    return advance


@numba.njit(cache=True, fastmath=True)
def _plain_transform(re: Array, im: Array, turns: Array, reverse: Array, sign: float) -> None:
    """A complex transform along the first axis in plain loops: what numba makes of them by itself."""
    points, batch = re.shape
    for i in range(points):
        j = reverse[i]
        if j > i:
            for b in range(batch):
                re[i, b], re[j, b] = re[j, b], re[i, b]
                im[i, b], im[j, b] = im[j, b], im[i, b]
    half = 1
    while half < points:
        stride = points // (2 * half)
        for start in range(0, points, 2 * half):
            for k in range(half):
                c, s = turns[k * stride, 0], sign * turns[k * stride, 1]
                i, j = start + k, start + k + half
                for b in range(batch):
                    x = re[j, b] * c - im[j, b] * s
                    y = re[j, b] * s + im[j, b] * c
                    re[j, b], im[j, b] = re[i, b] - x, im[i, b] - y
                    re[i, b], im[i, b] = re[i, b] + x, im[i, b] + y
        half *= 2


def numba_loops(task: Task) -> Advance:
    """Plain numba: a radix-2 transform in loops with the batch innermost."""
    points, batch = task.points, len(task.u)
    bits = points.bit_length() - 1
    reverse = np.array([int(f"{i:0{bits}b}"[::-1], 2) for i in range(points)])
    angle = 2 * np.pi * np.arange(points // 2) / points
    turns = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    re, im = np.empty((points, batch)), np.empty((points, batch))

    def forward(u: Array) -> Array:
        re[:], im[:] = u.T, 0
        _plain_transform(re, im, turns, reverse, -1.0)
        return np.ascontiguousarray((re + 1j * im)[: points // 2 + 1].T)

    def inverse(v: Array) -> Array:
        re[: points // 2 + 1], im[: points // 2 + 1] = v.real.T, v.imag.T
        re[points // 2 + 1 :], im[points // 2 + 1 :] = (
            re[points // 2 - 1 : 0 : -1],
            -im[points // 2 - 1 : 0 : -1],
        )
        _plain_transform(re, im, turns, reverse, 1.0)
        return re.T / points

    return _in_arrays(task, forward, inverse)


PEERS: dict[str, Callable[[Task], Advance]] = {
    "compiled ETDRK4": compiled,
    "compiled ETDRK4 float32": compiled_single,
    "compiled ETD-AB4": compiled_multistep,
    "exponax": exponax,
    "numpy": numpy_fft,
    "scipy": scipy_fft,
    "pyFFTW": pyfftw,
    "torch": torch_fft,
    "numba loops": numba_loops,
}
