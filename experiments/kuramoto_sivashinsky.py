"""Can a surrogate forecast the Kuramoto-Sivashinsky chaos for longer, or cheaper, than the solver?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from ..datasets.generate import GenerateSettings
from ..datasets.tasks import Autoregressive
from ..datasets.training_set import TrainingSet
from ..solvers.discovery import find_kit
from ..solvers.kuramoto_sivashinsky.ladder import DENSITIES, compiled_grid
from ..solvers.kuramoto_sivashinsky.system import KuramotoSivashinsky
from ..surrogates.cnn import CNN
from ..surrogates.fourier_stepper import FourierStepper
from ..surrogates.learned_multistep import LearnedMultistep
from ..surrogates.mlp import MLP
from ..surrogates.nvar import NVAR
from ..surrogates.parallel_reservoirs import ParallelReservoirs
from ..surrogates.propagation import SteppingSettings
from ..surrogates.reservoir import Reservoir
from ..surrogates.resnet import ResNet
from ..surrogates.training import TrainingSettings
from ..surrogates.transformer_stepper import TransformerStepper
from .chaos import compare_forecasts
from .chaos_settings import ChaosSettings
from .compare import ComparisonError
from .stages import Candidate, Trained

__all__ = ["PRESETS", "Settings", "compare_with_solver"]


@dataclass(frozen=True)
class Settings:
    """The experiment: an equation, training sets, how surrogates are judged.

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
        self._check_grid()
        return candidates(self.system, size=self.size, fine=self.fine.interval, main=self.main.interval)

    def check(self, chosen: Mapping[str, Candidate], *, device: str = "cpu") -> None:
        """Refuse, before anything is solved, settings that do not fit one another or these surrogates."""
        self._check_grid()
        unit, points = self.system.characteristic_time, self.system.points
        sets = {name: sizes for name, (_, sizes) in self.sets.items()}
        self.comparison.check(chosen, sets, unit=unit, numbers=points, device=device)
        for label, candidate in chosen.items():
            if isinstance(candidate.settings, LearnedMultistep.Settings):
                needed = candidate.settings.delays * candidate.interval + candidate.settings.window
                used = sets[candidate.training_set]
                if used.interval * (used.train_frames - 1) < needed:
                    raise ComparisonError(
                        f"{label} learns from forecasts of {candidate.settings.window:g}, for which "
                        f"--{candidate.training_set}.train-frames {used.train_frames} at --"
                        f"{candidate.training_set}.interval {used.interval:g} is too short; ask for at least "
                        f"{2 + int(needed / used.interval)}"
                    )

    def _check_grid(self) -> None:
        """Lines and grids on which this experiment's ladder and surrogates make sense."""
        length, points = self.system.length, self.system.points
        if length <= 2 * np.pi:
            raise ComparisonError(
                f"--system.length must be above 2 pi, below which every start decays, got {length:g}; chaos "
                "begins at about 22"
            )
        if not 16 <= points <= 4096:
            raise ComparisonError(f"--system.points must lie between 16 and 4096 here, got {points}")
        if points < 1.5 * length:
            raise ComparisonError(
                f"--system.points {points} cannot resolve --system.length {length:g}; ask for about 3 per "
                "unit length, 1.5 at least"
            )


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
CONTROL = (
    "control: the best classical multistep scheme at this step, unchanged, in the place of a surrogate; its "
    "speed-up says how far apart one and the same scheme can come out"
)


def stepping(system: KuramotoSivashinsky, interval: float) -> Autoregressive:
    """The whole state, one interval on."""
    return Autoregressive(interval, fields=tuple(field.name for field in system.fields))


