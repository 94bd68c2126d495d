"""What a comparison of finders finds besides its rows: what they find, by noise and by number of vortices."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets.training_set import TrainingSet
from ..solvers.contract import Solution
from ..solvers.vortices.system import Vortices
from .compare import Plan, Row
from .verdict import Verdict
from .vortex_measures import Matches, mask_scores, matched
from .vortex_settings import VortexSettings

__all__ = ["Findings", "Found", "found_by"]

Classes = Mapping[str, NDArray[np.bool_]]


@dataclass(frozen=True)
class Found:
    """What one contestant found in the test fields, all training seeds.

    Attributes:
        matches: for each seed.
        overlaps: (seeds, samples) intersection over union of the masks.
        first: what the first seed answers.
    """

    matches: tuple[Matches, ...]
    overlaps: NDArray[np.float64]
    first: Solution

    def tally(self, chosen: NDArray[np.bool_]) -> dict[str, float]:
        """Means over the seeds of what `Matches.tally` says of these samples, and the median overlap."""
        each = [matches.tally(chosen) for matches in self.matches]
        found = {name: float(np.mean([one[name] for one in each])) for name in each[0]}
        return found | {"mask_overlap": float(np.median(self.overlaps[:, chosen]))}


def found_by(answers: Sequence[Solution], truth: Solution, *, system: Vortices, reach: float) -> Found:
    """From what each training seed answers."""
    return Found(
        tuple(matched(a, truth, spacing=system.spacing, reach=reach) for a in answers),
        np.stack([mask_scores(a, truth) for a in answers]),
        answers[0],
    )


@dataclass(frozen=True)
class Findings:
    """Everything that is known when all have been judged and timed.

    Attributes:
        found: by label, of all contestants but the truth and the control.
    """

    plan: Plan
    rows: Sequence[Row]
    verdicts: Sequence[Verdict]
    at_ninety: Sequence[Verdict]
    found: Mapping[str, Found]
    system: Vortices
    settings: VortexSettings
    training: TrainingSet

    @property
    def shown(self) -> list[Row]:
        """Surrogates, null models, and of each family of solvers the most accurate one."""
        rows = sorted((r for r in self.rows if r.label in self.found), key=lambda r: r.accuracy)
        best = {family_of(r): r for r in reversed(rows) if r.kind == "ladder"}
        return [r for r in rows if r.kind != "ladder" or best[family_of(r)] is r]

    @property
    def by_noise(self) -> Classes:
        """The test fields in classes of noise; the last class has its upper end."""
        noise, most = np.asarray(self.plan.queries["noise"]), self.system.most_noise or 1.0
        bounds = most * np.asarray(self.settings.noises)
        classes = {}
        for low, high in itertools.pairwise(bounds):
            inside = (noise >= low) & ((noise < high) | ((noise == high) & (high == bounds[-1])))
            classes[f"{low:.3g} to {high:.3g}"] = inside
        return {name: inside for name, inside in classes.items() if inside.any()}

    @property
    def by_number(self) -> Classes:
        """The test fields by how many vortices they have."""
        there = np.asarray(self.plan.queries["drawn_present"]).sum(axis=1)
        return {f"{n:.0f}": there == n for n in np.unique(there)}

    @property
    def everywhere(self) -> NDArray[np.bool_]:
        """All test fields."""
        return np.ones(len(self.plan.queries["noise"]), np.bool_)

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "found": {label: found.tally(self.everywhere) for label, found in self.found.items()},
            **{
                name: {
                    r.label: {k: self.found[r.label].tally(c) for k, c in classes.items()} for r in self.shown
                }
                for name, classes in (("by_noise", self.by_noise), ("by_number", self.by_number))
            },
        }

    def in_words(self) -> str:
        """What each finds, as lines of text."""
        reach = self.settings.reach
        lines = [
            f"found within {reach:g} {'cell' if reach == 1 else 'cells'}; errors: medians of what is found",
            f"  {'':28s}{'average':>10s}{'F1':>7s}{'place':>9s}{'circu-':>9s}{'core':>8s}{'mask':>7s}",
            f"  {'':28s}{'precision':>10s}{'':>7s}{'(cells)':>9s}{'lation':>9s}{'radius':>8s}{'IoU':>7s}",
        ]
        for row in self.shown:
            t = self.found[row.label].tally(self.everywhere)
            lines.append(
                f"  {row.label:28s}{t['average_precision']:10.3f}{t['f1']:7.3f}{t['place']:9.3f}"
                f"{100 * t['circulation']:7.1f} %{100 * t['radius']:6.1f} %{t['mask_overlap']:7.3f}"
            )
        return "\n".join(lines)


def family_of(row: Row) -> str:
    """A criterion, or the fits: settings of one solver belong together."""
    return str(row.settings.get("criterion", row.settings.get("solver", row.label)))
