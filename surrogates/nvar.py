"""Next-generation reservoir: no reservoir, but what it would compute, products of delayed inputs."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..datasets.tasks import Trajectories
from ..solvers.methods.lane_exponential import run_multistep
from ..solvers.methods.lane_layout import why_not
from ..solvers.methods.lane_tables import MultistepTables
from .forecaster import Forecaster
from .mode_regression import ModeRegression
from .multistep_sensitivity import resampled
from .surrogate import SurrogateError, TrainingRecord

__all__ = ["NVAR"]

logger = logging.getLogger(__name__)
Array = NDArray[np.float64]


class NVAR(Forecaster):
    """Nonlinear vector autoregression, equivariant under translation, of one field on a periodic line.

    The transform of u one interval on is, wavenumber by wavenumber, a weighted sum of the transforms of u and
    of u^2 at the present and at earlier times; the weights are found by least squares. So it learns an
    exponential multistep scheme from data, and runs in the kernel of those schemes: one pair of transforms a
    step.

    Grey box: it assumes that the nonlinearity is quadratic and the dynamics the same everywhere, and is told
    nothing else of the equation. When it fails: wrong weights amplify small errors, mostly where the
    wavenumber is high. The fit therefore assumes noise on what it looks back on. Too little makes forecasts
    unstable, too much inaccurate, each by many Lyapunov times; so several strengths are tried, and the one
    with the best forecasts on the validation trajectories is kept. Those should be as long as the forecasts
    that are wanted. Noise in the data, or values stored in float32, limit it to what a forecast in single
    precision could do.

    Takes frames (1, points) and needs `history_frames` of them.

    Reference: Gauthier, Bollt, Griffith & Barbosa, Nat. Commun. 12 (2021), doi:10.1038/s41467-021-25801-2.
    """

    @dataclass(frozen=True)
    class Settings:
        """Which terms, and what noise is assumed.

        Attributes:
            points: of the grid that is computed on, even; 0 for the frames' own. 1, 3 or 5 times 8, 16, 32,
                ... points, from 16 to 4096, are compiled.
            squares: times at which u^2 is looked at.
            delays: times at which u is looked at.
            noise: strengths to try, relative to the standard deviation of u.
            reflection: take u(x) -> -u(-x) as a symmetry.
            forced: allow a steady forcing, different at each point.
            frames: at most so many training examples, evenly from all trajectories; 0 for all.
        """

        points: int = 0
        squares: int = 8
        delays: int = 2
        noise: tuple[float, ...] = (1e-8, 2e-8, 4e-8, 8e-8, 1.6e-7, 3.2e-7, 6.4e-7, 1.3e-6, 5e-6, 2e-5, 1e-4)
        reflection: bool = True
        forced: bool = False
        frames: int = 40_000

        def __post_init__(self) -> None:
            if self.squares < 1 or self.delays < 1:
                raise SurrogateError(
                    f"NVAR needs at least one delay and one square, got {self.delays} and {self.squares}"
                )
            if not self.noise or min(self.noise) < 0:
                raise SurrogateError(f"noise must be a list of numbers of at least 0, got {self.noise}")
            if self.points % 2 or self.points < 0:
                raise SurrogateError(f"points must be even, or 0 for the frames' own, got {self.points}")

    settings: Settings

    def __init__(
        self, settings: Any = None, *, device: str | torch.device = "cpu", dtype: torch.dtype = torch.float64
    ) -> None:
        super().__init__(settings, device=device, dtype=dtype)
        if self.device.type != "cpu":
            raise SurrogateError("NVAR runs on compiled CPU kernels; use device cpu")
        self.tables: MultistepTables | None = None
        """The learned weights."""

    @property
    def history_frames(self) -> int:
        """See `Forecaster`."""
        return max(self.settings.delays, self.settings.squares)

    # learning ------------------------------------------------------------------------------------

    def fit(
        self,
        examples: Trajectories,
        validation: Trajectories,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """See `Forecaster`. Closed form: nothing is random, and there is nothing to resume."""
        begin = time.perf_counter()
        self.refuse_other_than_periodic(examples)
        s, past = self.settings, self.history_frames
        self.interval, self.frame_shape = examples.interval, tuple(examples.frame_shape)
        regression = ModeRegression(
            self._points(), delays=s.delays, squares=s.squares, reflection=s.reflection, forced=s.forced
        )
        share = examples.frames
        if s.frames:
            share = min(share, past + -(-s.frames // len(examples)))
        if share <= past:
            raise SurrogateError(
                f"trajectories of {examples.frames} frames are too short for {past} delays; use fewer"
            )
        square = 0.0
        for trajectory in range(len(examples)):
            frames = resampled(examples.window(trajectory, 0, share)[:, 0], self._points())
            square += float((frames**2).mean()) / len(examples)
            regression.add(frames)
        trials = self._trials(validation)
        candidates = [regression.solve(noise, spread=np.sqrt(square)) for noise in s.noise]
        misfits = [self._misfit(tables, trials) for tables in candidates]
        logger.debug(
            "mean log10 error of validation forecasts by noise: %s", dict(zip(s.noise, misfits, strict=True))
        )
        self.tables = candidates[int(np.argmin(misfits))]
        step = self._run(self.tables, trials[:, :past], 1, 1)[:, 0]
        return TrainingRecord(
            seconds=time.perf_counter() - begin,
            samples=regression.samples,
            epochs=1,
            validation_error=float(np.sqrt(((step - trials[:, past]) ** 2).mean() / (trials**2).mean())),
        )

    def _points(self) -> int:
        assert self.frame_shape is not None
        if len(self.frame_shape) != 2 or self.frame_shape[0] != 1:
            raise SurrogateError(
                f"NVAR takes one field on a line, frames (1, points), got {self.frame_shape}"
            )
        points = self.settings.points or self.frame_shape[1]
        if points > self.frame_shape[1] or points % 2:
            raise SurrogateError(
                f"NVAR computes on an even number of points up to {self.frame_shape[1]}, got {points}"
            )
        return points

    def _trials(self, validation: Trajectories) -> Array:
        """(trajectories, frames, grid) to forecast."""
        if not len(validation) or validation.frames <= self.history_frames:
            raise SurrogateError("NVAR needs validation trajectories to choose the noise it assumes")
        return np.stack([validation[i][:, 0] for i in range(len(validation))])

    def _misfit(self, tables: MultistepTables, trials: Array) -> float:
        """Mean over trials and times of the log10 error of free runs: less is a longer forecast."""
        past = self.history_frames
        with np.errstate(all="ignore"):
            forecast = self._run(tables, trials[:, :past], trials.shape[1] - past, 1)
            error = np.sqrt(((forecast - trials[:, past:]) ** 2).mean(axis=2) / np.mean(trials**2))
        return float(np.log10(np.clip(np.where(np.isfinite(error), error, 1e3), 1e-16, 1e3)).mean())

    # answering -----------------------------------------------------------------------------------

    def warm_up(self, history: torch.Tensor) -> NDArray[Any]:
        """The frames before the present: (batch, history_frames - 1, points)."""
        return self.one_field(history)[:, history.shape[1] - self.history_frames + 1 :]

    def step(self, state: torch.Tensor, memory: NDArray[Any]) -> tuple[torch.Tensor, NDArray[Any]]:
        """See `Forecaster`; `forecast` is far faster."""
        past = np.concatenate([memory, self.one_field(state[:, None])], axis=1)
        return torch.from_numpy(self._run(self._learned(), past, 1, 1)), past[:, 1:]

    def forecast(self, history: torch.Tensor, steps: int, *, every: int = 1) -> torch.Tensor:
        """See `Forecaster`; one compiled run."""
        if history.shape[1] < self.history_frames:
            raise SurrogateError(
                f"NVAR needs {self.history_frames} frames of history, got {history.shape[1]}"
            )
        past = self.one_field(history)[:, history.shape[1] - self.history_frames :]
        return torch.from_numpy(self._run(self._learned(), past, steps // every, every))[:, :, None]

    def _run(self, tables: MultistepTables, history: NDArray[Any], frames: int, every: int) -> NDArray[Any]:
        """(batch, frames, grid) that follow a history (batch, past, grid), in its precision."""
        inner = np.ascontiguousarray(resampled(history, self._points()))
        run = _run_plainly if why_not(self._points()) else run_multistep
        return resampled(run(inner, tables, steps_per_frame=every, frames=frames), history.shape[2])

    def _learned(self) -> MultistepTables:
        if self.tables is None:
            raise SurrogateError("NVAR has learned nothing yet; call `fit` or `load`")
        return self.tables

    # saving --------------------------------------------------------------------------------------

    def tensors(self) -> dict[str, torch.Tensor]:
        """The weights, real and imaginary parts along the last axis."""
        tables = self._learned()
        arrays = {"linear": tables.linear, "nonlinear": tables.nonlinear, "constant": tables.constant}
        return {k: torch.view_as_real(torch.from_numpy(a)) for k, a in arrays.items() if a is not None}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Forecaster`."""
        arrays = {k: torch.view_as_complex(t.cpu().contiguous()).numpy().copy() for k, t in tensors.items()}
        self.tables = MultistepTables(arrays["linear"], arrays["nonlinear"], arrays.get("constant"))

    @property
    def parameters_count(self) -> int:
        """Weights, real and imaginary parts apart, that are not zero by symmetry."""
        return int(sum(t.count_nonzero() for t in self.tensors().values()))


def _run_plainly(
    history: NDArray[Any], tables: MultistepTables, *, steps_per_frame: int, frames: int
) -> NDArray[Any]:
    """`run_multistep` for any even number of points, by NumPy."""
    points = history.shape[2]
    v = [np.fft.rfft(history[:, -1 - i]) / points for i in range(len(tables.linear))]
    s = [np.fft.rfft(history[:, -1 - j] ** 2) / points for j in range(len(tables.nonlinear))]
    constant = 0.0 if tables.constant is None else tables.constant
    out = np.empty((len(history), frames, points), dtype=history.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(frames * steps_per_frame):
            new = constant + sum(w * x for w, x in zip(tables.linear, v, strict=True))
            new = new + sum(w * x for w, x in zip(tables.nonlinear, s, strict=True))
            u = np.fft.irfft(new, n=points) * points
            v, s = [new, *v[:-1]], [np.fft.rfft(u * u) / points, *s[:-1]]
            if (step + 1) % steps_per_frame == 0:
                out[:, step // steps_per_frame] = u
    return out