def candidates(system: KuramotoSivashinsky, *, size: str, main: float, fine: float) -> dict[str, Candidate]:
    """Surrogates with the settings that were chosen on validation starts, for L = 22, 60 and 200.

    Where there is forcing, the surrogates that know the equation's form are left out but for `nvar`, which
    learns it.
    """
    unit, quick = system.characteristic_time, size == "quick"
    main_task, fine_task = stepping(system, main), stepping(system, fine)
    forced = system.forcing != 0
    grids = [compiled_grid(system, density=density) for density in DENSITIES]
    # a long line shows as many events in fewer windows
    windows = max(24, round(96 * min(1.0, 44 / system.length)))
    multistep = LearnedMultistep.Settings(
        length=system.length,
        points=grids[2],
        delays=8,
        window=round(0.95 * unit),
        windows=8 if quick else windows,
        trial=40.0 if quick else round(9.5 * unit),
    )
    multisteps = {
        "learned-multistep": multistep,
        "learned-multistep-fine": dataclasses.replace(
            multistep, points=compiled_grid(system, density=1.8), delays=10
        ),
        "control": dataclasses.replace(multistep, points=grids[1], delays=5, rounds=0),
    }
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
        points=2 * round(system.length / 1.5), nodes=300 if quick else 3000, shared=not forced
    )
    short = system.length < 30
    seeds = 1 if size == "quick" else 3
    return {
        "persistence": Candidate("persistence", main_task),
        "climatology": Candidate("climatology", main_task),
        **({"reservoir": Candidate("reservoir", main_task, reservoir, seeds=seeds)} if short else {}),
        "parallel-reservoirs": Candidate(
            "parallel_reservoirs", main_task, patches, seeds=seeds, by_default=not short
        ),
        "nvar": Candidate(
            "nvar",
            fine_task,
            NVAR.Settings(points=grids[1], forced=forced),
            training_set="fine",
            seeds=1,
            remark="grey box: it is told that the nonlinearity is quadratic; runs in the solver's kernel",
        ),
        **(steppers(size, main_task, points=system.points) if short else {}),
        **{
            label: Candidate(
                "learned_multistep",
                fine_task,
                settings,
                training_set="fine",
                seeds=seeds if settings.rounds else 1,
                control=settings.rounds == 0,
                remark=GREY_BOX if settings.rounds else CONTROL,
            )
            for label, settings in multisteps.items()
            if not forced
        },
    }


def steppers(size: str, task: Autoregressive, *, points: int) -> dict[str, Candidate]:
    """Networks that gradients train; on validation starts, two steps in the loss did better than one.

    Transformer and Fourier operator have as many numbers to learn as the CNN, within a tenth.
    """
    stepping = SteppingSettings(coarsen=2, unroll=2, input_noise=1e-4, filter_floor=0.0)
    # a seed takes half a minute of a core by default, and one comes out much like another
    steps, seeds = {"quick": (50, 1), "default": (3200, 2), "paper": (15_000, 3)}[size]
    training = TrainingSettings(steps=steps, batch=32, check_every=max(50, steps // 10))
    short = dataclasses.replace(training, steps=steps // 4)  # the baseline, not the contender
    long = dataclasses.replace(training, steps=2 * steps)  # deeper, and not among those of the default preset
    coarse = points // stepping.coarsen
    settings = {
        "cnn": CNN.Settings(channels=24, width=9, layers=2, stepping=stepping, training=training),
        "resnet": ResNet.Settings(channels=16, width=9, blocks=2, stepping=stepping, training=long),
        "mlp": MLP.Settings(hidden=(256, 256), stepping=stepping, training=short),
        "transformer": TransformerStepper.Settings(
            patch=1,
            width=24,
            heads=4,
            blocks=2,
            stepping=stepping,
            training=dataclasses.replace(training, learning_rate=1e-2),
        ),
        "fourier": FourierStepper.Settings(
            channels=8, modes=min(12, (coarse - 1) // 2), blocks=3, stepping=stepping, training=training
        ),
    }
    modules = {"transformer": "transformer_stepper", "fourier": "fourier_stepper"}
    on_request = {*modules, *(("resnet",) if size == "default" else ())}
    return {
        name: Candidate(
            modules.get(name, name),
            task,
            chosen,
            dtype="float32",
            seeds=seeds,
            by_default=name not in on_request,
        )
        for name, chosen in settings.items()
    }


def preset(size: str, system: KuramotoSivashinsky | None = None) -> Settings:
    """Sizes that take seconds (quick), minutes (default), or those of Pathak et al. 2018 (paper)."""
    if system is None:
        system = KuramotoSivashinsky(200.0, 512) if size == "paper" else KuramotoSivashinsky(22.0, 64)
    unit = system.characteristic_time
    comparison = {
        "quick": ChaosSettings(
            warm_up=20.0, horizon=16.0, free_run=40.0, free_runs=2, rounds=2, batches=(1, 8)
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
        # other test starts than those on which earlier versions of the surrogates had been seen
        seed=5,
        trajectories_per_shard=8 if size == "quick" else 25,
        workers=2,
    )
    window = 1 + int((1.0 + unit) * 16)
    fine = dataclasses.replace(
        main,
        train_trajectories=8 if size == "quick" else 128,
        train_frames=window,
        valid_trajectories=2 if size == "quick" else 12,
        valid_frames=1 + int((1.0 + (40.0 if size == "quick" else 10 * unit)) * 16),
        test_trajectories=1,
        test_frames=window,
        interval=1 / 16,
        seed=3,
        trajectories_per_shard=8 if size == "quick" else 32,
    )
    return Settings(system=system, main=main, fine=fine, comparison=comparison, size=size)


PRESETS = {size: preset(size) for size in ("quick", "default", "paper")}
