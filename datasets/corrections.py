"""A cheap solver answers first, and a surrogate learns what its answer lacks."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..solvers.contract import Answer, Queries, Solution, Solver, SolverError, Status, Symmetry, check_times
from .pairs import Named, Pairs
from .tasks import Maps, Task, inputs_of, outputs_of, with_images

if TYPE_CHECKING:
    from .split import Split
    from .training_set import TrainingSet

__all__ = ["Corrected", "Corrections"]

logger = logging.getLogger(__name__)

ROUGH = "rough/"
"""Before the name of what the cheap solver said."""
ONCE = np.zeros(1)


class Corrections(Pairs):
    """Pairs of steady fields whose inputs hold a cheap solver's answer besides, whose outputs are what that
    lacks.

    Attributes:
        rough: its answer to each query, name -> (trajectories, *shape).
        solved: numbers of the trajectories that it could answer; the others are no pairs.
    """

    def __init__(
        self, source: Split, *, inputs: Sequence[str], outputs: Sequence[str], solver: Solver
    ) -> None:
        super().__init__(source, inputs=inputs, outputs=outputs)
        queries = {n: np.asarray(v, dtype=np.float64) for n, v in source.queries().items()}
        said = solver(queries, ONCE)
        self.rough = {name: said.values[name][:, 0] for name in self.output_shapes}
        self.solved = np.flatnonzero(said.solved)
        self.input_shapes |= {ROUGH + name: shape for name, shape in self.output_shapes.items()}
        if len(self.solved) < len(source):
            logger.warning(
                "%s could not answer %d of %d queries of the split %r; they are not learned from",
                *(solver.label, len(source) - len(self.solved), len(source), source.name),
            )

    @property
    def trajectories(self) -> int:
        """See `Pairs`."""
        return len(self.solved)

    def __getitem__(self, pair: int) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
        inputs, outputs = self.trajectory(pair)
        return inputs, {name: values[0] for name, values in outputs.items()}

    def trajectory(
        self, trajectory: int
    ) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
        """See `Pairs`."""
        self._refuse(trajectory)
        place = int(self.solved[trajectory])
        inputs, outputs = {}, {}
        for name in self.input_shapes:
            shown = name.removeprefix(ROUGH)
            inputs[name] = self.rough[shown][place] if shown != name else self._read(place, 0, name)
        for name in self.output_shapes:
            outputs[name] = (self._read(place, 0, name) - self.rough[name][place])[None]
        return inputs, outputs

    def image(self, symmetry: Symmetry, *, inputs: Named, outputs: Named) -> tuple[Named, Named]:
        """See `Pairs`. A symmetry may move answers by a constant, which their difference must not see."""
        whole = symmetry({name: inputs[ROUGH + name] + values for name, values in outputs.items()})
        asked, _ = super().image(symmetry, inputs=inputs, outputs={})
        return asked, {name: values - asked[ROUGH + name] for name, values in whole.items()}


@dataclass(frozen=True)
class Corrected(Task):
    """Query and a cheap solver's answer -> what that answer lacks: two fidelities, of steady fields.

    At answering the cheap solver runs, too, and its time counts. Where it fails there is no answer.

    Attributes:
        solver: cheap, but not so wrong that nothing is left to learn from.
        outputs: which of the solution's fields are corrected; the cheap answer to each is an input.
        inputs: which query fields are given besides; None for all.
        images: whether the images of the training pairs under the system's symmetries are learned, too.

    Source: Kennedy & O'Hagan, Biometrika 87 (2000), doi:10.1093/biomet/87.1.1, for the idea.
    """

    gives: ClassVar[type] = Pairs

    solver: Solver
    outputs: tuple[str, ...]
    inputs: tuple[str, ...] | None = None
    images: bool = False

    @property
    def described(self) -> dict[str, Any]:
        """See `Task`."""
        return {
            "task": type(self).__name__,
            "solver": {**self.solver.settings, "system": self.solver.system.parameters},
            "outputs": self.outputs,
            "inputs": self.inputs,
            "images": self.images,
        }

    def examples(self, training_set: TrainingSet, split: str) -> Pairs:
        """One pair for each sample; the cheap solver is asked for all of them here.

        Raises `SolverError` for trajectories of more than one frame, and for a solver of another system.
        """
        source = training_set.split(split)
        if source.frames > 1:
            raise SolverError(
                f"Corrected learns steady fields, and trajectories of {split!r} have {source.frames} frames"
            )
        if self.solver.system.name != training_set.system_name:
            raise SolverError(
                f"the cheap solver is one of {self.solver.system.name}, the set is of "
                f"{training_set.system_name}; take one of the same system"
            )
        inputs = training_set.plan.query if self.inputs is None else self.inputs
        pairs = Corrections(source, inputs=inputs, outputs=self.outputs, solver=self.solver)
        return with_images(pairs, training_set, split, wanted=self.images)

    def answer(self, surrogate: Maps) -> Answer:
        """The cheap solver's answer and what the surrogate adds, at every time asked for."""

        def answer(queries: Queries, times: NDArray[np.float64]) -> Solution:
            times = check_times(times)
            begin = time.perf_counter()
            rough = self.solver(queries, times[:1])
            shown = {ROUGH + name: np.nan_to_num(rough.values[name][:, 0]) for name in self.outputs}
            said = outputs_of(surrogate, inputs_of(surrogate, {**queries, **shown}))
            values = {
                name: np.repeat(rough.values[name] + said[name][:, None], len(times), axis=1)
                for name in self.outputs
            }
            finite = np.ones(len(rough.status), np.bool_)
            for of in values.values():
                finite &= np.isfinite(of).all(axis=tuple(range(1, of.ndim)))
            lost = rough.solved & ~finite
            return Solution(
                times=times,
                values=values,
                status=np.where(lost, np.int8(Status.DIVERGED), rough.status).astype(np.int8),
                seconds=np.full(len(finite), (time.perf_counter() - begin) / max(1, len(finite))),
                error_estimate=np.full(len(finite), np.nan),
                notes=rough.notes,
            )

        return answer
