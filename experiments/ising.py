"""A machine that has learned to draw Ising configurations, in the place of Metropolis and Wolff sampling.

It is asked for energy and specific heat over temperature, through the critical one. Beside it stand tables
of the training energies, the same configurations reweighted, and the exact sums, which are truth.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..datasets.configurations import Sampled
from ..datasets.generate import GenerateSettings
from ..datasets.observed_copies import Estimated, Tabulated
from ..datasets.tasks import Direct
from ..datasets.training_set import TrainingSet
from ..solvers.ising.system import Ising
from ..surrogates.boltzmann_machine import BoltzmannMachine
from ..surrogates.interpolation import Interpolation
from ..surrogates.training import TrainingSettings
from .ising_comparison import compare_ising
from .ising_settings import IsingSettings
from .one_set import OneSet
from .stages import Candidate, Trained

__all__ = ["PRESETS", "Settings", "compare_with_solver"]


@dataclass(frozen=True)
class Settings(OneSet):
    """The experiment: a lattice, a training set, how surrogates are judged.

    Attributes:
        system: the lattice, and the range of temperatures.
        main: the training set, whose test split is judged.
        comparison: how answers are judged and timed.
    """

    system: Ising
    main: GenerateSettings
    comparison: IsingSettings

    @property
    def task(self) -> Direct:
        """What a surrogate is given that is named on the command line and is not among the candidates."""
        return TABLE

    @property
    def candidates(self) -> dict[str, Candidate]:
        """The surrogates that this experiment compares."""
        return candidates(self.size, self.system)

    def check(self, chosen: Mapping[str, Candidate], *, device: str = "cpu") -> None:
        """Refuse, before anything is solved, settings that do not fit one another or these surrogates."""
        self.comparison.check()
        self.check_one_frame(judged="temperatures", steady="the Ising model has no time, so one frame")


def compare_with_solver(
    settings: Settings,
    trained: Sequence[Trained],
    *,
    sets: Mapping[str, TrainingSet],
    folder: Path,
    progress: bool = False,
) -> str:
    """Judge and time; writes results, figures and report into `folder`; returns the tables."""
    return compare_ising(
        settings.comparison,
        trained,
        system=settings.system,
        training_set=sets["main"],
        folder=folder,
        described=dataclasses.asdict(settings),
        progress=progress,
    )


TABLE = Direct(inputs=("temperature",), outputs=("energy", "specific_heat"))


def candidates(size: str, system: Ising) -> dict[str, Candidate]:
    """Machines with weights that are shared or free, tables and reweighting of the same set, and a mean."""
    names = {"condition": "temperature", "seed": "seed", "drawn": "spins"}
    draws = Sampled(system, **names)
    seeds = 1 if size == "quick" else 3
    # the spins' symmetry and the 1 / T of Boltzmann's factor are built in
    machine = BoltzmannMachine.Settings(
        hidden=4,
        shared=True,
        reciprocal=True,
        biased=False,
        chains=64,
        moves=3,
        draws=256 if size == "quick" else 8192,
        training=descent(size, 2_000, 10_000, optimiser="soap"),
    )
    free = dataclasses.replace(
        machine,
        hidden=2 * system.spins,
        shared=False,
        moves=1,
        training=descent(size, 3_000, 20_000, optimiser="adam"),
    )
    cubic = Interpolation.Settings(on_a_line="cubic")
    return {
        "training-mean": Candidate("training_mean", TABLE),
        "interpolation": Candidate("interpolation", TABLE, remark=READ),
        "interpolation-cubic": Candidate("interpolation", TABLE, cubic, remark=READ),
        "interpolation-copies": Candidate("interpolation", Tabulated(system, **names), remark=COPIES),
        "reweighting": Candidate("reweighting", Estimated(system, **names), remark=TOLD),
        "boltzmann-shared": Candidate(
            "boltzmann_machine", draws, machine, dtype="float32", seeds=seeds, remark=SHIFTED
        ),
        "boltzmann-free": Candidate(
            "boltzmann_machine", draws, free, dtype="float32", seeds=seeds, remark=FREE
        ),
    }


READ = "learns nothing: reads off energies that the solver averaged over eight times the machines' copies"
COPIES = "the same of energies of the machines' own copies"
TOLD = "learns nothing but the density of states, from the machines' own copies; is told the energy"
SHIFTED = "told that all places of the lattice are alike: a few kernels for each temperature"
FREE = "a weight for each pair of units, after Torlai & Melko, but one machine for all temperatures"


def descent(size: str, default: int, paper: int, *, optimiser: str) -> TrainingSettings:
    """So many steps at the default and the paper's size, 20 at the quick."""
    steps = {"quick": 20, "default": default, "paper": paper}[size]
    return TrainingSettings(
        steps=steps,
        batch=16,
        optimiser="soap" if optimiser == "soap" else "adam",
        learning_rate=1e-3,
        check_every=max(20, steps // 10),
    )


def preset(size: str) -> Settings:
    """Sizes that take a minute (quick), ten (default), or hours (paper)."""
    side, copies, train, valid, test = {
        "quick": (4, 64, 12, 4, 16),
        "default": (8, 256, 64, 12, 64),
        "paper": (16, 512, 128, 24, 128),
    }[size]
    comparison = IsingSettings()
    if size == "quick":
        comparison = IsingSettings(rounds=2, alone=2, batches=(1, 4), draws=(64,), shown=9)
    return Settings(
        system=Ising(side, side, copies=copies),
        main=GenerateSettings(
            train_trajectories=train,
            valid_trajectories=valid,
            test_trajectories=test,
            train_frames=1,
            valid_frames=1,
            test_frames=1,
            interval=1.0,
            seed=3,
            trajectories_per_shard=test,
        ),
        comparison=comparison,
        size=size,
    )


PRESETS = {size: preset(size) for size in ("quick", "default", "paper")}
