"""The same fields in two regimes: with pairs, or as two archives in which no sample is in both."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..solvers.contract import Answer, Queries, Solution, Solver, SolverError, check_times
from .pairs import Named, Pairs
from .tasks import Maps, Task, inputs_of, outputs_of, solution_of

if TYPE_CHECKING:
    from .split import Split
    from .training_set import TrainingSet

__all__ = ["GIVEN", "Archived", "Archives", "Translated", "Translations"]

logger = logging.getLogger(__name__)

GIVEN = "given/"
"""Before the name of a field as it is in the regime that is known."""
ONCE = np.zeros(1)


class Archives:
    """Fields in two regimes without any pair: who learns from them is told of no sample how it is in both.

    Attributes:
        given, wanted: name -> (samples, *shape) in the regime that is known, and in the one that is asked
            for; not of the same samples, and not as many.
        input_shapes, output_shapes: of one sample, as a surrogate is asked and answers.

    Raises `SolverError` where the two do not hold the same fields.
    """

    def __init__(self, given: Named, wanted: Named) -> None:
        self.given, self.wanted = dict(given), dict(wanted)
        shapes = {name: values.shape[1:] for name, values in self.wanted.items()}
        if {name: values.shape[1:] for name, values in self.given.items()} != shapes:
            raise SolverError(
                "two archives must hold the same fields on the same grid, got "
                f"{ {n: v.shape[1:] for n, v in self.given.items()} } and {shapes}"
            )
        self.input_shapes = {GIVEN + name: shape for name, shape in shapes.items()}
        self.output_shapes = shapes

    def __len__(self) -> int:
        """Samples in the smaller archive."""
        return min(len(next(iter(part.values()))) for part in (self.given, self.wanted))


class Translations(Pairs):
    """Pairs of the same fields in two regimes: `given/u` -> `u`, of some trajectories of a split.

    Attributes:
        given: name -> (pairs, *shape).
        places: numbers of the trajectories that are pairs.
    """

    def __init__(self, source: Split, *, given: Named, places: Sequence[int]) -> None:
        super().__init__(source, inputs=(), outputs=tuple(given))
        self.given, self.places = dict(given), tuple(places)
        self.input_shapes = {GIVEN + name: shape for name, shape in self.output_shapes.items()}

    @property
    def trajectories(self) -> int:
        """See `Pairs`."""
        return len(self.places)

    def trajectory(self, trajectory: int) -> tuple[Named, Named]:
        """See `Pairs`."""
        self._refuse(trajectory)
        inputs = {GIVEN + name: values[trajectory] for name, values in self.given.items()}
        place = self.places[trajectory]
        return inputs, {name: self._read(place, 0, name)[None] for name in self.output_shapes}

    def __getitem__(self, pair: int) -> tuple[Named, Named]:
        inputs, outputs = self.trajectory(pair)
        return inputs, {name: values[0] for name, values in outputs.items()}


@dataclass(frozen=True)
class Translated(Task):
    """Steady fields in one regime -> the same fields in the training set's own, with pairs.

    Of every other sample of a split, from the first on, both are known: as many fields in all as `Archived`
    gives, so that the two can be compared. The fields that are given are solved for when examples are asked
    for. A query holds them as `given/<field>`; how they were come by is no part of an answer.

    Attributes:
        solver: of the regime that is given; a cheap one makes it a translation of fidelities.
        fields: which are translated.
        factors: name of a query's field -> by how much it is larger in that regime: `(("viscosity", 8.0),)`.
    """

    gives: ClassVar[type] = Translations

    solver: Solver
    fields: tuple[str, ...]
    factors: tuple[tuple[str, float], ...] = ()

    @property
    def described(self) -> dict[str, Any]:
        """See `Task`."""
        return {
            "task": type(self).__name__,
            "solver": {**self.solver.settings, "system": self.solver.system.parameters},
            "fields": self.fields,
            "factors": self.factors,
        }

    def given(self, queries: Queries) -> Solution:
        """The solution in the regime that is given, of queries in the other.

        Raises `SolverError` for a factor of what is no field of a query.
        """
        changed = {name: np.asarray(values, dtype=np.float64) for name, values in queries.items()}
        for name, factor in self.factors:
            if name not in changed:
                raise SolverError(f"there is no {name!r} to change in a query; it has {sorted(changed)}")
            changed[name] = factor * changed[name]
        return self.solver(changed, ONCE)

    def examples(self, training_set: TrainingSet, split: str) -> Any:
        """Pairs of every other sample, as far as the solver can answer.

        Raises `SolverError` for trajectories of more than one frame, and for a solver of another system.
        """
        source = self._source(training_set, split)
        given, places = self._solved(source, range(0, len(source), 2))
        return Translations(source, given=given, places=places)

    def answer(self, surrogate: Maps) -> Answer:
        """The surrogate as something that answers: the same fields at every time asked for."""

        def answer(queries: Queries, times: NDArray[np.float64]) -> Solution:
            times = check_times(times)
            begin = time.perf_counter()
            said = outputs_of(surrogate, inputs_of(surrogate, queries))
            values = {name: np.repeat(v[:, None], len(times), axis=1) for name, v in said.items()}
            return solution_of(values, times, seconds=time.perf_counter() - begin, what="answers")

        return answer

    def _source(self, training_set: TrainingSet, split: str) -> Split:
        source = training_set.split(split)
        if source.frames > 1:
            raise SolverError(
                f"{type(self).__name__} learns steady fields, and trajectories of {split!r} have "
                f"{source.frames} frames"
            )
        if self.solver.system.name != training_set.system_name:
            raise SolverError(
                f"the solver is one of {self.solver.system.name}, the set is of {training_set.system_name}; "
                "take one of the same system"
            )
        return source

    def _solved(self, source: Split, chosen: Sequence[int]) -> tuple[Named, list[int]]:
        """Fields in the given regime of these trajectories, and which of them could be solved."""
        if not chosen:
            return {name: np.empty((0, *source.shape_of(name))) for name in self.fields}, []
        said = self.given(source.queries(list(chosen)))
        if not said.solved.all():
            logger.warning(
                "%s could not answer %d of %d queries of the split %r; they are not learned from",
                *(self.solver.label, (~said.solved).sum(), len(chosen), source.name),
            )
        places = [place for place, solved in zip(chosen, said.solved, strict=True) if solved]
        return {name: said.values[name][said.solved, 0] for name in self.fields}, places


@dataclass(frozen=True)
class Archived(Translated):
    """The same without pairs: even samples of a split are known in the one regime, odd ones in the other.

    That holds for the validation split, too: where training ends is chosen without a pair.
    """

    gives: ClassVar[type] = Archives

    def examples(self, training_set: TrainingSet, split: str) -> Any:
        """Two archives; see `Translated`."""
        source = self._source(training_set, split)
        given, _ = self._solved(source, range(0, len(source), 2))
        odd = range(1, len(source), 2)
        wanted = {
            name: np.stack([source.read(i, field=name)[0] for i in odd]).astype(np.float64)
            if odd
            else np.empty((0, *source.shape_of(name)))
            for name in self.fields
        }
        return Archives(given, wanted)
