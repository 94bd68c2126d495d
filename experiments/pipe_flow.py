"""Three regimes, a jump and a category: what learns them best, where the solver takes no time at all?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..datasets.generate import GenerateSettings
from ..datasets.groups import Grouped
from ..datasets.tasks import Direct
from ..datasets.training_set import TrainingSet
from ..solvers.pipe_flow.system import PipeFlow
from ..surrogates.answering import AnsweringSettings
from ..surrogates.boosted_trees import BoostedTrees
from ..surrogates.dense import Dense
from ..surrogates.interpolation import Interpolation
from ..surrogates.mixture import Mixture
from ..surrogates.residual_dense import ResidualDense
from ..surrogates.training import TrainingSettings
from ..surrogates.tree_growing import GrowingSettings
from .compare import ComparisonError
from .one_set import OneSet
from .pipe_comparison import compare_pipes
from .pipe_settings import PipeSettings
from .stages import Candidate, Trained

__all__ = ["PRESETS", "Settings", "compare_with_solver"]


@dataclass(frozen=True)
class Settings(OneSet):
    """The experiment: pipes, a training set, how surrogates are judged.

    Attributes:
        system: Reynolds numbers and diameters of the pipes.
        main: the training set, whose test split is judged.
        comparison: how answers are judged and timed.
    """

    system: PipeFlow
    main: GenerateSettings
    comparison: PipeSettings

    @property
    def task(self) -> Direct:
        """What a surrogate is given that is named on the command line and is not among the candidates."""
        return Direct()

    @property
    def candidates(self) -> dict[str, Candidate]:
        """The surrogates that this experiment compares."""
        return candidates(self.size, self.system)

    def check(self, chosen: Mapping[str, Candidate], *, device: str = "cpu") -> None:
        """Refuse, before anything is solved, settings that do not fit one another or these surrogates."""
        self.comparison.check()
        self.check_one_frame(judged="pipes", steady="steady flows have one frame")
        if self.main.valid_trajectories < 1:
            raise ComparisonError(
                "--main.valid-trajectories must be at least 1: all that learns is judged by these pipes; got "
                f"{self.main.valid_trajectories}"
            )


def compare_with_solver(
    settings: Settings,
    trained: Sequence[Trained],
    *,
    sets: Mapping[str, TrainingSet],
    folder: Path,
    progress: bool = False,
) -> str:
    """Judge and time; writes results, figures and report into `folder`; returns the tables."""
    return compare_pipes(
        settings.comparison,
        trained,
        system=settings.system,
        sets=sets,
        folder=folder,
        described=dataclasses.asdict(settings),
        progress=progress,
    )


LOGARITHMS = ("reynolds", "diameter", "friction")


def candidates(size: str, system: PipeFlow) -> dict[str, Candidate]:
    """Networks, mixtures and trees; and what they may not lose to."""
    pipes = Direct()
    groups = Grouped(system, inputs=("reynolds", "relative_roughness"))
    seen = AnsweringSettings(loss="mae", frames=1, categories=("material",), logarithmic=LOGARITHMS)
    known = dataclasses.replace(
        seen, categories=(), logarithmic=("reynolds", "relative_roughness", "friction")
    )
    seeds = 1 if size == "quick" else 3
    dense = Dense.Settings(
        hidden=(64, 64, 64),
        activation="silu",
        answering=seen,
        training=descent(size, 4_000, 20_000, rate=1e-2),
    )
    residual = ResidualDense.Settings(
        width=64,
        blocks=3,
        query_features=0,
        answering=seen,
        training=descent(size, 4_000, 20_000, rate=3e-3),
    )
    mixture = Mixture.Settings(
        experts=8,
        active=1,
        hidden=(32, 32),
        balance=0.0,
        answering=seen,
        training=descent(size, 6_000, 30_000, rate=1e-2),
    )
    trees = BoostedTrees.Settings(
        growing=GrowingSettings(
            trees={"quick": 100}.get(size, 6_000), learning_rate=0.05, leaves=8, samples_in_leaf=5
        ),
        categories=("material",),
        logarithmic=("friction",),
    )
    grown = find_spec("sklearn") is not None

    def network(name: str, settings: Any, task: Direct | Grouped = pipes, **how: Any) -> Candidate:
        return Candidate(name, task, settings, dtype="float32", seeds=seeds, **how)

    balanced = dataclasses.replace(mixture, balance=0.01)
    return {
        "training-mean": Candidate("training_mean", pipes),
        "interpolation": Candidate(
            "interpolation",
            pipes,
            Interpolation.Settings(categories=("material",), logarithmic=LOGARITHMS),
            remark=f"{TABLE}, of each material apart",
        ),
        "interpolation-groups": Candidate(
            "interpolation",
            groups,
            Interpolation.Settings(logarithmic=known.logarithmic),
            remark=f"{TABLE}; {TOLD}",
        ),
        "dense": network("dense", dense),
        "dense-codes": network(
            "dense",
            dataclasses.replace(dense, answering=dataclasses.replace(seen, categories=())),
            remark="sees the material's code as a number, and its size means nothing",
        ),
        "dense-groups": network("dense", dataclasses.replace(dense, answering=known), groups, remark=TOLD),
        "residual-dense": network("residual_dense", residual),
        "mixture-1-free": network("mixture", mixture, remark="one expert of eight answers; no balance"),
        "mixture-1": network("mixture", balanced, remark="one expert of eight answers; balanced loads"),
        "mixture-2": network(
            "mixture",
            dataclasses.replace(balanced, active=2),
            remark="two experts of eight answer; balanced loads",
        ),
        "trees": Candidate("boosted_trees", pipes, trees, seeds=1, by_default=grown),
        "trees-groups": Candidate(
            "boosted_trees",
            groups,
            dataclasses.replace(trees, categories=()),
            seeds=1,
            by_default=grown,
            remark=TOLD,
        ),
    }


def descent(size: str, default: int, paper: int, *, rate: float) -> TrainingSettings:
    """So many steps at the default and the paper's size, 20 small ones at the quick."""
    steps = {"quick": 20, "default": default, "paper": paper}[size]
    return TrainingSettings(
        steps=steps,
        batch=64 if size == "quick" else 512,
        optimiser="soap",
        learning_rate=rate,
        check_every=max(20, steps // 20),
    )


TABLE = "learns nothing: reads off the table of the training pipes, linearly in the logarithms"
TOLD = "is told the roughness in parts of the diameter, instead of the material and the diameter"


def preset(size: str) -> Settings:
    """Sizes that take seconds (quick), minutes (default), or an hour (paper)."""
    train, valid, test = {
        "quick": (300, 100, 200),
        "default": (4000, 1000, 4000),
        "paper": (40_000, 4000, 4000),
    }[size]
    main = GenerateSettings(
        train_trajectories=train,
        valid_trajectories=valid,
        test_trajectories=test,
        train_frames=1,
        valid_frames=1,
        test_frames=1,
        interval=1.0,
        seed=1,
        trajectories_per_shard=4000,
    )
    comparison = PipeSettings()
    if size == "quick":
        comparison = PipeSettings(rounds=2, alone=2, batches=(1, 64), map_points=24)
    return Settings(system=PipeFlow(), main=main, comparison=comparison, size=size)


PRESETS = {size: preset(size) for size in ("quick", "default", "paper")}
