"""A query told in other numbers: its dimensionless groups in the place of what they follow from."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..solvers.contract import Answer, Queries, Solution, SolverError, System, check_times
from .pairs import Pairs
from .tasks import Maps, Task, inputs_of, outputs_of, solution_of

if TYPE_CHECKING:
    from .split import Split
    from .training_set import TrainingSet

__all__ = ["Grouped", "GroupedPairs"]


class GroupedPairs(Pairs):
    """Pairs of steady fields whose inputs are a query's fields or groups, whichever are named.

    Attributes:
        numbers: name -> (trajectories, *shape), of the groups among the inputs.

    Raises `SolverError` for an input that is neither a field nor a group.
    """

    def __init__(
        self,
        source: Split,
        *,
        inputs: Sequence[str],
        outputs: Sequence[str],
        query: Sequence[str],
        system: System,
    ) -> None:
        fields = [name for name in inputs if name in query]
        super().__init__(source, inputs=fields, outputs=outputs)
        queries = {n: np.asarray(v, dtype=np.float64) for n, v in source.queries().items()}
        groups = system.groups(queries)
        unknown = [name for name in inputs if name not in fields and name not in groups]
        if unknown:
            raise SolverError(
                f"{unknown[0]!r} is no input: a query of {system.title} has the fields {list(query)} and the "
                f"groups {sorted(groups) or 'none'}"
            )
        self.numbers = {name: groups[name] for name in inputs if name not in fields}
        self.input_shapes |= {name: values.shape[1:] for name, values in self.numbers.items()}

    def _read(self, trajectory: int, frame: int, name: str) -> NDArray[np.float64]:
        if name in self.numbers:
            return np.asarray(self.numbers[name][trajectory])
        return super()._read(trajectory, frame, name)


@dataclass(frozen=True)
class Grouped(Task):
    """Groups of a query -> steady fields: what engineers know of a problem, told before anything is learned.

    The groups are found anew for each query, and their time counts.

    Attributes:
        system: knows the groups; see `System.groups`.
        inputs: query fields and groups that are given; what is not among them cannot matter.
        outputs: which of the solution's fields are learned; None for all.

    Source: Buckingham, Physical Review 4 (1914), doi:10.1103/PhysRev.4.345, for why a few of them are enough.
    """

    gives: ClassVar[type] = Pairs

    system: System
    inputs: tuple[str, ...]
    outputs: tuple[str, ...] | None = None

    @property
    def described(self) -> dict[str, Any]:
        """See `Task`."""
        return {
            "task": type(self).__name__,
            "system": {"name": self.system.name, **self.system.parameters},
            "inputs": self.inputs,
            "outputs": self.outputs,
        }

    def examples(self, training_set: TrainingSet, split: str) -> Pairs:
        """One pair for each sample.

        Raises `SolverError` for trajectories of more than one frame, for a set of another system or of one
        with other parameters, and for an input that is neither a field nor a group.
        """
        source = training_set.split(split)
        if source.frames > 1:
            raise SolverError(
                f"Grouped learns steady fields, and trajectories of {split!r} have {source.frames} frames"
            )
        if self.system.name != training_set.system_name:
            raise SolverError(
                f"the groups are those of {self.system.name}, the set is of {training_set.system_name}; take "
                "the set's own system"
            )
        own, other = self.system.parameters, training_set.system.parameters
        for name in own:
            if own[name] != other[name]:
                raise SolverError(
                    f"the groups are those of a {self.system.title} with {name} = {own[name]!r}, the set's "
                    f"has {other[name]!r}; take the set's own system"
                )
        plan = training_set.plan
        return GroupedPairs(
            source,
            inputs=self.inputs,
            outputs=plan.answer if self.outputs is None else self.outputs,
            query=plan.query,
            system=self.system,
        )

    def answer(self, surrogate: Maps) -> Answer:
        """The surrogate as something that answers queries: the same fields at every time asked for."""

        def answer(queries: Queries, times: NDArray[np.float64]) -> Solution:
            times = check_times(times)
            begin = time.perf_counter()
            said = outputs_of(surrogate, inputs_of(surrogate, {**queries, **self.system.groups(queries)}))
            values = {name: np.repeat(v[:, None], len(times), axis=1) for name, v in said.items()}
            return solution_of(values, times, seconds=time.perf_counter() - begin, what="answers")

        return answer
