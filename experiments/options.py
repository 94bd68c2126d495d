"""What the command line takes: a command is a frozen dataclass, its docstring its help."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

__all__ = [
    "Bench",
    "Check",
    "Command",
    "Compare",
    "Generate",
    "Learning",
    "Run",
    "Show",
    "Stage",
    "Train",
    "Training",
]

System = tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="SYSTEM")]]
TrainingSetFolder = tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="FOLDER")]]


@dataclass(frozen=True)
class Stage:
    """What every stage of an experiment takes.

    Settings of the experiment itself follow as further options: `understudy run kuramoto-sivashinsky
    --system.length 60`.
    """

    system: System
    """name of the system, e.g. kuramoto-sivashinsky, or of an experiment that has one of its own, e.g.
    sequence-models; with --help after it, every setting of the experiment is listed, from lengths to sizes of
    sets, and each can be changed"""
    preset: Annotated[str, tyro.conf.arg(metavar="{quick,default,paper}")] = "default"
    """how much of everything: quick takes a minute, default minutes, paper is the published scale"""
    folder: Annotated[
        Path | None,
        tyro.conf.arg(metavar="FOLDER", help_behavior_hint="(default: runs/<system>-<preset>)"),
    ] = None
    """where everything goes, and where an earlier run is resumed"""
    quiet: tyro.conf.FlagCreatePairsOff[bool] = False
    """no progress bars"""


@dataclass(frozen=True)
class Learning(Stage):
    """What the stages take that have surrogates."""

    surrogates: Annotated[
        tuple[str, ...],
        tyro.conf.arg(metavar="NAME [NAME ...]", help_behavior_hint="(default: those of the preset)"),
    ] = ()
    """only these (and the null models): names of the preset's entries, or of any surrogate"""
    seeds: Annotated[
        int | None, tyro.conf.arg(metavar="N", help_behavior_hint="(default: the preset's, for each)")
    ] = None
    """how often each surrogate is trained, each time from another random seed"""
    dtype: Annotated[
        str | None,
        tyro.conf.arg(metavar="{float32,float64}", help_behavior_hint="(default: the preset's, for each)"),
    ] = None
    """precision of all surrogates"""
    device: Annotated[str, tyro.conf.arg(metavar="DEVICE")] = "cpu"
    """where surrogates are trained and run, e.g. cpu or cuda"""


@dataclass(frozen=True)
class Training(Learning):
    """What the stages take that train."""

    workers: Annotated[int, tyro.conf.arg(metavar="N")] = 2
    """surrogates trained at once on the CPU, each on its own threads"""


@dataclass(frozen=True)
class Generate(Stage):
    """Solve and write the training sets of an experiment."""


@dataclass(frozen=True)
class Train(Training):
    """Train the surrogates on the sets (made first if they are missing)."""


@dataclass(frozen=True)
class Compare(Learning):
    """Compare trained surrogates with the solver; writes results and report."""


@dataclass(frozen=True)
class Run(Training):
    """Generate, train and compare; an interrupted run resumes where it stopped."""


@dataclass(frozen=True)
class Check:
    """Say what is wrong with a training set; exit code 1 if anything is."""

    path: TrainingSetFolder
    """folder of the set, e.g. runs/kuramoto-sivashinsky-default/sets/main"""


@dataclass(frozen=True)
class Show:
    """Print the card of a training set and draw a sample."""

    path: TrainingSetFolder
    """folder of the set, e.g. runs/kuramoto-sivashinsky-default/sets/main"""
    split: Annotated[str, tyro.conf.arg(metavar="{train,valid,test}")] = "train"
    """which part of the set"""
    trajectory: Annotated[int, tyro.conf.arg(metavar="N")] = 0
    """which trajectory is drawn, counted from 0"""
    picture: Annotated[
        Path | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="(default: <set>/sample.png)")
    ] = None
    """where the drawing goes"""


@dataclass(frozen=True)
class Bench:
    """Time solver and surrogates against their peers on this machine."""

    system: System
    """name of the system; with --help after it, every setting of the benchmark is listed, among them --parts,
    which chooses what is measured"""
    preset: Annotated[str, tyro.conf.arg(metavar="{quick,default}")] = "default"
    """how much is measured"""
    folder: Annotated[
        Path | None,
        tyro.conf.arg(metavar="FOLDER", help_behavior_hint="(default: runs/bench-<system>-<preset>)"),
    ] = None
    """where the results go: <part>.json for each part"""


Command = (
    Annotated[Run, tyro.conf.subcommand("run")]
    | Annotated[Generate, tyro.conf.subcommand("generate")]
    | Annotated[Train, tyro.conf.subcommand("train")]
    | Annotated[Compare, tyro.conf.subcommand("compare")]
    | Annotated[Check, tyro.conf.subcommand("check")]
    | Annotated[Show, tyro.conf.subcommand("show")]
    | Annotated[Bench, tyro.conf.subcommand("bench")]
)
