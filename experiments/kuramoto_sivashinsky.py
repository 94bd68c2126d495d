"""Can a surrogate forecast the Kuramoto-Sivashinsky chaos for longer, or cheaper, than the solver?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro

from ..datasets.generate import GenerateSettings
from ..datasets.tasks import Autoregressive
from ..datasets.training_set import TrainingSet
from ..solvers.discovery import find_kit
from ..solvers.kuramoto_sivashinsky.system import KuramotoSivashinsky
from ..surrogates.cnn import CNN
from ..surrogates.learned_multistep import LearnedMultistep
from ..surrogates.mlp import MLP
from ..surrogates.nvar import NVAR
from ..surrogates.parallel_reservoirs import ParallelReservoirs
from ..surrogates.propagation import SteppingSettings
from ..surrogates.reservoir import Reservoir
from ..surrogates.resnet import ResNet
from ..surrogates.training import TrainingSettings
from .chaos import ChaosSettings, compare_forecasts
from .stages import Candidate, Trained

__all__ = ["PRESETS", "Settings", "compare_with_solver"]


@dataclass(frozen=True)
class Settings:
    """One experiment: the equation, two training sets, and how the surrogates are judged.

    Attributes:
        system: length, points and forcing of the equation.
        main: the long training set, whose test split gives the starts and their history.
        fine: a short set at a small interval, for surrogates that step like a solver.
        comparison: horizon, timing and free runs.
        size: which sizes of surrogate: quick, default or paper.
    """

    system: KuramotoSivashinsky
    main: GenerateSettings
    fine: GenerateSettings
    comparison: ChaosSettings
    size: tyro.conf.Suppress[str] = "default"

    @property
    def sets(self) -> dict[str, tuple[KuramotoSivashinsky, GenerateSettings]]:
        """The training sets by name: of which system, and how much."""
        return {"main": (self.system, self.main), "fine": (self.system, self.fine)}

    @property
    def threads(self) -> int:
        """Of training and timing alike."""
        return self.comparison.threads

    @property
    def task(self) -> Autoregressive:
        """What a surrogate is given that is named on the command line and is not among the candidates."""
        return stepping(self.system, self.main.interval)

    @property
    def candidates(self) -> dict[str, Candidate]:
        """The surrogates that this experiment compares."""
        return candidates(self.system, size=self.size, fine=self.fine.interval, main=self.main.interval)


def compare_with_solver(
    settings: Settings,
    trained: Sequence[Trained],
    *,
    sets: Mapping[str, TrainingSet],
    folder: Path,
    progress: bool = False,
) -> str:
    """The comparison; writes results, figures and report into `folder` and returns the table."""
    return compare_forecasts(
        settings.comparison,
        trained,
        kit=find_kit(settings.system.name),
        system=settings.system,
        sets=sets,
        folder=folder,
        described=dataclasses.asdict(settings),
        progress=progress,
    )


GREY_BOX = (
    "grey box: it is told the form of the equation, starts from a classical multistep scheme, and runs in "
    "the solver's compiled kernel"
)


def stepping(system: KuramotoSivashinsky, interval: float) -> Autoregressive:
    """The whole state, one interval on."""
    return Autoregressive(interval, fields=tuple(field.name for field in system.fields))


def candidates(system: KuramotoSivashinsky, *, size: str, main: float, fine: float) -> dict[str, Candidate]:
    """Surrogates with the settings that were chosen on validation starts, for L = 22, 60 and 200."""
    unit, quick = system.characteristic_time, size == "quick"
    main_task, fine_task, double = (stepping(system, i) for i in (main, fine, 2 * fine))
    equation = LearnedMultistep.Settings(
        length=system.length,
        delays=5,  # by valid time and cost on validation starts: 4 to 8 were tried
        window=round(0.95 * unit),
        windows={"quick": 8, "default": 96, "paper": 96}[size],
        trial=40.0 if quick else round(9.5 * unit),
    )
    # every node has a place on the grid and hears its surroundings; chosen on validation starts
    reservoir = Reservoir.Settings(
        thinning=2,
        nodes=256 if quick else 3008,
        samples=40_000,
        direct=True,
        ridge=1e-8,
        noise=1e-3 if quick else 1e-5,
        reach=1,
        inputs_per_node=3,
        input_scale=0.2,
        radius=0.2,
        bias_scale=0.5,
    )
    patches = ParallelReservoirs.Settings(
        points=2 * round(system.length / 1.5), nodes=300 if quick else 3000, shared=system.forcing == 0
    )
    short = system.length < 30
    coarse = system.points // 2 if short else system.points
    seeds = 1 if size == "quick" else 3
    return {
        "persistence": Candidate("persistence", main_task),
        "climatology": Candidate("climatology", main_task),
        **(
            {"reservoir": Candidate("reservoir", main_task, reservoir, seeds=seeds)}
            if short
            else {"parallel-reservoirs": Candidate("parallel_reservoirs", main_task, patches, seeds=seeds)}
        ),
        "nvar": Candidate(
            "nvar",
            double,
            NVAR.Settings(points=coarse),
            training_set="fine",
            seeds=1,
            remark="grey box: it is told that the nonlinearity is quadratic; runs in the solver's kernel",
        ),
        **(steppers(size, main_task, seeds=seeds) if short else {}),
        "learned-multistep": Candidate(
            "learned_multistep",
            double,
            dataclasses.replace(equation, points=coarse),
            training_set="fine",
            seeds=seeds,
            remark=GREY_BOX,
        ),
        "learned-multistep-fine": Candidate(
            "learned_multistep", fine_task, equation, training_set="fine", seeds=seeds, remark=GREY_BOX
        ),
    }


def steppers(size: str, task: Autoregressive, *, seeds: int) -> dict[str, Candidate]:
    """Networks that gradients train; on validation starts, two steps in the loss did better than one."""
    stepping = SteppingSettings(coarsen=2, unroll=2, input_noise=1e-4, filter_floor=0.0)
    steps = {"quick": 100, "default": 3500, "paper": 15_000}[size]
    training = TrainingSettings(steps=steps, batch=32, check_every=max(50, steps // 10))
    short = dataclasses.replace(training, steps=steps // 2)
    settings = {
        "cnn": CNN.Settings(channels=24, width=9, layers=2, stepping=stepping, training=training),
        "resnet": ResNet.Settings(channels=16, width=9, blocks=2, stepping=stepping, training=training),
        "mlp": MLP.Settings(hidden=(256, 256), stepping=stepping, training=short),
    }
    return {
        name: Candidate(name, task, chosen, dtype="float32", seeds=seeds) for name, chosen in settings.items()
    }


def preset(size: str, system: KuramotoSivashinsky | None = None) -> Settings:
    """Sizes that take seconds (quick), minutes (default), or those of Pathak et al. 2018 (paper)."""
    if system is None:
        system = KuramotoSivashinsky(200.0, 512) if size == "paper" else KuramotoSivashinsky(22.0, 64)
    unit = system.characteristic_time
    comparison = {
        "quick": ChaosSettings(
            warm_up=20.0, horizon=10.0, free_run=40.0, free_runs=2, rounds=2, batches=(1, 8)
        ),
        "default": ChaosSettings(),
        "paper": ChaosSettings(),
    }[size]
    trajectories, frames = {"quick": (4, 600), "default": (16, 5000), "paper": (14, 5000)}[size]
    tests = {"quick": 6, "default": 100, "paper": 100}[size]
    shown = comparison.warm_up + comparison.horizon * unit
    main = GenerateSettings(
        train_trajectories=trajectories,
        valid_trajectories=max(2, tests // 8),
        test_trajectories=tests,
        train_frames=frames,
        valid_frames=1 + int(shown / 0.25),
        test_frames=1 + int(shown / 0.25),
        interval=0.25,
        transient=300.0,
        # other test starts than those on which the first versions of the surrogates had been seen
        seed=2,
        trajectories_per_shard=8 if size == "quick" else 25,
        workers=2,
    )
    window = 1 + int((1.0 + unit) * 24)
    fine = dataclasses.replace(
        main,
        train_trajectories=8 if size == "quick" else 96,
        train_frames=window,
        valid_trajectories=2 if size == "quick" else 12,
        valid_frames=1 + int((1.0 + (40.0 if size == "quick" else 10 * unit)) * 24),
        test_trajectories=1,
        test_frames=window,
        interval=1 / 24,
        seed=3,
        trajectories_per_shard=8 if size == "quick" else 32,
    )
    return Settings(system=system, main=main, fine=fine, comparison=comparison, size=size)


PRESETS = {size: preset(size) for size in ("quick", "default", "paper")}
