"""What a surrogate that learns from equations is given: the system, what is asked, and perhaps answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..solvers.contract import Answer, Queries, SolverError, System
from .pairs import Pairs
from .plan import DatasetError
from .tasks import Task, TimeConditioned

if TYPE_CHECKING:
    from .training_set import TrainingSet

__all__ = ["KnownEquations", "Physics"]


@dataclass(frozen=True)
class KnownEquations:
    """A system's equations for one query, or for all values of its numbers, and answers that are known.

    Attributes:
        system: whose equations these are.
        query: one sample, (1, ...) each; numbers over whose range they are to be solved are left out.
        horizon: until when.
        numbers: which were left out.
        equations: whether they are to be learned from, or the answers alone.
        pairs: of which the first answers are known; None for none.
        answers: of how many trajectories.
    """

    system: System
    query: Queries
    horizon: float
    numbers: tuple[str, ...] = ()
    equations: bool = True
    pairs: Pairs | None = None
    answers: int = 0

    def __len__(self) -> int:
        return 1 if self.pairs is None else len(self.pairs)


@dataclass(frozen=True)
class Physics(Task):
    """(Place, time, numbers) -> fields, learned from the system's equations, known answers, or both.

    Attributes:
        horizon: until when.
        numbers: of the query, over whose range in the system the equations are solved at once; with none,
            they are solved for a single query, the first of the test split: as a solver is, the network is
            told what is asked, and nothing of the answer.
        equations: whether they are learned from.
        answers: of how many training trajectories the answers are learned from.

    Raises `SolverError` where there is nothing to learn from.
    """

    gives: ClassVar[type] = KnownEquations

    horizon: float
    numbers: tuple[str, ...] = ()
    equations: bool = True
    answers: int = 0

    def __post_init__(self) -> None:
        if not self.horizon > 0 or self.answers < 0 or not (self.equations or self.answers):
            raise SolverError(
                "a physics task needs a positive horizon, and equations or answers to learn from; got "
                f"horizon {self.horizon}, equations {self.equations}, answers {self.answers}"
            )

    def examples(self, training_set: TrainingSet, split: str) -> KnownEquations:
        """The equations for what the split asks, and in training its first answers.

        Raises `DatasetError` where the queries differ in anything but the numbers that vary, or there are
        fewer answers than are wanted.
        """
        source = training_set.split(split)
        asked = source if self.numbers else training_set.split("test")
        queries = {name: np.asarray(values, dtype=np.float64) for name, values in asked.queries().items()}
        unknown = sorted({*self.numbers} - {*queries})
        if unknown:
            raise DatasetError(f"a query has no number {unknown[0]!r}; it has {', '.join(sorted(queries))}")
        fixed = {name: values[:1] for name, values in queries.items() if name not in self.numbers}
        answers = self.answers if split == "train" else len(source) if self.numbers else 0
        for name, values in source.queries().items() if self.numbers or answers else ():
            if name in fixed and (values != fixed[name]).any():
                raise DatasetError(
                    f"the queries of {training_set.name} differ in {name!r}, over which one problem cannot "
                    "reach: name it among the task's numbers if it is one, or generate a set in which it is "
                    "the same"
                )
        if answers > len(source):
            raise DatasetError(
                f"{answers} answers are to be learned from, but the split {split!r} has {len(source)}"
            )
        pairs = None
        if answers:
            outputs = [field.name for field in training_set.system.fields]
            horizon = self.horizon if source.frames > 1 else None
            pairs = Pairs(source, inputs=list(queries), outputs=outputs, timed=True, horizon=horizon)
        return KnownEquations(
            training_set.system,
            fixed,
            self.horizon,
            self.numbers,
            self.equations,
            pairs,
            answers,
        )

    def answer(self, surrogate: Any) -> Answer:
        """See `TimeConditioned`: every sample with every time, in one batch."""
        return TimeConditioned().answer(surrogate)
