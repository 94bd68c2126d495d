"""Configurations drawn under a condition, to learn their distribution; what is observed of them answers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..solvers.contract import Answer, Queries, SolverError, System, check_times
from .pairs import Pairs
from .tasks import Maps, Task, inputs_of, outputs_of, solution_of

if TYPE_CHECKING:
    from ..solvers.contract import Solution
    from .split import Split
    from .training_set import TrainingSet

__all__ = ["Configurations", "Sampled"]


class Configurations(Pairs):
    """Pairs of a condition, and a seed to draw by, with configurations: numbers -> (copies, *grid).

    Attributes:
        condition: the name of the number on which the distribution depends.
        seed: the name of the seed.
    """

    def __init__(self, source: Split, *, condition: str, seed: str, drawn: str) -> None:
        super().__init__(source, inputs=(condition, seed), outputs=(drawn,))
        self.condition, self.seed = condition, seed


@dataclass(frozen=True)
class Sampled(Task):
    """Condition -> configurations as the solver draws them, of which the system observes the answer.

    The surrogate learns a distribution, and is given none of the numbers that are asked for: energies are
    found of what it draws, as a sampler finds them, and their time counts.

    Attributes:
        system: observes; see `System.observed`.
        condition: query field on which the distribution depends.
        seed: query field by which the surrogate draws.
        drawn: the solution's field with the configurations, along whose first axis they are in no order.
    """

    gives: ClassVar[type] = Configurations

    system: System
    condition: str
    seed: str
    drawn: str

    @property
    def described(self) -> dict[str, Any]:
        """See `Task`."""
        return {
            "task": type(self).__name__,
            "system": {"name": self.system.name, **self.system.parameters},
            "condition": self.condition,
            "seed": self.seed,
            "drawn": self.drawn,
        }

    def examples(self, training_set: TrainingSet, split: str) -> Configurations:
        """The configurations of each sample.

        Raises `SolverError` for trajectories of more than one frame, and for a set of another system.
        """
        source = training_set.split(split)
        if source.frames > 1:
            raise SolverError(
                f"Sampled learns draws of one moment, and trajectories of {split!r} have {source.frames} "
                "frames"
            )
        if self.system.name != training_set.system_name:
            raise SolverError(
                f"{self.system.name} is to observe, but the set is of {training_set.system_name}; take the "
                "set's own system"
            )
        return Configurations(source, condition=self.condition, seed=self.seed, drawn=self.drawn)

    def answer(self, surrogate: Maps) -> Answer:
        """The surrogate as something that answers queries: what is observed of its draws, at every time.

        Query by query, so that the draws of one alone are in memory.
        """

        def answer(queries: Queries, times: NDArray[np.float64]) -> Solution:
            times = check_times(times)
            begin = time.perf_counter()
            given = inputs_of(surrogate, queries)
            parts = []
            # where nothing is asked, once of nothing: the answer has its fields all the same
            for i in range(max(1, len(given[self.condition]))):
                one = {name: values[i : i + 1] for name, values in given.items()}
                said = outputs_of(surrogate, one)
                drawn = {name: values[:, None] for name, values in said.items()}
                parts.append(self.system.observed(drawn, one))
            values = {
                name: np.repeat(np.concatenate([part[name] for part in parts]), len(times), axis=1)
                for name in parts[0]
            }
            return solution_of(values, times, seconds=time.perf_counter() - begin, what="answers")

        return answer
