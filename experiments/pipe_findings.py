"""What a comparison of pipe flow finds besides its rows: errors by regime, and who answers where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..datasets.tasks import inputs_of
from ..datasets.training_set import TrainingSet
from ..solvers.contract import Answer, Queries
from ..solvers.pipe_flow.colebrook import REGIMES
from ..solvers.pipe_flow.system import PipeFlow
from ..surrogates.mixture import Mixture
from .compare import Plan, Row
from .pipe_settings import PipeSettings
from .report import duration
from .stages import Trained
from .verdict import Verdict

__all__ = ["Findings", "experts_of", "loads_of"]

Array = NDArray[np.float64]
SHARES = {"median": 0.5, "q90": 0.9, "q99": 0.99}
IDLE = 0.01
"""An expert that is asked less often than this is idle."""


@dataclass(frozen=True)
class Findings:
    """Everything that is known when all have been judged and timed.

    Attributes:
        regimes: (samples,) places in `REGIMES` of the pipes that count.
        loads: see `loads_of`.
        answers: of the first training seeds, by label.
        trained: by label.
    """

    plan: Plan
    rows: Sequence[Row]
    verdicts: Sequence[Verdict]
    at_ninety: Sequence[Verdict]
    regimes: NDArray[np.int8]
    loads: Mapping[str, Sequence[Mapping[str, Sequence[float]]]]
    answers: Mapping[str, Answer]
    trained: Mapping[str, Trained]
    system: PipeFlow
    settings: PipeSettings
    training: TrainingSet

    @property
    def judged(self) -> list[Row]:
        """Surrogates and null models, the best first."""
        chosen = [r for r in self.rows if r.kind in ("surrogate", "null")]
        return sorted(chosen, key=lambda r: r.accuracy)

    @property
    def learned(self) -> list[Row]:
        """Surrogates that learn something, the best first."""
        return [r for r in self.judged if r.kind == "surrogate" and not r.label.startswith("interpolation")]

    def errors(self, row: Row) -> dict[str, Array]:
        """Regime -> errors of its pipes, if there are any, of all training seeds; `all` of them first."""
        found = {"all": row.scores.ravel()}
        for place, name in enumerate(REGIMES):
            if (self.regimes == place).any():
                found[name] = row.scores[:, self.regimes == place].ravel()
        return found

    def by_regime(self) -> dict[str, dict[str, dict[str, float]]]:
        """Label -> regime -> error that one half, 90 % and 99 % of its pipes stay below."""
        return {
            row.label: {
                regime: {n: float(np.quantile(e, q, method="inverted_cdf")) for n, q in SHARES.items()}
                for regime, e in self.errors(row).items()
            }
            for row in self.judged
        }

    @property
    def exact_seconds(self) -> float:
        """Of the truth's solver, for each pipe of its best batch."""
        return next(row for row in self.rows if row.kind == "reference").seconds("batch")

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "by_regime": self.by_regime(),
            "pipes_by_regime": {n: int((self.regimes == i).sum()) for i, n in enumerate(REGIMES)},
            "experts": {label: list(seeds) for label, seeds in self.loads.items()},
            "weights": self.weights(),
        }

    def weights(self) -> dict[str, dict[str, int]]:
        """Of each mixture: learned numbers that are stored, and that one answer has to do with."""
        found = {}
        for label, one in self.trained.items():
            surrogate = one.surrogates[0]
            if isinstance(surrogate, Mixture):
                mixture = surrogate.mixture
                found[label] = {"stored": mixture.stored_weights, "active": mixture.active_weights}
        return found

    def in_words(self) -> str:
        """Errors in each regime, the experts' loads, and what the solver takes, as lines of text."""
        names = ["all", *REGIMES]
        lines = [
            "relative error: median, 90 %, 99 % of the pipes",
            "  " + " " * 18 + "".join(map(_head, names)),
        ]
        for label, regimes in self.by_regime().items():
            cells = (
                "".join(f"{regimes[n][share]:9.1e}" for share in SHARES) if n in regimes else " " * 27
                for n in names
            )
            lines.append(f"  {label:18s}" + " ".join(cells))
        for label, seeds in self.loads.items():
            busy = ", ".join(str(sum(load >= IDLE for load in seed["all"])) for seed in seeds)
            shares = " ".join(f"{100 * load:.0f}" for load in sorted(seeds[0]["all"], reverse=True))
            lines.append(
                f"  {label}: experts at work {busy} of {len(seeds[0]['all'])} (each training seed); "
                f"loads of the first in %: {shares}"
            )
        lines.append(
            f"the exact solution takes {duration(self.exact_seconds)} a pipe in batches: there is nothing to "
            "gain here, and whatever is learned is compared for how it learns"
        )
        missing = {"trees", "trees-groups"} - set(self.trained)
        if len(missing) == 2 and find_spec("sklearn") is None:
            lines.append(
                "boosted trees were not compared: they need scikit-learn to learn, pip install "
                "'understudy[trees]'; those that are trained already are compared if --surrogates names them"
            )
        return "\n".join(lines)


def _head(name: str) -> str:
    return f"{name:>27s} "


def experts_of(mixture: Mixture, queries: Queries) -> NDArray[np.int64]:
    """(samples, active) numbers of the experts that answer, the weightiest first."""
    return np.asarray(mixture.chosen(_given(mixture, queries)).cpu().numpy())


def _given(mixture: Mixture, queries: Queries) -> dict[str, torch.Tensor]:
    given = inputs_of(mixture, queries)
    return {n: torch.from_numpy(a).to(mixture.device, mixture.dtype) for n, a in given.items()}


def loads_of(
    trained: Sequence[Trained], queries: Queries, regimes: NDArray[np.int8]
) -> dict[str, list[dict[str, list[float]]]]:
    """Label of a mixture -> for each training seed: regime -> share of the questions that each expert got."""
    parts = {"all": np.ones(len(regimes), np.bool_)}
    parts |= {name: regimes == place for place, name in enumerate(REGIMES)}
    found = {}
    for one in trained:
        if not all(isinstance(s, Mixture) for s in one.surrogates):
            continue
        seeds = []
        for surrogate in one.surrogates:
            asked = {
                name: {n: v[part] for n, v in queries.items()} for name, part in parts.items() if part.any()
            }
            nobody = [0.0] * surrogate.settings.experts
            seeds.append(
                {
                    name: surrogate.load(_given(surrogate, asked[name])).tolist() if name in asked else nobody
                    for name in parts
                }
            )
        found[one.label] = seeds
    return found
