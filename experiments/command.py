"""The command line, `understudy <command> ...`: a command is a frozen dataclass, its docstring its help."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import importlib
import io
import logging
import pkgutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tyro

from ..datasets.card import card
from ..datasets.check import check
from ..datasets.durable import explain
from ..datasets.picture import draw_sample
from ..datasets.tasks import Task
from ..datasets.training_set import TrainingSet
from ..solvers.discovery import UnknownName, find_kit, nearest, system_names
from ..surrogates.surrogate import find_surrogate, surrogate_names, usable_device
from .compare import ComparisonError
from .experiment import Experiment, ExperimentSettings
from .options import Bench, Check, Command, Learning, Show, Stage, Training
from .report import write_json
from .stages import Candidate, generate_sets, is_null, open_sets, surrogate_folder, train_all
from .timing import provenance

__all__ = ["main"]

logger = logging.getLogger(__name__)

ONE = "one_"
"""Begins the name of an experiment that asks one query of a system that has another experiment, too."""
DESCRIPTION = """Physics surrogates that learn from solvers, compared at equal accuracy.

To see it work:  understudy run kuramoto-sivashinsky --preset quick

Every setting:  understudy run kuramoto-sivashinsky --help"""


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
    if {"-h", "--help"} & set(arguments):
        _help(arguments)
    command, rest = tyro.cli(
        Command, prog="understudy", description=DESCRIPTION, args=arguments, return_unknown_args=True
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


def _help(arguments: list[str]) -> None:
    """List the settings of an experiment, and end, where its system is named; else leave the rest to tyro."""
    plain = [a for a in arguments if a not in ("-h", "--help")]
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # what is missing is no mistake of who asks for help
            command, _ = tyro.cli(Command, args=plain, return_unknown_args=True)
    except SystemExit:
        return
    if isinstance(command, Stage | Bench):
        module = _experiment(command.system, "bench_" if isinstance(command, Bench) else "")
        preset = nearest(command.preset, list(module.PRESETS), "preset")
        default, name = module.PRESETS[preset], type(command).__name__.lower()
        print(f"Settings of the {preset} preset. Options before them: understudy {name} --help\n")
        tyro.cli(
            type(default), default=default, args=["--help"], prog=f"understudy {name} {_hyphens(module)}"
        )


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


def _stages(command: Stage, rest: list[str]) -> int:
    module: Experiment = _experiment(command.system)
    preset = nearest(command.preset, list(module.PRESETS), "preset")
    name = type(command).__name__.lower()
    settings: ExperimentSettings = _settings(module, preset, rest, name)
    chosen = {label: c for label, c in settings.candidates.items() if c.by_default}
    if isinstance(command, Learning):
        chosen = _candidates(command, settings.candidates, task=settings.task)
    folder = command.folder or Path("runs") / f"{_hyphens(module)}-{preset}"
    _refuse_a_file(folder)
    if isinstance(command, Learning):
        _refuse_before_work(command, chosen, folder)
        settings.check(chosen, device=command.device)
    else:
        try:
            settings.check(chosen)
        except ComparisonError as error:
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
    if not isinstance(command, Learning):
        for training_set in sets.values():
            print(card(training_set))
        return 0
    trained = train_all(
        chosen,
        sets,
        folder=folder,
        device=command.device,
        threads=settings.threads,
        workers=command.workers if isinstance(command, Training) else 1,
        progress=progress,
        may_train=isinstance(command, Training),
    )
    if name == "train":
        return 0
    print(module.compare_with_solver(settings, trained, sets=sets, folder=folder, progress=progress))
    print(f"\nwritten: {folder / 'results.json'}, {folder / 'report.html'}, {folder / 'figures'}")
    return 0


def _refuse_before_work(command: Learning, chosen: Mapping[str, Candidate], folder: Path) -> None:
    """What would otherwise be found out only after minutes of solving."""
    for name in ("seeds", "workers"):
        value = getattr(command, name, None)
        if value is not None and value < 1:
            raise UnknownName(f"--{name} must be at least 1, got {value}")
    usable_device(command.device)
    for label, candidate in chosen.items() if isinstance(command, Training) else ():
        places = [surrogate_folder(folder, label, seed) for seed in range(candidate.seeds)]
        if not all((place / "surrogate.json").is_file() for place in places):
            find_surrogate(candidate.surrogate).refuse_to_learn(candidate.settings)


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


def _candidates(command: Learning, preset: Mapping[str, Candidate], *, task: Task) -> dict[str, Candidate]:
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
    """The module `experiments/<prefix><system>.py`, or one that is named for what it asks.

    That is an experiment beside the one of its system, or a benchmark in parts.
    """
    package = importlib.import_module(__package__)
    modules = {m.name for m in pkgutil.iter_modules(package.__path__)}
    kinds = ("",) if prefix else ("", ONE)
    known = [kind + s for kind in kinds for s in system_names() if prefix + kind + s in modules]
    plain = name.strip().lower().replace("-", "_")
    if plain not in known:
        found = {m for m in modules if (_in_parts(m, prefix) if prefix else _is_experiment(m))}
        known += sorted({m.removeprefix(prefix) for m in found} - {*known})
    if plain in system_names() and plain not in known:
        what = "benchmark" if prefix else "experiment"
        raise UnknownName(
            f"{name} has solvers (understudy.solvers.{plain}) and no {what} yet; those that have one: "
            f"{', '.join(s.replace('_', '-') for s in known)}"
        )
    return importlib.import_module(f"{__package__}.{prefix}{nearest(name, known, 'system')}")


def _in_parts(module: str, prefix: str) -> bool:
    """Whether it is a benchmark of its own, and no part of one or what parts share."""
    return module.startswith(prefix) and hasattr(importlib.import_module(f"{__package__}.{module}"), "PARTS")


def _is_experiment(module: str) -> bool:
    """Whether it offers what the command line expects of one."""
    return not module.startswith("bench_") and isinstance(
        importlib.import_module(f"{__package__}.{module}"), Experiment
    )


def _hyphens(module: Any) -> str:
    return str(module.__name__.rpartition(".")[2].removeprefix("bench_").replace("_", "-"))
