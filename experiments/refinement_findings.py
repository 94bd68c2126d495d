"""What a comparison of refinements found, for its figures and its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..datasets.observations import SEEN, Coarse
from ..solvers.contract import Answer, System
from .compare import Plan, Row
from .refinement_measures import Ensemble
from .refinement_settings import RefinementSettings
from .verdict import Verdict

__all__ = ["Findings"]


@dataclass(frozen=True, eq=False)
class Findings:
    """Rows and verdicts, and what figures are drawn of.

    Attributes:
        answers: of surrogates and null models, first training seeds, by label.
        frames: that each of these is given.
        ensembles: of those that give some, by label.
        stretch: a whole test trajectory, (frames, points).
        interval: between two frames.
    """

    plan: Plan
    rows: Sequence[Row]
    verdicts: Sequence[Verdict]
    answers: Mapping[str, Answer]
    frames: Mapping[str, int]
    ensembles: Mapping[str, Ensemble]
    stretch: NDArray[np.float64]
    system: System
    settings: RefinementSettings
    interval: float

    @property
    def field(self) -> str:
        """Name of what is rebuilt."""
        return next(iter(self.plan.truth.values))

    @property
    def truth(self) -> NDArray[np.float64]:
        """(windows, points) last frames."""
        return np.asarray(self.plan.truth.values[self.field][:, 0])

    @property
    def best(self) -> Row | None:
        """The most accurate surrogate, if there is one."""
        found = [row for row in self.rows if row.kind == "surrogate"]
        return min(found, key=lambda row: row.accuracy, default=None)

    def said(self, label: str) -> NDArray[np.float64]:
        """(windows, points) what it answers to all windows."""
        return np.asarray(self.answers[label](self.plan.queries, self.plan.times).values[self.field][:, 0])

    def seen(self) -> NDArray[np.float64]:
        """(frames, coarse points) the stretch as it is seen."""
        return Coarse(self.settings.factor)(self.stretch, np.random.default_rng(0))[SEEN]

    def rebuilt(self, label: str) -> NDArray[np.float64]:
        """(frames, points) the stretch as it is rebuilt, NaN before there are frames enough."""
        seen, window = self.seen(), self.frames[label]
        asked = np.stack([seen[end - window : end] for end in range(window, len(seen) + 1)])
        found = np.full_like(self.stretch, np.nan)
        found[window - 1 :] = self.answers[label]({SEEN: asked}, self.plan.times).values[self.field][:, 0]
        return found
