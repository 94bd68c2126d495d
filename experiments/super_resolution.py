"""Can a surrogate rebuild a fine field from a coarse one, and how, beside a solver that runs along?

Kuramoto-Sivashinsky lines seen on few points: interpolation, the best linear estimate, networks trained by
several losses, a diffusion that says what it does not know; and the solver, into which the coarse frames of a
history are put one after the other.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..datasets.generate import GenerateSettings
from ..datasets.observations import Coarse, Observed
from ..datasets.training_set import TrainingSet
from ..solvers.kuramoto_sivashinsky import KuramotoSivashinsky
from ..surrogates.coarse_interpolation import CoarseInterpolation
from ..surrogates.field_diffusion import FieldDiffusion
from ..surrogates.refining_loss import LossSettings
from ..surrogates.super_resolution import SuperResolution
from ..surrogates.training import TrainingSettings
from .compare import ComparisonError
from .one_set import OneSet
from .refinement_comparison import compare_refinements
from .refinement_settings import RefinementSettings
from .stages import Candidate, Trained

__all__ = ["PRESETS", "Settings", "compare_with_solver"]


@dataclass(frozen=True)
class Settings(OneSet):
    """The experiment: an equation, a training set, how refinements are judged.

    Attributes:
        system: length, points and forcing of the equation.
        main: the training set, whose test split gives the windows.
        comparison: what is seen, histories, timing.
        window: frames that surrogates are given who are given more than one.
    """

    system: KuramotoSivashinsky
    main: GenerateSettings
    comparison: RefinementSettings
    window: int = 4

    @property
    def task(self) -> Observed:
        """What a surrogate is given that is named on the command line and is not among the candidates."""
        return self._seen(1)

    @property
    def candidates(self) -> dict[str, Candidate]:
        """The surrogates that this experiment compares."""
        return {**self._without_networks(), **self._networks()}

    def check(self, chosen: Mapping[str, Candidate], *, device: str = "cpu") -> None:
        """Refuse, before anything is solved, settings that do not fit one another or these surrogates."""
        if self.system.length <= 2 * np.pi:
            raise ComparisonError(
                f"--system.length must be above 2 pi, below which every start decays, got "
                f"{self.system.length:g}; chaos begins at about 22"
            )
        if self.window < 2:
            raise ComparisonError(f"--window must be at least 2 frames, got {self.window}")
        self.comparison.check_all(chosen, self.main, self.system)

    def _seen(self, window: int) -> Observed:
        return Observed(self.system.fields[0].name, Coarse(self.comparison.factor), window=window)

    def _without_networks(self) -> dict[str, Candidate]:
        """Null models: formulas, and the best linear estimates."""
        found = {
            method: Candidate(
                "coarse_interpolation", self.task, CoarseInterpolation.Settings(method), remark=INTERPOLATED
            )
            for method in ("fourier", "cubic", "linear")
        }
        found["regression"] = Candidate("coarse_regression", self.task, remark=LINEAR)
        found[f"regression-{self.window}"] = Candidate(
            "coarse_regression", self._seen(self.window), remark=LINEAR
        )
        return found

    def _networks(self) -> dict[str, Candidate]:
        steps, seeds = STEPS[self.size]
        descent = TrainingSettings(
            steps=steps, batch=64, learning_rate=3e-3, check_every=max(20, steps // 10)
        )
        chosen = SuperResolution.Settings(training=descent)
        # a denoiser has all levels of noise to learn
        longer = dataclasses.replace(descent, steps=2 * steps, check_every=max(20, steps // 5))
        diffusion = FieldDiffusion.Settings(training=longer)
        one, several = self._seen(1), self._seen(self.window)
        found = {
            "super-resolution": Candidate("super_resolution", one, chosen, dtype="float32", seeds=seeds),
            f"super-resolution-{self.window}": Candidate(
                "super_resolution", several, chosen, dtype="float32", seeds=seeds
            ),
        }
        for label, loss in LOSSES.items():
            settings = dataclasses.replace(chosen, loss=loss)
            found[label] = Candidate("super_resolution", one, settings, dtype="float32", seeds=1)
        for label, task in (("diffusion", one), (f"diffusion-{self.window}", several)):
            found[label] = Candidate(
                "field_diffusion", task, diffusion, dtype="float32", seeds=1, remark=ENSEMBLE
            )
        return found


STEPS = {"quick": (20, 1), "default": (3_000, 2), "paper": (20_000, 3)}
"""Updates and training seeds, by size."""
LOSSES: Mapping[str, LossSettings] = {
    "charbonnier": LossSettings(mse=0.0, charbonnier=1.0),
    "spectral": LossSettings(spectral=1.0),
    "feature": LossSettings(feature=1.0),
    "adversarial": LossSettings(adversarial=0.01),
}
"""Beside the mean square error, or in its place."""
INTERPOLATED = "learns nothing: a formula between the points that are seen"
LINEAR = "the best linear estimate: waves of different lengths are not correlated, so that it knows no others"
ENSEMBLE = "answers the mean of an ensemble; its CRPS is that of an ensemble of more members"


def compare_with_solver(
    settings: Settings,
    trained: Sequence[Trained],
    *,
    sets: Mapping[str, TrainingSet],
    folder: Path,
    progress: bool = False,
) -> str:
    """The comparison; writes results, figures and report into `folder` and returns the table."""
    return compare_refinements(
        settings.comparison,
        trained,
        system=settings.system,
        training_set=sets["main"],
        folder=folder,
        described=dataclasses.asdict(settings),
        progress=progress,
    )


def preset(size: str) -> Settings:
    """Sizes that take a minute (quick), minutes (default), or an hour or two (paper)."""
    quick = size == "quick"
    histories = (2, 4, 8) if quick else (2, 4, 8, 16, 32, 64, 128)
    comparison = RefinementSettings(
        histories=histories,
        every=8 if quick else 128,
        members=8 if quick else 32,
        rounds=2 if quick else 7,
        batches=(1, 8) if quick else (1, 16, 128),
    )
    # one window of each test trajectory but in quick: windows that overlap are not independent
    train, valid, test = {"quick": (4, 2, 4), "default": (32, 8, 128), "paper": (128, 16, 256)}[size]
    frames = 60 if quick else 300
    main = GenerateSettings(
        train_trajectories=train,
        valid_trajectories=valid,
        test_trajectories=test,
        train_frames=frames,
        valid_frames=frames // 3,
        test_frames=40 if quick else max(histories),
        interval=0.5,
        transient=200.0,
        seed=11,
        trajectories_per_shard=8,
        workers=2,
    )
    return Settings(KuramotoSivashinsky(22.0, 64), main, comparison, size=size)


PRESETS = {size: preset(size) for size in ("quick", "default", "paper")}
