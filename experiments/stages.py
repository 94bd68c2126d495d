"""Generate, train, and make ready to compare: the stages that every experiment goes through, resumable.

Everything lies below one folder: `sets/<name>/`, `surrogates/<label>/seed-<n>/`, `results.json`, `figures/`,
`report.html`. Each stage keeps what is finished and does the rest.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from ..datasets.generate import GenerateSettings, generate
from ..datasets.plan import DatasetError, Plan
from ..datasets.room import refuse_too_large
from ..datasets.tasks import Autoregressive, Task
from ..datasets.training_set import TrainingSet
from ..datasets.workers import WorkerDied, in_workers
from ..solvers.contract import Solver, SolverError
from ..surrogates.sizes import sizes_of
from ..surrogates.surrogate import Surrogate, SurrogateError, TrainingRecord, find_surrogate, load, read_card
from .compare import Bill, Contestant, Kind
from .report import duration
from .timing import compiling, pinned_threads

__all__ = ["Candidate", "Trained", "contestant", "generate_sets", "surrogate_folder", "train_all"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Candidate:
    """One surrogate of an experiment: which, on what, how often.

    Attributes:
        surrogate: the module's name in `surrogates/`.
        task: what it learns from the set, and how it then answers.
        settings: the surrogate's own `Settings`; None for its defaults.
        training_set: which of the experiment's sets it learns from.
        dtype: `float32` or `float64`.
        seeds: trained once for each of 0 .. seeds - 1.
        control: not a surrogate but a solver's scheme in a surrogate's place; see `compare.Contestant.kind`.
        by_default: whether it takes part where no surrogates are named.
        remark: one sentence for the reader of the report.
    """

    surrogate: str
    task: Task
    settings: Any = None
    training_set: str = "main"
    dtype: str = "float64"
    seeds: int = 3
    control: bool = False
    by_default: bool = True
    remark: str = ""

    def __post_init__(self) -> None:
        kind = find_surrogate(self.surrogate)
        if not issubclass(self.task.gives, kind.learns):
            learns, gives = kind.learns.__name__.lower(), self.task.gives.__name__.lower()
            raise SurrogateError(
                f"{kind.__name__} learns {learns}, but {type(self.task).__name__} gives {gives}; choose "
                "another surrogate or another task"
            )

    @property
    def interval(self) -> float:
        """Time between two applications of a surrogate that steps."""
        if not isinstance(self.task, Autoregressive):
            raise SurrogateError(f"{self.surrogate} does not step, so it has no interval")
        return self.task.interval


@dataclass(frozen=True)
class Trained:
    """A candidate after training: one surrogate (of the kind that its task trains) and record per seed."""

    label: str
    candidate: Candidate
    surrogates: tuple[Any, ...]
    records: tuple[TrainingRecord, ...]
    null: bool


Wanted = tuple[Solver, GenerateSettings]
"""One training set: the solver that makes it, whose system may be another than in other sets, and sizes."""


def generate_sets(
    wanted: Mapping[str, Wanted], *, folder: Path, progress: bool = False
) -> dict[str, TrainingSet]:
    """Make (or finish, or just open) each named set below `folder/sets`."""
    for name, (solver, chosen) in wanted.items():  # all of them before the first is solved
        refuse_too_large(Plan.of(solver.system, solver, settings=chosen), folder=folder / "sets" / name)
    return {
        name: generate(solver.system, solver, chosen, folder=folder / "sets" / name, progress=progress)
        for name, (solver, chosen) in wanted.items()
    }


def open_sets(wanted: Mapping[str, Wanted], *, folder: Path) -> dict[str, TrainingSet]:
    """Open sets that `generate_sets` made; raises `DatasetError` where one is missing or is another one."""
    sets = {name: TrainingSet(folder / "sets" / name) for name in wanted}
    for name, found in sets.items():
        solver, chosen = wanted[name]
        difference = found.plan.difference(Plan.of(solver.system, solver, settings=chosen))
        if difference is not None:
            raise DatasetError(
                f"{found.folder} holds a set that was made with other settings: now {difference} is asked "
                "for; give the options that it was made with, or another --folder"
            )
    return sets


def surrogate_folder(folder: Path, label: str, seed: int) -> Path:
    """Where one trained surrogate lies."""
    return folder / "surrogates" / label / f"seed-{seed}"


def train_all(
    candidates: Mapping[str, Candidate],
    sets: Mapping[str, TrainingSet],
    *,
    folder: Path,
    device: str = "cpu",
    threads: int = 1,
    workers: int = 1,
    progress: bool = False,
    may_train: bool = True,
) -> list[Trained]:
    """Train every candidate with every seed, or load what is already there.

    With `workers`, as many are trained at once, each on `threads` threads of its own. Without `may_train`, a
    surrogate that is not there is an error. A surrogate that was trained with other settings or on another
    set is refused, not overwritten: the error names its folder.
    """
    entries = {
        label: (candidate, is_null(candidate), range(1 if is_null(candidate) else candidate.seeds))
        for label, candidate in candidates.items()
    }
    todo: list[_Job] = []
    for label, (candidate, _, seeds) in entries.items():
        for seed in seeds:
            place = surrogate_folder(folder, label, seed)
            if (place / "surrogate.json").is_file():
                continue
            if not may_train:
                raise SurrogateError(f"{label} is not trained (no {place}); run `understudy train` first")
            own = sets[candidate.training_set]
            todo.append(_Job(place, candidate, own.folder, own.fingerprint, seed, device, progress))
    for name in {candidates[job.place.parent.name].training_set for job in todo}:
        _refuse_not_finite(sets[name])
    at_once = min(workers, len(todo)) if device == "cpu" else 1
    jobs = [dataclasses.replace(job, progress=progress and at_once == 1) for job in todo]
    bar = tqdm(
        total=len(jobs), desc="training", unit="surrogate", disable=not progress or at_once <= 1, leave=False
    )
    try:
        with bar:
            for job, record in in_workers(
                _train, jobs, workers=at_once, around=functools.partial(pinned_threads, threads)
            ):
                bar.update()
                logger.info(
                    "trained %s, %s: %s, validation error %.2e",
                    job.place.parent.name,
                    job.place.name,
                    duration(record.seconds),
                    record.validation_error,
                )
    except WorkerDied as error:
        raise SurrogateError(f"training stopped: {error}; the same command resumes") from error
    trained = []
    for label, (candidate, null, seeds) in entries.items():
        found = [
            _reload(surrogate_folder(folder, label, seed), candidate, sets[candidate.training_set], device)
            for seed in seeds
        ]
        trained.append(
            Trained(label, candidate, tuple(s for s, _ in found), tuple(r for _, r in found), null)
        )
    return trained


def _refuse_not_finite(training_set: TrainingSet) -> None:
    """Closed-form fits would spread a single NaN over all weights, and a mean would hide where it is."""
    for split in (training_set.split(name) for name in training_set.splits if name != "test"):
        for field in training_set.fields:
            for trajectory in range(len(split)):
                if not np.isfinite(split.read(trajectory, field=field.name)).all():
                    raise DatasetError(
                        f"{field.name} of trajectory {trajectory}, split {split.name!r}, holds NaN or "
                        f"infinity; `understudy check {training_set.folder}` says in which file"
                    )


def is_null(candidate: Candidate) -> bool:
    """Whether it is a null model: what no surrogate may lose to."""
    return bool(getattr(find_surrogate(candidate.surrogate), "null", False))


@dataclass(frozen=True)
class _Job:
    place: Path
    candidate: Candidate
    training_set: Path
    fingerprint: str
    seed: int
    device: str
    progress: bool


def _train(job: _Job) -> TrainingRecord:
    candidate = job.candidate
    kind = find_surrogate(candidate.surrogate)
    surrogate = kind(candidate.settings, device=job.device, dtype=getattr(torch, candidate.dtype))
    task = candidate.task
    with TrainingSet(job.training_set) as training_set:
        job.place.mkdir(parents=True, exist_ok=True)
        with compiling() as compiled:
            begin = time.perf_counter()
            train = task.examples(training_set, "train")
            valid = task.examples(training_set, "valid")
            prepared = time.perf_counter() - begin  # a cheap solver's work, where the task has one
            record = surrogate.fit(train, valid, seed=job.seed, folder=job.place, progress=job.progress)
        # the first run after an installation compiles, later ones do not: that is no cost of learning
        spent = max(0.0, prepared + record.seconds - sum(compiled))
        record = dataclasses.replace(record, seconds=spent)
        surrogate.save(job.place, fingerprint=job.fingerprint, record=record, extra=_described(candidate))
    return record


def _reload(
    place: Path, candidate: Candidate, training_set: TrainingSet, device: str
) -> tuple[Surrogate, TrainingRecord]:
    stored = read_card(place)["extra"] or {}
    wanted = json.loads(json.dumps(_described(candidate)))
    if stored != wanted:
        changed = sorted(k for k in {*stored, *wanted} if stored.get(k) != wanted.get(k))
        raise SurrogateError(
            f"{place} holds a surrogate that was trained with another {', '.join(changed)}; "
            "delete that folder to train again, or choose another --folder"
        )
    return load(place, fingerprint=training_set.fingerprint, device=device)


def _described(candidate: Candidate) -> dict[str, Any]:
    """The candidate as JSON, without what does not change the weights."""
    kind = find_surrogate(candidate.surrogate)
    settings = kind.Settings() if candidate.settings is None else candidate.settings
    return {
        "surrogate": candidate.surrogate,
        "settings": dataclasses.asdict(settings),
        "task": candidate.task.described,
        "training_set": candidate.training_set,
        "dtype": candidate.dtype,
    }


def contestant(trained: Trained, training_set: TrainingSet) -> Contestant:
    """A trained candidate as an entry of the comparison.

    Its bill is the data that it learned from and chose by, and one seed's training.
    """
    task = trained.candidate.task
    seconds = [record.seconds for record in trained.records]
    kind: Kind = "null" if trained.null else "control" if trained.candidate.control else "surrogate"
    return Contestant(
        label=trained.label,
        kind=kind,
        answers=tuple(task.answer(s) for s in trained.surrogates),
        bill=Bill(
            data=sum(training_set.seconds_of(split) for split in ("train", "valid")),
            training=float(np.median(seconds)),
        ),
        settings={
            **_described(trained.candidate),
            **sizes_of(trained.surrogates[0]),
            "one_step_error": [record.validation_error for record in trained.records],
            "training_seconds": seconds,
            "passes": [record.epochs for record in trained.records],
            "finished": all(record.finished for record in trained.records),
        },
        device=trained.surrogates[0].device.type,
        remark="; ".join(filter(None, (trained.candidate.remark, *_notes(trained.records)))),
    )


def _notes(records: Sequence[TrainingRecord]) -> list[str]:
    """What training had to say, once for all seeds that say the same."""
    said = Counter(record.note for record in records if record.note)
    return [
        note if n == len(records) else f"{note} ({n} of {len(records)} seeds)" for note, n in said.items()
    ]


def with_history(
    reference: Solver, states: Mapping[str, NDArray[np.float64]], *, times: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """States solved on to each of the times: name -> (samples, times, *grid).

    Raises `SolverError` where the reference fails on a sample: a history has to be true.
    """
    solution = reference(states, times)
    if not solution.solved.all():
        failed = (~solution.solved).sum()
        raise SolverError(f"the reference failed on {failed} histories: {'; '.join(solution.notes)}")
    return {name: np.asarray(values) for name, values in solution.values.items()}
