"""An exponential multistep scheme whose weights are learned so that *forecasts*, not steps, are accurate."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from ..datasets.tasks import Trajectories
from ..solvers.methods.exponential import adams_bashforth, adams_bashforth_moulton
from ..solvers.methods.lane_layout import why_not
from .forecaster import Forecaster
from .multistep_sensitivity import Corrections, Scheme, resampled, sensitivities
from .surrogate import SurrogateError, TrainingRecord

__all__ = ["LearnedMultistep"]

logger = logging.getLogger(__name__)
Array = NDArray[np.float64]


class LearnedMultistep(Forecaster):
    """v(t+h) = E v(t) + sum over j of B_j (u^2)^(t - j h), per wavenumber, with learned B_j.

    Grey box: it is told the form of the equation, u_t = linear(k) u + flux d(u^2)/dx on a periodic line, and
    starts from an exponential Adams scheme of that equation. Learning moves the weights B_j,
    as smooth even functions of the wavenumber, to where the error *after a long forecast* is least. That
    error is linear in the weights to first order: the scheme's residual on the true trajectory, carried
    along by the tangent dynamics. One linear least-squares problem therefore trains on forecasts of a
    Lyapunov time or more, without a single rollout. A one-step fit of the same weights is worse than no
    learning: its smaller residuals add up where the classical scheme's cancel.

    One application costs one pair of transforms, in the very kernel that the solver's multistep schemes use.

    More terms than the classical scheme's are what pays: with as many, learning gains one or two Lyapunov
    times, with twice as many four or five, at a third more per step.

    When it fails: weights that are too free are unstable. So several strengths of regularisation are
    fitted, and the one with the best long forecasts on the validation trajectories is kept; where none
    beats the classical scheme, the classical scheme stays, and the training record says so. Steps at which no
    classical scheme is stable cannot be learned.

    Takes frames (1, points) of float64 or float32; needs `delays` frames of history.
    """

    @dataclass(frozen=True)
    class Settings:
        """What is known of the equation, and how the weights are learned.

        Attributes:
            length: of the periodic line.
            linear: coefficients of k^0, k^2, k^4, ... in the linear symbol.
            flux: factor of d(u^2)/dx.
            points: of the grid that is computed on, 1, 3 or 5 times 8, 16, 32, ..., from 16 to 4096; None for
                the grid of the frames.
            delays: nonlinear terms in the memory, 2 or more.
            classical_orders: learning starts from the Adams-Bashforth or the Adams-Bashforth-Moulton scheme
                of these orders that forecasts best among those that `delays` has room for.
            functions: Chebyshev polynomials in k^2 that make each weight's correction.
            cutoff: wavenumber beyond which the classical weights stay.
            window: time of the training forecasts; about one Lyapunov time.
            windows: how many of them.
            rounds: linear problems that are solved in turn, each about the best scheme so far. With 0 the
                classical weights stay: a control, which shows what the comparison makes of a solver's scheme.
            ridges: relative strengths of the regularisation that are tried.
            trial: time of the validation forecasts that choose among them; several Lyapunov times, so that
                a slow instability shows.
        """

        length: float = 2 * np.pi
        linear: tuple[float, ...] = (0.0, 1.0, -1.0)
        flux: float = -0.5
        points: int | None = None
        delays: int = 8
        classical_orders: tuple[int, ...] = (4, 5)
        functions: int = 10
        cutoff: float = 4.0
        window: float = 20.0
        windows: int = 96
        rounds: int = 2
        ridges: tuple[float, ...] = (1e-16, 1e-15, 1e-14, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9)
        trial: float = 200.0

        def __post_init__(self) -> None:
            if self.rounds < 0:
                raise SurrogateError(f"rounds must be at least 0, got {self.rounds}")
            if not all(2 <= order <= 6 for order in self.classical_orders):
                raise SurrogateError(
                    f"classical_orders must lie between 2 and 6, got {self.classical_orders}"
                )
            if not self.classical_orders or min(self.classical_orders) > self.delays:
                raise SurrogateError(
                    f"{self.delays} delays have no room for a classical order of {self.classical_orders}"
                )
            if self.points is not None and (reason := why_not(self.points)):
                raise SurrogateError(f"points: {reason}")

    settings: Settings

    def __init__(
        self, settings: Any = None, *, device: str | torch.device = "cpu", dtype: torch.dtype = torch.float64
    ) -> None:
        super().__init__(settings, device=device, dtype=dtype)
        if self.device.type != "cpu":
            raise SurrogateError("LearnedMultistep runs on compiled CPU kernels; use device cpu")
        self.scheme: Scheme | None = None

    @property
    def history_frames(self) -> int:
        """See `Surrogate`."""
        return self.settings.delays

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
        """See `Surrogate`; the seed chooses the windows. Closed form: there is nothing to resume."""
        begin = time.perf_counter()
        self.refuse_other_than_periodic(examples)
        self.interval, self.frame_shape = examples.interval, examples.frame_shape
        points = self._points()
        steps = max(1, round(self.settings.window / self.interval))
        chosen = self._windows(examples, steps, seed)
        trials = self._validation_windows(validation)
        classical = min(self._classical(points), key=lambda scheme: self._misfit(scheme, trials))
        best, misfit = classical, self._misfit(classical, trials)
        with tqdm(
            total=len(chosen) * self.settings.rounds,
            desc="windows",
            disable=not progress,
            unit="window",
            leave=False,
        ) as bar:
            for _ in range(self.settings.rounds):
                found = self._improved(best, chosen, trials, steps=steps, advance=bar.update)
                if found is None or found[1] >= misfit:
                    break
                best, misfit = found
        self.scheme = best
        note = ""
        if best is classical and self.settings.rounds:
            note = "learning found nothing better on validation trajectories: the classical weights were kept"
            logger.warning(note)
        return TrainingRecord(
            seconds=time.perf_counter() - begin,
            samples=len(chosen) * chosen.shape[1],
            epochs=1,
            validation_error=self._one_step_error(trials),
            note=note,
        )

    def _improved(
        self, base: Scheme, windows: Array, trials: Array, *, steps: int, advance: Callable[[int], object]
    ) -> tuple[Scheme, float] | None:
        """The best scheme of one linear problem about `base`, and its misfit; None if `base` is unstable."""
        s = self.settings
        corrections = Corrections.smooth(base, functions=s.functions, cutoff=s.cutoff, data=windows)
        with np.errstate(over="ignore", invalid="ignore"):
            factor = sensitivities(
                base, corrections, windows, checks=(steps // 2 or 1, steps), advance=advance
            )
        if not (np.isfinite(factor).all() and np.abs(factor).max() < 1e100):
            return None
        schemes = [corrections.solve(factor, ridge=ridge) for ridge in s.ridges]
        misfits = [self._misfit(scheme, trials) for scheme in schemes]
        logger.debug("mean log10 error on validation by ridge: %s", dict(zip(s.ridges, misfits, strict=True)))
        chosen = int(np.argmin(misfits))
        return schemes[chosen], misfits[chosen]

    def _points(self) -> int:
        assert self.frame_shape is not None
        if len(self.frame_shape) != 2 or self.frame_shape[0] != 1:
            raise SurrogateError(f"LearnedMultistep takes frames (1, points), got {self.frame_shape}")
        points = self.settings.points or self.frame_shape[1]
        if reason := why_not(points, most=self.frame_shape[1]):
            raise SurrogateError(
                f"LearnedMultistep on frames of {self.frame_shape[1]} points: {reason}; set `points`"
            )
        return points

    def _classical(self, points: int) -> list[Scheme]:
        """The schemes that learning starts from."""
        assert self.interval is not None
        k = 2 * np.pi / self.settings.length * np.arange(points // 2 + 1, dtype=np.float64)
        symbol = np.polynomial.polynomial.polyval(k**2, self.settings.linear)
        flux = self.settings.flux * k
        flux[-1] = 0.0  # the derivative of the Nyquist mode has no place on the grid
        schemes = []
        for order in self.settings.classical_orders:
            for adams in (adams_bashforth, adams_bashforth_moulton):
                base = adams(symbol, self.interval, order=order)
                if len(base.weights) <= self.settings.delays:
                    weights = np.zeros((self.settings.delays, points // 2 + 1))
                    weights[: len(base.weights)] = base.weights.real
                    schemes.append(Scheme(points, k, np.asarray(base.propagator, float).real, weights, flux))
        return schemes

    def _windows(self, examples: Trajectories, steps: int, seed: int) -> Array:
        """(windows, delays + steps, points) from the training trajectories, on the inner grid."""
        frames = self.settings.delays + steps
        if examples.frames < frames:
            raise SurrogateError(
                f"training windows of {self.settings.window:g} need trajectories of {frames} frames, the set "
                f"has {examples.frames}; shorten `window` or lengthen the trajectories"
            )
        generator = np.random.default_rng(seed)
        places = [
            (i, start)
            for i in range(len(examples))
            for start in range(0, examples.frames - frames + 1, max(1, steps))
        ]
        taken = generator.permutation(len(places))[: self.settings.windows]
        starts = [places[i] for i in taken]
        data = np.stack([examples.window(i, start, frames)[:, 0] for i, start in starts])
        return resampled(data, self._points())

    def _validation_windows(self, validation: Trajectories) -> Array:
        """(windows, frames, points) on the frames' own grid, each as long as `trial` or the trajectories."""
        assert self.interval is not None
        frames = min(validation.frames, self.settings.delays + round(self.settings.trial / self.interval))
        if not len(validation) or frames <= self.settings.delays:
            raise SurrogateError(
                "LearnedMultistep needs validation trajectories to choose its regularisation"
            )
        return np.stack([validation.window(i, 0, frames)[:, 0] for i in range(len(validation))])

    def _misfit(self, scheme: Scheme, trials: Array) -> float:
        """Mean over trials and times of the log10 error of free runs: less is a longer forecast."""
        past = self.settings.delays
        forecast = scheme.run(trials[:, :past], trials.shape[1] - past, every=1)
        with np.errstate(invalid="ignore", over="ignore"):
            error = np.sqrt(((forecast - trials[:, past:]) ** 2).mean(axis=2) / np.mean(trials**2))
        return float(np.log10(np.clip(np.where(np.isfinite(error), error, 1e3), 1e-16, 1e3)).mean())

    def _one_step_error(self, trials: Array) -> float:
        assert self.scheme is not None
        past = self.settings.delays
        step = self.scheme.run(trials[:, :past], 1, every=1)[:, 0]
        return float(np.sqrt(((step - trials[:, past]) ** 2).mean() / (trials**2).mean()))

    # answering -----------------------------------------------------------------------------------

    def warm_up(self, history: torch.Tensor) -> Array:
        """The frames before the present: (batch, delays - 1, points)."""
        return self.one_field(history)[:, history.shape[1] - self.settings.delays + 1 :]

    def step(self, state: torch.Tensor, memory: Array) -> tuple[torch.Tensor, Array]:
        """See `Surrogate`; `forecast` is far faster."""
        present = self.one_field(state[:, None])
        past = np.concatenate([memory, present], axis=1)
        new = self._learned().run(past, 1, every=1)
        return torch.from_numpy(new).to(self.dtype), past[:, 1:]

    def forecast(self, history: torch.Tensor, steps: int, *, every: int = 1) -> torch.Tensor:
        """See `Surrogate`; one compiled run."""
        if history.shape[1] < self.settings.delays:
            raise SurrogateError(
                f"LearnedMultistep needs {self.settings.delays} frames of history, got {history.shape[1]}"
            )
        past = self.one_field(history)[:, history.shape[1] - self.settings.delays :]
        frames = self._learned().run(past, steps // every, every=every)
        return torch.from_numpy(frames)[:, :, None]

    def _learned(self) -> Scheme:
        if self.scheme is None:
            raise SurrogateError("LearnedMultistep has not learned yet: call `fit` or `load` first")
        return self.scheme

    # saving --------------------------------------------------------------------------------------

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        scheme = self._learned()
        return {"propagator": torch.tensor(scheme.propagator), "weights": torch.tensor(scheme.weights)}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        self.scheme = replace(
            self._classical(self._points())[0],
            propagator=tensors["propagator"].cpu().numpy(),
            weights=tensors["weights"].cpu().numpy(),
        )
