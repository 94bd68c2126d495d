"""A network of coordinates that learns from equations: a physics-informed neural network."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..datasets.known_equations import KnownEquations
from ..solvers.contract import System
from ..solvers.discovery import find_kit
from ..solvers.pointwise import Derivative, Pointwise
from .pinn_grid import CoordinateGrid, relative_error
from .pinn_identity import identity_of
from .pinn_loss import Known
from .pinn_network import CoordinateNetwork, NetworkSettings, flat_weights, set_weights
from .pinn_objective import LossSettings, PhysicsObjective
from .pinn_points import refuse_outside
from .pinn_precision import floor_in_words
from .pinn_training import DescentSettings, History, PhysicsTraining
from .surrogate import Surrogate, SurrogateError, TrainingRecord

__all__ = ["PINN"]

CHUNK = 1 << 17
"""Points that are answered at once."""


class PINN(Surrogate):
    """(place, time, numbers) -> fields, by making residuals of equations small, and errors on known answers.

    Use it where data are few and the equations known, or to find numbers of the equations from data. For a
    single query the solver is faster, as a rule. Over a range of numbers it is a surrogate like others. It
    fails silently where the loss is small and the answer wrong: at fronts between the points (hence residual
    resampling), and where several solutions obey the equations (causality helps, in time).

    `fit` learns a system's equations; `solve` any `Pointwise` problem; `at` answers anywhere.

    Raissi, Perdikaris & Karniadakis, J. Comput. Phys. 378 (2019), doi:10.1016/j.jcp.2018.10.045; Wang,
    Sankaran, Wang & Perdikaris (2023), arXiv:2308.08468.
    """

    @dataclass(frozen=True)
    class Settings:
        """The network, the loss and the descent.

        Attributes:
            network: its size, its activation, what holds by construction.
            loss: points, weights, and how they follow.
            descent: optimiser and limits.
        """

        network: NetworkSettings = NetworkSettings()  # noqa: RUF009 (frozen)
        loss: LossSettings = LossSettings()  # noqa: RUF009 (frozen)
        descent: DescentSettings = DescentSettings()  # noqa: RUF009 (frozen)

    settings: Settings
    learns: ClassVar[type] = KnownEquations

    network: CoordinateNetwork
    history: History

    # learning ------------------------------------------------------------------------------------

    def fit(
        self,
        examples: KnownEquations,
        validation: KnownEquations,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """See `Surrogate`. The validation error is that on known answers, the root mean square of the
        residual at other points where there are none.
        """
        self._take(examples.system, examples.query, examples.horizon, examples.numbers)
        pairs = examples.pairs
        known = None if pairs is None else self._grid.known(pairs, examples.answers)
        record = self.solve(
            self.problem,
            known=known,
            equations=examples.equations,
            seed=seed,
            folder=folder,
            progress=progress,
        )
        if validation.pairs is None:
            return record
        return dataclasses.replace(record, validation_error=relative_error(self, validation.pairs))

    def solve(
        self,
        problem: Pointwise,
        *,
        seed: int = 0,
        known: Known | None = None,
        equations: bool = True,
        recover: Mapping[str, float] | None = None,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Learn a problem, known values, or both; with `recover`, numbers that are not known, too, from these
        first guesses. With a `folder` checkpoints go there and the descent resumes.

        Raises `SurrogateError` for a problem or values that make no sense, and where the loss is not finite.
        """
        if getattr(self, "problem", None) is not problem:
            self._forget()  # what `fit` learned before
        self.problem = problem
        begin = time.perf_counter()
        network = CoordinateNetwork(problem, self.settings.network, recover=recover, seed=seed)
        self.network = network.to(self.device, self.dtype)
        objective = PhysicsObjective(
            self.network, self.settings.loss, seed=seed, known=known, equations=equations
        )
        training = PhysicsTraining(
            objective,
            self.settings.descent,
            folder=folder,
            identity=identity_of(
                self.settings,
                objective,
                known,
                asked=getattr(self, "_asked", {}),
                recover=recover or {},
                seed=seed,
            ),
            progress=progress,
        )
        made_ready = time.perf_counter() - begin  # an answer's time begins with the question
        self.history = training.run()
        return TrainingRecord(
            seconds=made_ready + training.seconds,
            samples=0 if known is None else len(next(iter(known.values.values()))),
            epochs=training.step,
            validation_error=objective.residual(self.settings.loss.points, seed=seed + 1),
            finished=training.finished,
            note="; ".join(filter(None, (training.note, floor_in_words(objective)))),
        )

    # answering -----------------------------------------------------------------------------------

    @torch.no_grad()
    def at(self, **places: Any) -> dict[str, torch.Tensor]:
        """Unknowns by name at coordinates (and numbers that vary) by name: tensors or numbers that broadcast.

        Raises `SurrogateError` where one is missing or outside of the range that was learned.
        """
        self._refuse_unlearned()
        problem = self.problem
        names = [*problem.coordinate_names, *(number.name for number in self.network.given)]
        if {*names} != {*places}:
            raise SurrogateError(f"give {', '.join(names)}; got {', '.join(places) or 'nothing'}")
        given = torch.broadcast_tensors(
            *(torch.as_tensor(places[name], device=self.device, dtype=self.dtype) for name in names)
        )
        shape = given[0].shape
        flat = {name: values.reshape(-1) for name, values in zip(names, given, strict=True)}
        refuse_outside(problem, {**self._constants(len(given[0].reshape(-1))), **flat}, "these places")
        none = (0,) * len(problem.coordinates)
        said = self._evaluate(flat, [(u, none) for u in problem.unknowns])
        return {u: said[u, none].reshape(shape) for u in problem.unknowns}

    @property
    def recovered(self) -> dict[str, float]:
        """The numbers that were to be found, as they were found."""
        return {name: float(self.network.number(name).detach()) for name in self.network.guesses}

    @property
    def weights(self) -> NDArray[np.float64]:
        """(numbers,) of the network, in one line, as a history's snapshots are; they can be set."""
        return flat_weights(self.network)

    @weights.setter
    def weights(self, numbers: NDArray[np.float64]) -> None:
        set_weights(self.network, numbers)

    @torch.no_grad()
    def __call__(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """See `Surrogate`; what is asked must be the query that was learned, its numbers apart."""
        self._refuse_unlearned()
        if not hasattr(self, "system"):
            raise SurrogateError("a network that solved a problem which is no system's answers by `at` alone")
        for name, learned in self.query.items():
            given = inputs[name]
            if given.shape[1:] != learned.shape[1:] or not torch.equal(
                given, learned.to(given).expand_as(given)
            ):
                raise SurrogateError(
                    f"this network was trained for one {name!r}, and is asked for another; a network of "
                    "coordinates answers what it was trained for: train another"
                )
        places = self._grid.places(inputs)
        refuse_outside(self.problem, {**self._constants(1), **places}, "the query")
        return self._grid.fields(self._evaluate, inputs)

    def _evaluate(
        self, places: Mapping[str, torch.Tensor], wanted: list[Derivative]
    ) -> dict[Derivative, torch.Tensor]:
        """What is wanted at places, (points,) each, a chunk at a time."""
        names = [*self.problem.coordinate_names, *(number.name for number in self.network.given)]
        found: dict[Derivative, list[torch.Tensor]] = {}
        if not len(places[names[0]]):
            return {what: places[names[0]].new_empty(0) for what in wanted}
        for begin in range(0, len(places[names[0]]), CHUNK):
            chosen = {name: places[name][begin : begin + CHUNK] for name in names}
            constants = self._constants(len(chosen[names[0]]))
            said = self.network(self.network.prepare({**constants, **chosen}, wanted))
            for what in wanted:
                found.setdefault(what, []).append(said[what])
        return {what: torch.cat(parts) for what, parts in found.items()}

    def _constants(self, points: int) -> dict[str, torch.Tensor]:
        """Numbers at these points, at the low end of their ranges."""
        return {
            n.name: torch.full((points,), n.low, device=self.device, dtype=self.dtype)
            for n in self.problem.numbers
        }

    # saving --------------------------------------------------------------------------------------

    def save(self, folder: Path, *, fingerprint: str, record: TrainingRecord, extra: Any = None) -> None:
        """See `Surrogate`; `SurrogateError` for a network that solved a problem which is no system's."""
        if hasattr(self, "network"):
            self._refuse_homeless()
        super().save(folder, fingerprint=fingerprint, record=record, extra=extra)

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`: the network, and the query that it was trained for."""
        self._refuse_homeless()
        learned = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        return {**learned, **{f"query.{name}": value for name, value in self.query.items()}}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        query = {n.removeprefix("query."): v for n, v in tensors.items() if n.startswith("query.")}
        noted = self._noted
        parameters = {k: tuple(v) if isinstance(v, list) else v for k, v in noted["parameters"].items()}
        system = find_kit(noted["system"]).system(**parameters)
        self._take(system, {n: v.cpu().numpy() for n, v in query.items()}, noted["horizon"], noted["numbers"])
        self.network = CoordinateNetwork(self.problem, self.settings.network).to(self.device, self.dtype)
        self.network.load_state_dict(
            {n.removeprefix("network."): v for n, v in tensors.items() if n.startswith("network.")}
        )

    def noted(self) -> dict[str, Any]:
        """See `Surrogate`: the system, and how much of it was asked."""
        return {
            **super().noted(),
            "system": self.system.name,
            "parameters": self.system.parameters,
            "horizon": self.horizon,
            "numbers": list(self.numbers),
        }

    def recall(self, noted: Mapping[str, Any]) -> None:
        """See `Surrogate`."""
        super().recall(noted)
        self._noted = noted

    @property
    def parameters_count(self) -> int:
        """Learned numbers."""
        return sum(p.numel() for p in self.network.parameters())

    def networks(self) -> dict[str, nn.Module]:
        """See `Surrogate`: none, for its derivatives read the weights of each layer as they are."""
        return {}

    # inside --------------------------------------------------------------------------------------

    def _refuse_homeless(self) -> None:
        if not hasattr(self, "system"):
            raise SurrogateError(
                "a network that solved a problem which is no system's cannot be saved whole; keep "
                "`network.state_dict()`, and load it into the network of the same problem"
            )

    def _refuse_unlearned(self) -> None:
        if not hasattr(self, "network"):
            raise SurrogateError("PINN has not learned yet: call `fit` or `solve` before it is asked")

    def _forget(self) -> None:
        """That there was a system."""
        for name in ("system", "query", "_asked", "_grid"):
            self.__dict__.pop(name, None)
        self.input_shapes = self.output_shapes = None

    def _take(
        self, system: System, query: Mapping[str, Any], horizon: float, numbers: tuple[str, ...]
    ) -> None:
        """Whose equations are learned, and for what."""
        self.system, self.horizon, self.numbers = system, float(horizon), tuple(numbers)
        self._asked = {name: np.asarray(values) for name, values in query.items()}
        # (a number that the network takes as an input is no part of the query)
        self.query = {n: torch.from_numpy(v.copy()).to(self.device) for n, v in self._asked.items()}
        self.problem = system.pointwise(self._asked, horizon=self.horizon)
        self._grid = CoordinateGrid(system, self.problem)
        point = sorted({*self.numbers} - {number.name for number in self.problem.ranges})
        if point:
            raise SurrogateError(
                f"{point[0]!r} has no range in {system.title}, over which it could be learned; give the "
                "system a range, or leave it out of the task's numbers"
            )
        given = {name: tuple(values.shape[1:]) for name, values in self._asked.items()}
        self.input_shapes = {**given, **dict.fromkeys(self.numbers, ()), "time": ()}
        self.output_shapes = {
            f.name: system.grid_of(f) for f in system.fields if f.name in self._grid.answers
        }
