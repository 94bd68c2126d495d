"""Reservoirs side by side on a long periodic line, each of which forecasts a patch from its neighbourhood."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from ..datasets.tasks import Trajectories
from .forecaster import Forecaster
from .multistep_sensitivity import resampled
from .patch_examples import PatchExamples
from .patch_kernels import run_patches
from .reservoir_network import LANES, Network, draw_network
from .ridge import NormalEquations
from .surrogate import SurrogateError, TrainingRecord

__all__ = ["ParallelReservoirs"]

Array = NDArray[np.float64]


class ParallelReservoirs(Forecaster):
    """One reservoir per patch of a few points; each sees its patch and some points on either side.

    What happens in one place depends, over a short time, on its vicinity alone. So a field of any length is
    forecast by reservoirs of one size. Where the dynamics is the same everywhere they share one set of
    weights, trained on all patches at once (`shared`, the default); a forcing that differs from place to
    place needs weights for each patch, as in the original.

    When it fails: if the grid is so fine that the window spans too little (`points`), or if noise and ridge
    are too small for the nodes, forecasts leave the attractor. It needs `warm_up` frames of history. All
    arithmetic is float64, whatever the dtype at the boundary. Takes frames (1, grid points).

    Reference: Pathak, Hunt, Girvan, Lu & Ott, PRL 120, 024102 (2018), doi:10.1103/PhysRevLett.120.024102.
    """

    @dataclass(frozen=True)
    class Settings:
        """The field is scaled to unit variance.

        Attributes:
            points: of the grid that is computed on, a multiple of `patch`; 0 for half of the frames' own. The
                defaults were chosen where neighbouring points correlate by about 0.75.
            patch: points that one reservoir forecasts.
            side: points that it sees on either side of them.
            shared: one set of weights for all patches.
            nodes: of each reservoir; training costs grow with its square.
            degree, radius, input_scale, inputs_per_node, reach, bias_scale: see `Reservoir.Settings`.
            ridge: weight of ||W||^2 against the sum of squared errors.
            noise: standard deviation of the noise put on the inputs in training; it keeps forecasts stable.
            warm_up: frames that set the reservoirs' states before they are trained on or forecast.
            samples: training examples, pooled over all patches where they are shared, else for each patch.
            stride: at most every so-many-th frame of a patch is an example, so that examples differ.
        """

        points: int = 0
        patch: int = 2
        side: int = 6
        shared: bool = True
        nodes: int = 3000
        degree: int = 3
        radius: float = 0.2
        input_scale: float = 0.2
        inputs_per_node: int = 3
        reach: int = 2
        bias_scale: float = 0.5
        ridge: float = 1e-8
        noise: float = 1e-5
        warm_up: int = 32
        samples: int = 120_000
        stride: int = 4

        def __post_init__(self) -> None:
            if self.patch < 1 or self.side < 0 or self.stride < 1:
                raise SurrogateError(
                    f"patch and stride must be at least 1 and side at least 0, got {self.patch}, "
                    f"{self.stride} and {self.side}"
                )

    settings: Settings
    network: Network | None = None
    readout: Array
    """(patches, points of a patch, features); one patch where the weights are shared."""

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
        """One pass over the examples, and one solve per set of weights. Raises RidgeError if unstable."""
        begin = time.perf_counter()
        self.refuse_other_than_periodic(examples)
        s = self.settings
        self.interval, self.frame_shape = examples.interval, tuple(examples.frame_shape)
        self._check()
        if examples.frames < s.warm_up + 2:
            raise SurrogateError(
                f"trajectories of {examples.frames} frames are no longer than the {s.warm_up} of warm-up"
            )
        draws = np.random.default_rng(seed)
        self.spread = float(np.mean([self._coarse(examples, i).std() for i in range(len(examples))]))
        self.network = draw_network(
            draws,
            frame_shape=(1, s.patch + 2 * s.side),
            nodes=s.nodes,
            degree=s.degree,
            radius=s.radius,
            input_scale=s.input_scale,
            inputs_per_node=s.inputs_per_node,
            reach=s.reach,
            periodic=False,
            bias_scale=s.bias_scale,
        )
        pools = [np.arange(self._patches)] if s.shared else list(np.arange(self._patches)[:, None])
        gather = PatchExamples(
            self.network, s.patch, s.side, s.warm_up, samples=s.samples, stride=s.stride, noise=s.noise
        )
        found, samples = [], 0
        for pool in tqdm(pools, desc="readouts", disable=not progress, leave=False):
            equations = NormalEquations(s.nodes + self.network.inputs + 1, s.patch)
            for rows, targets in gather.blocks(
                lambda i, count: self._coarse(examples, i, count) / self.spread,
                trajectories=len(examples),
                frames=examples.frames,
                pool=pool,
                draws=draws,
            ):
                equations.add(rows, targets)
            found.append(equations.solve(s.ridge).T)
            samples += equations.samples
        self.readout = np.stack(found)
        return TrainingRecord(
            seconds=time.perf_counter() - begin,
            samples=samples,
            epochs=1,
            validation_error=self._one_step_error(validation),
        )

    def _one_step_error(self, validation: Trajectories) -> float:
        """Relative error of one step after the warm-up, at up to 64 times of the validation trajectories."""
        past, wrong, total = self.settings.warm_up + 1, 0.0, 0.0
        for i in range(min(16, len(validation))):
            fields = self._coarse(validation, i)
            for start in np.linspace(0, len(fields) - past - 1, 4).astype(int) if len(fields) > past else ():
                known = fields[None, start : start + past] / self.spread
                new = self._run(known[:, :1], known[:, 1:], 1, 1)[0][0, 0]
                truth = fields[start + past] / self.spread
                wrong += float(((new - truth) ** 2).sum())
                total += float((truth**2).sum())
        return float(np.sqrt(wrong / total)) if total else float("nan")

    def _check(self) -> None:
        assert self.frame_shape is not None
        if len(self.frame_shape) != 2 or self.frame_shape[0] != 1:
            raise SurrogateError(
                f"parallel reservoirs take one field on a line, frames (1, points), got {self.frame_shape}"
            )
        points, s = self._points, self.settings
        if points % s.patch or points > self.frame_shape[1] or s.patch + 2 * s.side > points:
            raise SurrogateError(
                f"points ({points}) must be a multiple of the patch ({s.patch}), no more than the set's "
                f"{self.frame_shape[1]}, and no fewer than one window ({s.patch + 2 * s.side})"
            )

    @property
    def _points(self) -> int:
        assert self.frame_shape is not None
        return self.settings.points or self.frame_shape[-1] // 2

    @property
    def _patches(self) -> int:
        return self._points // self.settings.patch

    def _coarse(self, trajectories: Trajectories, index: int, frames: int | None = None) -> Array:
        """(frames, points) of one trajectory on the grid that is computed on."""
        frames = trajectories.frames if frames is None else min(frames, trajectories.frames)
        return np.asarray(resampled(trajectories.window(index, 0, frames)[:, 0], self._points))

    # answering -----------------------------------------------------------------------------------

    @property
    def history_frames(self) -> int:
        """Frames of warm-up and the initial state."""
        return self.settings.warm_up + 1

    def warm_up(self, history: torch.Tensor) -> Array:
        """The states (fields, blocks, rows, lanes) of the reservoirs of each field after the history."""
        fields = self._plain(history)
        if fields.shape[1] == 0:
            return np.stack([self._rest() for _ in fields])
        # the last frame of a history is driven by, but what follows it is not known: any frame will do
        _, states = self._run(fields[:, :1], np.concatenate([fields[:, 1:], fields[:, -1:]], axis=1), 0, 1)
        return states

    def step(self, state: torch.Tensor, memory: Array) -> tuple[torch.Tensor, Array]:
        """See `Forecaster`; `forecast` is faster."""
        fields = self._plain(state[:, None])
        out, states = self._run(fields, fields[:, :0], 1, 1, memory)
        return self._frames(out)[:, 0], states

    @torch.no_grad()
    def forecast(self, history: torch.Tensor, steps: int, *, every: int = 1) -> torch.Tensor:
        """See `Forecaster`; one compiled run per field."""
        if history.shape[1] < self.history_frames:
            raise SurrogateError(
                f"these reservoirs need {self.history_frames} frames of history, got {history.shape[1]}"
            )
        fields = self._plain(history[:, -self.history_frames :])
        return self._frames(self._run(fields[:, :1], fields[:, 1:], steps // every * every, every)[0])

    def _run(
        self, present: Array, known: Array, steps: int, every: int, states: Array | None = None
    ) -> tuple[Array, Array]:
        """Forecasts (fields, frames, points) and the states after them, each field by itself."""
        network = self._trained()
        out = np.empty((len(present), steps // every, self._points))
        after = np.stack([self._rest() for _ in present]) if states is None else states.copy()
        weights = self._lane_weights()
        room = self._rest()
        with np.errstate(over="ignore", invalid="ignore"):
            for i in range(len(present)):
                run_patches(
                    network.starts,
                    network.columns,
                    network.weights,
                    network.leak,
                    weights,
                    self.settings.shared,
                    after[i],
                    room,
                    present[i].copy(),
                    np.ascontiguousarray(known[i][:, None]),
                    steps,
                    every,
                    out[i : i + 1],
                )
        return out, after

    def _rest(self) -> Array:
        """(blocks, rows, lanes) of reservoirs that have seen nothing."""
        network = self._trained()
        blocks = -(-self._patches // LANES)
        state = np.zeros((blocks, network.nodes + network.inputs + 1, LANES))
        state[:, -1] = 1.0
        return state

    def _lane_weights(self) -> Array:
        """The readout as the kernel wants it: (1 or blocks, points of a patch, features, lanes)."""
        if self.settings.shared:
            return np.repeat(self.readout[..., None], LANES, axis=3)
        blocks = -(-self._patches // LANES)
        padded = np.zeros((blocks * LANES, *self.readout.shape[1:]))
        padded[: self._patches] = self.readout
        shaped = padded.reshape(blocks, LANES, *self.readout.shape[1:])
        return np.ascontiguousarray(shaped.transpose(0, 2, 3, 1))

    def _trained(self) -> Network:
        if self.network is None:
            raise SurrogateError("these reservoirs have learned nothing yet; call fit or load")
        return self.network

    def _plain(self, frames: torch.Tensor) -> Array:
        """(batch, times, 1, grid) -> (batch, times, points), scaled."""
        self._trained()
        if self.frame_shape is None or tuple(frames.shape[2:]) != self.frame_shape:
            raise SurrogateError(
                f"expected frames of shape {self.frame_shape}, got {tuple(frames.shape[2:])}"
            )
        fields = frames.detach().cpu().double().numpy()[:, :, 0]
        return np.ascontiguousarray(resampled(fields, self._points) / self.spread)

    def _frames(self, fields: Array) -> torch.Tensor:
        """(batch, times, points) -> (batch, times, 1, grid)"""
        assert self.frame_shape is not None
        with np.errstate(over="ignore", invalid="ignore"):
            full = resampled(fields * self.spread, self.frame_shape[1])
        return torch.from_numpy(np.ascontiguousarray(full)[:, :, None]).to(self.device, self.dtype)

    # saving --------------------------------------------------------------------------------------

    def tensors(self) -> dict[str, torch.Tensor]:
        """The network in compressed rows, the readouts and the scaling."""
        arrays: dict[str, NDArray[Any]] = self._trained().arrays()
        arrays |= {"readout": self.readout, "spread": np.array([self.spread])}
        return {name: torch.from_numpy(array) for name, array in arrays.items()}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Take back what `tensors` gave."""
        arrays = {name: tensor.cpu().numpy().copy() for name, tensor in tensors.items()}
        self.network = Network.from_arrays(arrays, inputs=self.settings.patch + 2 * self.settings.side)
        self.readout, self.spread = arrays["readout"], float(arrays["spread"][0])

    @property
    def parameters_count(self) -> int:
        """Numbers of the readouts: the network is drawn, not learned."""
        return int(self.readout.size)
