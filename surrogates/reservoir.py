"""A reservoir computer: a fixed random recurrent network, of which only the linear readout is learned."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..datasets.tasks import Trajectories
from .forecaster import Forecaster
from .reservoir_network import Network, draw_network
from .reservoir_runs import in_panels, run_alone, run_batch
from .ridge import NormalEquations
from .surrogate import SurrogateError, TrainingRecord
from .thinning import refine, thin, thinned_shape

__all__ = ["Reservoir"]

Array = NDArray[np.float64]
_BLOCK = 2048
"""Times driven before their states go to the regression and are forgotten."""


class Reservoir(Forecaster):
    """Drives a random network with the state and reads the next state off its nodes by ridge regression.

    Use it where the state has up to a few hundred numbers and training must take seconds;
    `parallel_reservoirs` serves larger fields. It fails by running off the attractor when noise and ridge are
    too small for its size, and it needs `warm_up` frames of history. All arithmetic is float64, whatever the
    dtype at the boundary.

    Every even node is squared for the readout: without it, u -> -u would map forecasts to forecasts.

    Reference: Pathak, Hunt, Girvan, Lu & Ott, PRL 120, 024102 (2018), doi:10.1103/PhysRevLett.120.024102.

    Set `network` (see `Network.from_matrices`) before `fit` to use weights of your own.
    """

    @dataclass(frozen=True)
    class Settings:
        """The state is scaled to zero mean and unit variance before anything else.

        Attributes:
            thinning: work on every so-many-th point of the grid along each axis; forecasts return to the full
                grid by Fourier interpolation. 1 for grids that are not periodic.
            nodes: size of the reservoir; training costs grow with its square, forecasts linearly.
            degree: recurrent connections into each node.
            radius: spectral radius of the recurrent weights.
            input_scale: largest input weight.
            inputs_per_node: inputs that each node hears.
            reach: give each node a place on the grid, and let its inputs and neighbours lie no farther than
                so many points away; 0 lets them lie anywhere.
            bias_scale: largest bias of a node.
            leak: share of a node's state that is renewed in a step.
            squared: square every even node for the readout.
            direct: let the readout see the input and a constant, too, and predict the change of the state.
            ridge: weight of ||W||^2 against the sum of squared errors.
            noise: standard deviation of the noise put on the inputs in training; it keeps forecasts stable.
            warm_up: frames that set the reservoir's state before it is trained on or forecasts.
            samples: training examples to use at most, evenly from all trajectories; 0 for all.
        """

        thinning: int = 1
        nodes: int = 5056
        degree: int = 3
        radius: float = 0.6
        input_scale: float = 1.0
        inputs_per_node: int = 1
        reach: int = 0
        bias_scale: float = 0.0
        leak: float = 1.0
        squared: bool = True
        direct: bool = False
        ridge: float = 1e-4
        noise: float = 0.0
        warm_up: int = 64
        samples: int = 0

    settings: Settings
    network: Network | None = None

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
        """One pass over the examples and one solve. Raises RidgeError where that is unstable."""
        begin = time.perf_counter()
        if self.settings.thinning > 1:
            self.refuse_other_than_periodic(examples)
        draws = np.random.default_rng(seed)
        self.interval, self.frame_shape = examples.interval, tuple(examples.frame_shape)
        self._measure(examples)
        inputs = int(np.prod(self._coarse_shape))
        if self.network is None:
            s = self.settings
            self.network = draw_network(
                draws,
                frame_shape=self._coarse_shape,
                nodes=s.nodes,
                degree=s.degree,
                radius=s.radius,
                input_scale=s.input_scale,
                inputs_per_node=s.inputs_per_node,
                reach=s.reach,
                bias_scale=s.bias_scale,
                leak=s.leak,
            )
        if self.network.inputs != inputs:
            raise SurrogateError(f"the network has {self.network.inputs} inputs, a frame gives {inputs}")
        equations = NormalEquations(self._features, inputs)
        for states, now, following in self._driven(examples, draws):
            target = following - now if self.settings.direct else following
            equations.add(self._readout_features(states, now), target)
        if equations.samples == 0:
            raise SurrogateError(
                f"no trajectory is longer than the {self.settings.warm_up} frames of warm-up; shorten it"
            )
        self.readout = np.ascontiguousarray(equations.solve(self.settings.ridge).T)
        return TrainingRecord(
            seconds=time.perf_counter() - begin,
            samples=equations.samples,
            epochs=1,
            validation_error=self._one_step_error(validation),
        )

    def _measure(self, examples: Trajectories) -> None:
        """Mean and standard deviation of each channel over (at most 16 of) the trajectories."""
        chosen = np.unique(np.linspace(0, len(examples) - 1, min(16, len(examples))).astype(int))
        frames = np.concatenate([examples[int(i)] for i in chosen])
        along = (0, *range(2, frames.ndim))
        mean, spread = frames.mean(axis=along), frames.std(axis=along)
        points = int(np.prod(self._coarse_shape[1:]))
        self.mean = np.repeat(mean, points)
        self.spread = np.repeat(np.where(spread > 0, spread, 1.0), points)

    def _driven(
        self, examples: Trajectories, draws: np.random.Generator | None
    ) -> Iterator[tuple[Array, Array, Array]]:
        """Blocks of (states, inputs that led to them, inputs that follow); noisy where draws are given."""
        assert self.network is not None
        s = self.settings
        share = examples.frames - 1 - s.warm_up
        if s.samples and draws is not None:
            share = min(share, -(-s.samples // len(examples)))
        for trajectory in range(len(examples) if share > 0 else 0):
            frames = examples.window(trajectory, 0, s.warm_up + share + 1)
            series = self._scaled(frames)
            noisy = series
            if s.noise > 0 and draws is not None:
                noisy = series + s.noise * draws.standard_normal(series.shape)
            state = np.zeros(self.network.nodes)
            if s.warm_up:
                state = self.network.drive(noisy[: s.warm_up], state)[-1]
            for start in range(s.warm_up, len(series) - 1, _BLOCK):
                stop = min(start + _BLOCK, len(series) - 1)
                states = self.network.drive(noisy[start:stop], state)
                state = states[-1].copy()
                yield states, noisy[start:stop], series[start + 1 : stop + 1]

    @property
    def _features(self) -> int:
        assert self.network is not None
        return self.network.nodes + (self.network.inputs + 1 if self.settings.direct else 0)

    def _readout_features(self, states: Array, inputs: Array) -> Array:
        """(samples, features); `states` is overwritten."""
        if self.settings.squared:
            states[:, ::2] **= 2
        if not self.settings.direct:
            return states
        return np.concatenate([states, inputs, np.ones((len(inputs), 1))], axis=1)

    def _one_step_error(self, validation: Trajectories) -> float:
        wrong = total = 0.0
        for states, now, following in self._driven(validation, None):
            predicted = self._readout_features(states, now) @ self.readout.T
            if self.settings.direct:
                predicted += now
            wrong += float(((predicted - following) ** 2).sum())
            total += float((following**2).sum())
        return float(np.sqrt(wrong / total)) if total else float("nan")

    # answering -----------------------------------------------------------------------------------

    @property
    def history_frames(self) -> int:
        """Frames of warm-up and the initial state."""
        return self.settings.warm_up + 1

    def warm_up(self, history: torch.Tensor) -> Array:
        """Reservoir states (nodes + inputs + 1, lanes) after the history."""
        network = self._trained()
        old, new = network.stacked(len(history)), network.stacked(len(history))
        series = self._lanes(history)
        for t in range(len(series)):
            old[network.nodes : -1, : len(history)] = series[t]
            network.advance(old, new)
            old, new = new, old
        return old

    def step(self, state: torch.Tensor, memory: Array) -> tuple[torch.Tensor, Array]:
        """One interval on; `memory` is not changed."""
        stacked = memory.copy()
        stacked[self._trained().nodes : -1, : len(state)] = self._lanes(state[:, None])[0]
        series, after = self._run(stacked, len(state), 1, 1)
        return self._frames(series)[:, 0], after

    @torch.no_grad()
    def forecast(self, history: torch.Tensor, steps: int, *, every: int = 1) -> torch.Tensor:
        """Run freely; see `Surrogate.forecast`. Up to 24 members of the batch advance together."""
        if history.shape[1] < self.history_frames:
            raise SurrogateError(
                f"a reservoir needs {self.history_frames} frames of history, got {history.shape[1]}"
            )
        batch = len(history)
        stacked = self.warm_up(history[:, -self.history_frames : -1])
        stacked[self._trained().nodes : -1, :batch] = self._lanes(history[:, -1:])[0]
        return self._frames(self._run(stacked, batch, steps // every, every)[0])

    def _run(self, stacked: Array, members: int, frames: int, every: int) -> tuple[Array, Array]:
        """Frames (frames, inputs, members) that follow (r, u, 1) of the members, and these after them."""
        network, s = self._trained(), self.settings
        arrays = (network.starts, network.columns, network.weights, network.leak, in_panels(self.readout))
        out = np.empty((frames, network.inputs, members))
        after = stacked.copy()
        first = 0
        while first < members:
            left = members - first
            width = 24 if left > 16 else 16 if left > 8 else 8 if left > 1 else 1
            part = slice(first, min(first + width, members))
            kept = np.empty((frames, network.inputs, part.stop - first))
            with np.errstate(over="ignore", invalid="ignore"):
                if width == 1:
                    state = stacked[:, first].copy()
                    run_alone(*arrays, s.squared, s.direct, state, every, kept[:, :, 0])
                    after[:, first] = state
                else:
                    state, other = network.stacked(width), network.stacked(width)
                    state[:, : part.stop - first] = stacked[:, part]
                    run_batch(*arrays, s.squared, s.direct, state, other, every, kept)
                    after[:, part] = (other if frames * every % 2 else state)[:, : part.stop - first]
            out[:, :, part] = kept
            first = part.stop
        return out, after

    def _trained(self) -> Network:
        if self.network is None or not hasattr(self, "readout"):
            raise SurrogateError("this reservoir has learned nothing yet; call fit or load")
        return self.network

    @property
    def _coarse_shape(self) -> tuple[int, ...]:
        """(channels, *grid) that the network is driven by."""
        if self.frame_shape is None:
            raise SurrogateError("this reservoir has learned nothing yet; call fit or load")
        return (self.frame_shape[0], *thinned_shape(self.frame_shape[1:], self.settings.thinning))

    def _scaled(self, frames: Array) -> Array:
        """(..., channels, *grid) -> (..., inputs)"""
        dimensions = len(self._coarse_shape) - 1
        thinned = thin(frames, self.settings.thinning, dimensions)
        return (thinned.reshape(*thinned.shape[: -1 - dimensions], -1) - self.mean) / self.spread

    def _lanes(self, frames: torch.Tensor) -> Array:
        """(batch, times, channels, *grid) -> (times, inputs, batch)"""
        return np.ascontiguousarray(self._scaled(frames.detach().cpu().double().numpy()).transpose(1, 2, 0))

    def _frames(self, series: Array) -> torch.Tensor:
        """(times, inputs, batch) -> (batch, times, channels, *grid)"""
        frames = series.transpose(2, 0, 1) * self.spread + self.mean
        coarse = frames.reshape(*frames.shape[:2], *self._coarse_shape)
        full = refine(coarse, self.settings.thinning, len(self._coarse_shape) - 1)
        return torch.from_numpy(np.ascontiguousarray(full)).to(self.device, self.dtype)

    # saving --------------------------------------------------------------------------------------

    def tensors(self) -> dict[str, torch.Tensor]:
        """The network in compressed rows, the readout and the scaling."""
        arrays = self._trained().arrays()
        arrays |= {"readout": self.readout, "mean": self.mean, "spread": self.spread}
        return {name: torch.from_numpy(array) for name, array in arrays.items()}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Take back what `tensors` gave."""
        arrays = {name: tensor.cpu().numpy().copy() for name, tensor in tensors.items()}
        self.network = Network.from_arrays(arrays, inputs=len(arrays["mean"]))
        self.readout, self.mean, self.spread = arrays["readout"], arrays["mean"], arrays["spread"]

    @property
    def parameters_count(self) -> int:
        """Numbers of the readout: the network is drawn, not learned."""
        return int(self.readout.size)
