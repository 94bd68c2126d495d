"""An echo state network of reservoirpy as a surrogate, for those who bring one."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
import torch
from numpy.typing import NDArray

from ..datasets.tasks import Trajectories
from .forecaster import Forecaster
from .surrogate import SurrogateError, TrainingRecord

__all__ = ["ESN"]

Array = NDArray[np.float64]


class ESN(Forecaster):
    """Trains and runs a reservoirpy model, one trajectory after the other; `reservoir` is far faster.

    Either describe the network in the settings, or hand over a model of your own with `ESN.wrap(model)`: it
    is trained by its own `fit` on (state, next state), and its output is fed back. The frames are flattened;
    those of a described network are scaled to zero mean and unit variance, those of your own are left alone.

    When it fails: like any reservoir, by leaving the attractor, if `ridge` is too small for its size. A
    wrapped model can be saved if it is a reservoir with tanh and a Ridge readout, without feedback.

    Reference: Trouvain, Pedrelli, Dinh & Hinaut, ICANN 2020, doi:10.1007/978-3-030-61616-8_40.
    """

    @dataclass(frozen=True)
    class Settings:
        """A reservoir and a ridge readout, in reservoirpy's default distributions.

        Attributes:
            nodes: size of the reservoir (reservoirpy's `units`).
            radius: spectral radius of the recurrent weights (`sr`).
            connectivity: share of recurrent weights that are not zero (`rc_connectivity`).
            input_scale: of the input weights (`input_scaling`).
            input_connectivity: share of input weights that are not zero.
            leak: share of a node's state that is renewed in a step (`lr`).
            direct: let the readout see the input, too (`input_to_readout`).
            ridge: weight of ||W||^2 against the sum of squared errors.
            warm_up: frames that set the state before it is trained on or forecasts.
        """

        nodes: int = 1000
        radius: float = 0.6
        connectivity: float = 0.01
        input_scale: float = 0.1
        input_connectivity: float = 0.1
        leak: float = 1.0
        direct: bool = False
        ridge: float = 1e-4
        warm_up: int = 64

    settings: Settings
    model: Any = None
    """The reservoirpy model."""
    _scaled_by_us = True

    @classmethod
    def wrap(
        cls,
        model: Any,
        *,
        warm_up: int = 64,
        interval: float | None = None,
        frame_shape: tuple[int, ...] | None = None,
        dtype: torch.dtype = torch.float64,
    ) -> ESN:
        """A reservoirpy model as a surrogate.

        Args:
            model: takes and gives vectors of one frame's numbers.
            warm_up: frames that set its state.
            interval: between the frames it was trained on; with `frame_shape`, only if it is trained already.
            frame_shape: (channels, *grid).
            dtype: of the forecasts.
        """
        surrogate = cls(cls.Settings(warm_up=warm_up), dtype=dtype)
        surrogate.model, surrogate._scaled_by_us = model, False
        surrogate.interval, surrogate.frame_shape = interval, frame_shape
        if frame_shape is not None:
            surrogate._scale_by(None)
        return surrogate

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
        """Draws the network from the seed, unless a model was handed over, and calls its `fit`."""
        begin = time.perf_counter()
        s = self.settings
        if examples.frames < s.warm_up + 2:
            raise SurrogateError(
                f"trajectories of {examples.frames} frames are no longer than the {s.warm_up} of warm-up"
            )
        self.interval, self.frame_shape = examples.interval, tuple(examples.frame_shape)
        frames = [examples[i].reshape(examples.frames, -1) for i in range(len(examples))]
        self._scale_by(frames if self._scaled_by_us else None)
        if self._scaled_by_us:
            self.model = self._drawn(seed)
        series = [(f - self.mean) / self.spread for f in frames]
        try:
            self.model.fit([f[:-1] for f in series], [f[1:] for f in series], warmup=s.warm_up)
        except np.linalg.LinAlgError as error:
            raise SurrogateError(f"reservoirpy's regression failed ({error}); raise its ridge") from error
        return TrainingRecord(
            seconds=time.perf_counter() - begin,
            samples=len(series) * (examples.frames - 1 - s.warm_up),
            epochs=1,
            validation_error=self._one_step_error(validation),
        )

    def _drawn(self, seed: int) -> Any:
        import reservoirpy

        s = self.settings
        return reservoirpy.ESN(
            units=s.nodes,
            sr=s.radius,
            rc_connectivity=s.connectivity,
            input_scaling=s.input_scale,
            input_connectivity=s.input_connectivity,
            lr=s.leak,
            input_to_readout=s.direct,
            ridge=s.ridge,
            seed=seed,
        )

    def _scale_by(self, frames: list[Array] | None) -> None:
        """Mean and standard deviation of each channel; none for no frames."""
        assert self.frame_shape is not None
        numbers = int(np.prod(self.frame_shape))
        self.mean, self.spread = np.zeros(numbers), np.ones(numbers)
        if frames is not None:
            channels = np.concatenate(frames).reshape(-1, self.frame_shape[0], numbers // self.frame_shape[0])
            spread = channels.std(axis=(0, 2))
            self.mean = np.repeat(channels.mean(axis=(0, 2)), channels.shape[2])
            self.spread = np.repeat(np.where(spread > 0, spread, 1.0), channels.shape[2])

    def _one_step_error(self, validation: Trajectories) -> float:
        wrong = total = 0.0
        for i in range(len(validation)):
            series = (validation[i].reshape(validation.frames, -1) - self.mean) / self.spread
            self.model.reset()
            predicted = self.model.run(series[:-1])[self.settings.warm_up :]
            wrong += float(((predicted - series[self.settings.warm_up + 1 :]) ** 2).sum())
            total += float((series[self.settings.warm_up + 1 :] ** 2).sum())
        return float(np.sqrt(wrong / total)) if total else float("nan")

    # answering -----------------------------------------------------------------------------------

    @property
    def history_frames(self) -> int:
        """Frames of warm-up and the initial state."""
        return self.settings.warm_up + 1

    def warm_up(self, history: torch.Tensor) -> list[Any]:
        """The states of all nodes after each history of the batch."""
        memories = []
        for series in self._plain(history):
            self._start()
            if len(series):
                self.model.run(series)
            memories.append(self._state())
        return memories

    def step(self, state: torch.Tensor, memory: list[Any]) -> tuple[torch.Tensor, list[Any]]:
        """One interval on, one member of the batch after the other."""
        outputs, memories = [], []
        for vector, before in zip(self._plain(state[:, None])[:, 0], memory, strict=True):
            self._set_state(before)
            with np.errstate(over="ignore", invalid="ignore"):
                outputs.append(self.model.step(vector))
            memories.append(self._state())
        return self._frames(np.stack(outputs)), memories

    def _start(self) -> None:
        """All states to zero; a model that has not run yet first learns its dimensions."""
        if not self.model.initialized:
            self.model.initialize(np.zeros(len(self.mean)))
        self.model.reset()

    def _state(self) -> Any:
        states = [{name: value.copy() for name, value in node.state.items()} for node in self.model.nodes]
        return states, {edge: buffer.copy() for edge, buffer in self.model.feedback_buffers.items()}

    def _set_state(self, memory: Any) -> None:
        states, buffers = memory
        for node, state in zip(self.model.nodes, states, strict=True):
            node.state = state
        self.model.feedback_buffers = buffers

    def _plain(self, frames: torch.Tensor) -> Array:
        """(batch, times, channels, *grid) -> (batch, times, numbers), scaled."""
        if self.model is None or self.frame_shape is None:
            raise SurrogateError("this network has learned nothing yet; call fit or load")
        numbers = frames.detach().cpu().double().numpy().reshape(*frames.shape[:2], -1)
        if numbers.shape[2] != len(self.mean):
            raise SurrogateError(
                f"expected frames of shape {self.frame_shape}, got {tuple(frames.shape[2:])}"
            )
        return (numbers - self.mean) / self.spread

    def _frames(self, vectors: Array) -> torch.Tensor:
        """(batch, numbers) -> (batch, channels, *grid)"""
        assert self.frame_shape is not None
        shaped = (vectors * self.spread + self.mean).reshape(len(vectors), *self.frame_shape)
        return torch.from_numpy(shaped).to(self.device, self.dtype)

    # saving --------------------------------------------------------------------------------------

    def tensors(self) -> dict[str, torch.Tensor]:
        """Matrices of reservoir and readout; `SurrogateError` for a model that is not made of these two."""
        if self.model is None:
            raise SurrogateError("this network has learned nothing yet; call fit or load")
        reservoir, readout = self._parts()
        arrays = {"mean": self.mean, "spread": self.spread, "scaled_by_us": np.array([self._scaled_by_us])}
        for name, matrix in (("recurrent", reservoir.W), ("incoming", reservoir.Win)):
            rows = scipy.sparse.csr_array(matrix)
            arrays[f"{name}.starts"] = rows.indptr.astype(np.int64)
            arrays[f"{name}.columns"] = rows.indices.astype(np.int64)
            arrays[f"{name}.weights"] = rows.data.astype(np.float64)
        arrays["bias"] = np.broadcast_to(np.asarray(_dense(reservoir.bias)).ravel(), reservoir.units)
        arrays["leak"] = np.broadcast_to(np.asarray(reservoir.lr, dtype=np.float64), reservoir.units)
        arrays["readout"] = np.asarray(_dense(readout.Wout))
        arrays["readout_bias"] = np.asarray(readout.bias).reshape(-1)
        arrays["direct"] = np.array([self._is_direct])
        return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Take back what `tensors` gave."""
        import reservoirpy
        from reservoirpy.nodes import Reservoir, Ridge

        arrays = {name: tensor.cpu().numpy().copy() for name, tensor in tensors.items()}
        self.mean, self.spread = arrays["mean"], arrays["spread"]
        self._scaled_by_us = bool(arrays["scaled_by_us"][0])
        nodes = len(arrays["leak"])

        def matrix(name: str, columns: int) -> Any:
            parts = [arrays[f"{name}.{part}"] for part in ("weights", "columns", "starts")]
            return scipy.sparse.csr_array(tuple(parts), shape=(nodes, columns))

        reservoir = Reservoir(
            W=matrix("recurrent", nodes),
            Win=matrix("incoming", len(self.mean)),
            bias=arrays["bias"],
            lr=arrays["leak"],
        )
        readout = Ridge(Wout=arrays["readout"], bias=arrays["readout_bias"], name="readout")
        self.model = reservoirpy.ESN(
            reservoir=reservoir, readout=readout, input_to_readout=bool(arrays["direct"][0])
        )

    @property
    def _is_direct(self) -> bool:
        return any(type(node).__name__ == "Input" for node in self.model.nodes)

    def _parts(self) -> tuple[Any, Any]:
        from reservoirpy.activationsfunc import tanh
        from reservoirpy.nodes import Reservoir, Ridge

        kinds = {type(node).__name__: node for node in self.model.nodes}
        reservoir, readout = kinds.get("Reservoir"), kinds.get("Ridge")
        plain = set(kinds) - {"Input"} == {"Reservoir", "Ridge"} and len(self.model.nodes) == len(kinds)
        delayed = any(delay for _, delay, _ in self.model.edges)
        if not (
            plain and isinstance(reservoir, Reservoir) and isinstance(readout, Ridge) and not delayed
        ) or (reservoir.activation is not tanh):
            raise SurrogateError(
                "only a reservoirpy model of one Reservoir with tanh and one Ridge readout, without "
                "feedback, can be saved; keep others with tools of your own"
            )
        return reservoir, readout


def _dense(matrix: Any) -> Any:
    return matrix.toarray() if scipy.sparse.issparse(matrix) else matrix
