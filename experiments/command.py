"""The command line, `understudy <command> ...`: a command is a frozen dataclass, its docstring its help."""

from __future__ import annotations

import dataclasses
import errno
import importlib
import logging
import pkgutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from ..datasets.card import card
from ..datasets.check import check
from ..datasets.durable import explain
from ..datasets.picture import draw_sample
from ..datasets.tasks import Task
from ..datasets.training_set import TrainingSet
from ..solvers.discovery import UnknownName, find_kit, nearest, system_names
from ..surrogates.surrogate import surrogate_names, usable_device
from .compare import ComparisonError
from .experiment import Experiment, ExperimentSettings
from .report import write_json
from .stages import Candidate, generate_sets, is_null, open_sets, train_all
from .timing import provenance

__all__ = ["main"]

logger = logging.getLogger(__name__)

Name = tyro.conf.Positional[str]


@dataclass(frozen=True)
class Common:
    """What every stage of an experiment takes.

    Settings of the experiment itself follow as further options: `understudy run kuramoto-sivashinsky
    --system.length 60`.
    """

    system: Name
    """name of the system, e.g. kuramoto-sivashinsky; with --help after it, all settings of the experiment
    (lengths, sizes, ...) are listed, and each can be changed"""
    preset: str = "default"
    """quick (seconds), default (minutes) or paper (the published scale)"""
    folder: Path | None = None
    """where everything goes; by default runs/<system>-<preset>"""
    surrogates: tuple[str, ...] = ()
    """only these; names of the preset's entries or of any surrogate; by default all of the preset"""
    seeds: int | None = None
    """training seeds of each surrogate"""
    dtype: str | None = None
    """float32 or float64, for all surrogates"""
    device: str = "cpu"
    """where surrogates are trained and run, e.g. cpu or cuda"""
    workers: int = 2
    """surrogates trained at once on the CPU, each on its own threads"""
    quiet: bool = False
    """no progress bars"""


@dataclass(frozen=True)
class Generate(Common):
    """Solve and write the training sets of an experiment."""


@dataclass(frozen=True)
class Train(Common):
    """Train the surrogates on the sets (made first if they are missing)."""


@dataclass(frozen=True)
class Compare(Common):
    """Compare trained surrogates with the solver at equal accuracy; writes results, figures and report."""


@dataclass(frozen=True)
class Run(Common):
    """Generate, train and compare; an interrupted run resumes where it stopped."""


@dataclass(frozen=True)
class Check:
    """Say what is wrong with a training set, one sentence for each fault; exit code 1 if anything is."""

    path: tyro.conf.Positional[Path]
    """folder of the set"""


@dataclass(frozen=True)
class Show:
    """Print the card of a training set and draw a sample."""

    path: tyro.conf.Positional[Path]
    """folder of the set"""
    split: str = "train"
    """train, valid or test"""
    trajectory: int = 0
    """which one to draw"""
    picture: Path | None = None
    """where the drawing goes; by default <set>/sample.png"""


@dataclass(frozen=True)
class Bench:
    """Time solver and surrogates against their peers on this machine; --parts chooses what."""

    system: Name
    """name of the system"""
    preset: str = "default"
    """quick or default"""
    folder: Path | None = None
    """where the results go, <part>.json for each part; by default runs/bench-<system>-<preset>"""


Command = (
    Annotated[Run, tyro.conf.subcommand("run")]
    | Annotated[Generate, tyro.conf.subcommand("generate")]
    | Annotated[Train, tyro.conf.subcommand("train")]
    | Annotated[Compare, tyro.conf.subcommand("compare")]
    | Annotated[Check, tyro.conf.subcommand("check")]
    | Annotated[Show, tyro.conf.subcommand("show")]
    | Annotated[Bench, tyro.conf.subcommand("bench")]
)


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit code. A mistake of the user's gives one sentence, not a traceback."""
    arguments = sys.argv[1:] if arguments is None else arguments
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger(__name__.partition(".")[0]).setLevel(logging.INFO)  # and not other libraries' chatter
    try:
        return _dispatch(arguments)
    except KeyboardInterrupt:
        print("\ninterrupted; the same command resumes", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"error: {_about_the_disk(error)}", file=sys.stderr)
        return 1
    except MemoryError as error:
        print(f"error: memory ran out ({error}); ask for less at once", file=sys.stderr)
        return 1
    except (ValueError, ArithmeticError) as error:
        if not type(error).__module__.startswith("understudy."):
            raise
        print(f"error: {error}", file=sys.stderr)
        return 1


