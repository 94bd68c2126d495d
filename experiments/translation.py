"""Can flows at one Reynolds number be translated into those at another, where no flow is known at both?

Two archives of flows about obstacles, of different obstacles. Means and covariances, one encoder with two
decoders, and what pairs would have told; beside a solver, which may begin with the flow that is given.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..datasets.generate import GenerateSettings
from ..datasets.training_set import TrainingSet
from ..datasets.translations import Archived, Translated
from ..solvers.discovery import find_kit
from ..solvers.steady_flow.system import SteadyFlow
from ..surrogates.gaussian_transport import GaussianTransport
from ..surrogates.paired_translation import PairedTranslation
from ..surrogates.shared_translation import EncoderSettings
from ..surrogates.training import TrainingSettings
from ..surrogates.translation_regression import TranslationRegression
from ..surrogates.unpaired_translation import UnpairedTranslation
from .compare import ComparisonError
from .judging import Judging
from .one_set import OneSet
from .stages import Candidate, Trained
from .translation_comparison import compare_translations

__all__ = ["PRESETS", "Settings", "compare_with_solver"]


@dataclass(frozen=True, kw_only=True)
class Settings(OneSet):
    """The experiment: a channel, a training set, another viscosity, how translations are judged.

    Attributes:
        system: grid, shapes and Reynolds numbers that are asked for.
        main: the training set, at these. Half of its flows are learned from.
        viscous: how many times the viscosity is larger in the flows that are given.
        comparison: how answers are judged and timed.
    """

    system: SteadyFlow
    main: GenerateSettings
    viscous: float
    comparison: Judging

    @property
    def task(self) -> Archived:
        """What a surrogate is given that is named on the command line and is not among the candidates."""
        return Archived(**self._posed)

    @property
    def paired(self) -> Translated:
        """The same with pairs."""
        return Translated(**self._posed)

    @property
    def candidates(self) -> dict[str, Candidate]:
        """The surrogates that this experiment compares."""
        return candidates(self.size, self.task, self.paired)

    def check(self, chosen: Mapping[str, Candidate], *, device: str = "cpu") -> None:
        """Refuse, before anything is solved, settings that do not fit one another or these surrogates."""
        self.comparison.check()
        if not self.viscous > 0:
            raise ComparisonError(f"--viscous must be positive, got {self.viscous}")
        if self.viscous * 45 < self.system.most_reynolds:
            raise ComparisonError(
                f"--viscous {self.viscous:g} asks for flows at a Reynolds number of "
                f"{self.system.most_reynolds / self.viscous:g}, where flows are not steady; raise it"
            )
        if min(self.main.train_trajectories, self.main.valid_trajectories) < 4:
            raise ComparisonError(
                "--main.train-trajectories and --main.valid-trajectories must be at least 4, for each gives "
                f"two archives; got {self.main.train_trajectories} and {self.main.valid_trajectories}"
            )
        self.check_one_frame(judged="flows", steady="steady flows have one frame")
        for label, candidate in chosen.items():
            if not isinstance(candidate.task, Translated):
                raise ComparisonError(f"{label} is not given a flow to translate; choose other surrogates")

    @property
    def _posed(self) -> dict[str, Any]:
        return {
            "solver": find_kit(self.system.name).standard(self.system),
            "fields": ("u", "v"),
            "factors": (("viscosity", self.viscous),),
        }


def compare_with_solver(
    settings: Settings,
    trained: Sequence[Trained],
    *,
    sets: Mapping[str, TrainingSet],
    folder: Path,
    progress: bool = False,
) -> str:
    """Judge and time; writes results, figures and report into `folder`; returns the tables."""
    return compare_translations(
        settings.comparison,
        trained,
        system=settings.system,
        task=settings.task,
        training_set=sets["main"],
        folder=folder,
        described=dataclasses.asdict(settings),
        progress=progress,
    )


def candidates(size: str, task: Archived, paired: Translated) -> dict[str, Candidate]:
    """The identity, closed forms and networks without pairs; then what pairs would have told."""
    seeds = 1 if size == "quick" else 3
    steps, steps_paired = {"quick": (20, 20), "default": (1_500, 2_500), "paper": (6_000, 20_000)}[size]
    encoder = EncoderSettings(components={"quick": 6}.get(size, 32))
    descent = TrainingSettings(
        steps=steps,
        batch=256,
        optimiser="adam",
        learning_rate=1e-3,
        clip=1.0,
        check_every=max(10, steps // 20),
    )
    regression = dataclasses.replace(
        descent, steps=steps_paired, batch=128, check_every=max(10, steps_paired // 20)
    )
    network = UnpairedTranslation.Settings(encoder, training=descent)
    told = PairedTranslation.Settings(
        dataclasses.replace(encoder, components=2 * encoder.components), regression
    )
    told_as_much = dataclasses.replace(told, encoder=encoder)

    def closed(how: Any, remark: str) -> Candidate:
        chosen = GaussianTransport.Settings(encoder.components, how)
        return Candidate("gaussian_transport", task, chosen, seeds=1, remark=f"{WITHOUT}; {remark}")

    return {
        "identity": Candidate("unchanged", task, remark="answers the flow that was given"),
        "shift": closed("shift", "moves every flow by the difference of the means"),
        "transport": closed("transport", "the shortest map between means and covariances"),
        "components": closed("components", "principal components of the one for those of the other"),
        # in double precision: one that stands aside is the identity, not the identity rounded
        "shared-encoder": Candidate("unpaired_translation", task, network, seeds=seeds, remark=WITHOUT),
        "shared-encoder-from-shift": Candidate(
            "unpaired_translation",
            task,
            dataclasses.replace(network, encoder=dataclasses.replace(encoder, how="shift")),
            seeds=1,
            remark=f"{WITHOUT}; begins with the shift instead of the transport",
        ),
        "paired-regression": Candidate(
            "translation_regression", paired, TranslationRegression.Settings(), seeds=1, remark=WITH
        ),
        "paired-encoder": Candidate(
            "paired_translation", paired, told, dtype="float32", seeds=seeds, remark=WITH
        ),
        "paired-encoder-same-size": Candidate(
            "paired_translation",
            paired,
            told_as_much,
            dtype="float32",
            seeds=seeds,
            remark=f"{WITH}; as many components as the shared encoder, half of paired-encoder's",
        ),
    }


WITHOUT = "no pairs"
WITH = "told which flow belongs to which, of as many flows in all"


def preset(size: str) -> Settings:
    """Sizes that take half a minute (quick), some ten minutes (default), or an hour (paper)."""
    train, valid, test = {"quick": (120, 100, 6), "default": (1_600, 240, 100), "paper": (8_000, 800, 250)}[
        size
    ]
    rows, reynolds = (24, 30.0) if size == "quick" else (32, 40.0)
    system = SteadyFlow(rows, 2 * rows, least_reynolds=reynolds, most_reynolds=reynolds)
    main = GenerateSettings(
        train_trajectories=train,
        valid_trajectories=valid,
        test_trajectories=test,
        train_frames=1,
        valid_frames=1,
        test_frames=1,
        interval=1.0,
        seed=23,
        trajectories_per_shard={"quick": 30, "default": 200, "paper": 500}[size],
        workers=2,
        dtype="float32",
    )
    comparison = Judging()
    if size == "quick":
        comparison = Judging(rounds=2, alone=2, batches=(1, 6))
    return Settings(system=system, main=main, viscous=8.0, comparison=comparison, size=size)


PRESETS = {size: preset(size) for size in ("quick", "default", "paper")}