def _about_the_disk(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return str(explain(error, Path(error.filename or "a file of this run")))
    return f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")


def _dispatch(arguments: list[str]) -> int:
    if arguments and not arguments[0].startswith("-"):
        known = ["run", "generate", "train", "compare", "check", "show", "bench"]
        arguments = [nearest(arguments[0], known, "command"), *arguments[1:]]
    helping = [a for a in arguments if a in ("-h", "--help")]
    words = [a for a in arguments if not a.startswith("-")]
    staged = len(words) > 1 and words[0] in ("run", "generate", "train", "compare", "bench")
    if helping and staged:
        # the experiment's own options can be listed only once the system is known
        module = _experiment(words[1], "bench_" if words[0] == "bench" else "")
        presets: Mapping[str, Any] = module.PRESETS
        given = next((p for p in presets if p in words[2:]), "default")
        print(f"options of the experiment (preset {given}), beside those of `understudy {words[0]} --help`:")
        tyro.cli(type(presets[given]), default=presets[given], args=["--help"], prog=f"understudy {words[0]}")
    command, rest = tyro.cli(
        Command,
        prog="understudy",
        description="Physics surrogates that learn from solvers, compared with them at equal accuracy.",
        args=arguments,
        return_unknown_args=True,
    )
    if rest and isinstance(command, Check | Show):
        raise UnknownName(f"unknown option {rest[0]!r}; see `understudy {arguments[0]} --help`")
    if isinstance(command, Check):
        return _check(command)
    if isinstance(command, Show):
        return _show(command)
    if isinstance(command, Bench):
        return _bench(command, rest)
    return _stages(command, rest)


def _check(command: Check) -> int:
    faults = check(command.path)
    for fault in faults:
        print(fault)
    if not faults:
        print(f"{command.path}: nothing wrong found")
    return 1 if faults else 0


def _show(command: Show) -> int:
    with TrainingSet(command.path) as training_set:
        print(card(training_set))
        picture = command.picture or command.path / "sample.png"
        draw_sample(training_set, picture, split=command.split, trajectory=command.trajectory)
    print(f"drawn: {picture}")
    return 0


def _bench(command: Bench, rest: list[str]) -> int:
    module = _experiment(command.system, "bench_")
    preset = nearest(command.preset, list(module.PRESETS), "preset")
    settings = _settings(module, preset, rest, "bench")
    folder = command.folder or Path("runs") / f"bench-{_hyphens(module)}-{preset}"
    _refuse_a_file(folder)
    results = module.run(settings, folder=folder)
    print(module.table(results))
    print(f"written: {', '.join(str(folder / f'{part}.json') for part in results)}")
    return 0


def _stages(command: Common, rest: list[str]) -> int:
    module: Experiment = _experiment(command.system)
    preset = nearest(command.preset, list(module.PRESETS), "preset")
    name = type(command).__name__.lower()
    settings: ExperimentSettings = _settings(module, preset, rest, name)
    chosen = _candidates(command, settings.candidates, task=settings.task)
    folder = command.folder or Path("runs") / f"{_hyphens(module)}-{preset}"
    _refuse_before_work(command, folder)
    try:
        settings.check(chosen, device=command.device)
    except ComparisonError as error:
        if name != "generate":
            raise
        logger.warning("these sets will not do for a comparison as it stands: %s", error)
    progress = not command.quiet
    wanted = {
        label: (find_kit(system.name).standard(system), chosen)
        for label, (system, chosen) in settings.sets.items()
    }
    if name == "compare":
        sets = open_sets(wanted, folder=folder)
    else:
        sets = generate_sets(wanted, folder=folder, progress=progress)
    # only now: what is refused leaves the record of an earlier run as it was
    write_json(folder / "settings.json", {"settings": dataclasses.asdict(settings), **provenance()})
    if name == "generate":
        for training_set in sets.values():
            print(card(training_set))
        return 0
    trained = train_all(
        chosen,
        sets,
        folder=folder,
        device=command.device,
        threads=settings.threads,
        workers=command.workers,
        progress=progress,
        may_train=name != "compare",
    )
    if name == "train":
        return 0
    print(module.compare_with_solver(settings, trained, sets=sets, folder=folder, progress=progress))
    print(f"\nwritten: {folder / 'results.json'}, {folder / 'report.html'}, {folder / 'figures'}")
    return 0


def _refuse_before_work(command: Common, folder: Path) -> None:
    """What would otherwise be found out only after minutes of solving."""
    for name, value in (("seeds", command.seeds), ("workers", command.workers)):
        if value is not None and value < 1:
            raise UnknownName(f"--{name} must be at least 1, got {value}")
    _refuse_a_file(folder)
    usable_device(command.device)


def _refuse_a_file(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UnknownName(f"{folder} is a file; --folder takes a folder, new or of an earlier run")


def _settings(module: Any, preset: str, rest: list[str], command: str) -> Any:
    """The preset's settings with the command line's changes."""
    default = module.PRESETS[preset]
    if not rest:
        return default
    return tyro.cli(
        type(default), default=default, args=rest, prog=f"understudy {command} {_hyphens(module)}"
    )


def _candidates(command: Common, preset: Mapping[str, Candidate], *, task: Task) -> dict[str, Candidate]:
    """The preset's entries, or those named; a surrogate that the preset lacks comes with its defaults."""
    chosen = {label: candidate for label, candidate in preset.items() if candidate.by_default}
    if command.surrogates:
        chosen = {}
        labels = {label.replace("-", "_"): label for label in preset}
        for given in command.surrogates:
            plain = nearest(given, sorted({*labels, *surrogate_names()}), "surrogate")
            if plain in labels:
                chosen[labels[plain]] = preset[labels[plain]]
            else:
                chosen[plain.replace("_", "-")] = Candidate(plain, task)
        nulls = {k: c for k, c in preset.items() if is_null(c)}
        chosen = {**chosen, **nulls}
    changes: dict[str, Any] = {}
    if command.seeds is not None:
        changes["seeds"] = command.seeds
    if command.dtype is not None:
        changes["dtype"] = nearest(command.dtype, ["float32", "float64"], "dtype")
    return {label: dataclasses.replace(c, **changes) for label, c in chosen.items()}


def _experiment(name: str, prefix: str = "") -> Any:
    """The module `experiments/<prefix><system>.py`."""
    package = importlib.import_module(__package__)
    modules = {m.name for m in pkgutil.iter_modules(package.__path__)}
    known = [s for s in system_names() if prefix + s in modules]
    return importlib.import_module(f"{__package__}.{prefix}{nearest(name, known, 'system')}")


def _hyphens(module: Any) -> str:
    return str(module.__name__.rpartition(".")[2].removeprefix("bench_").replace("_", "-"))
