"""Generate, train, and make ready to compare: the stages that every experiment goes through, resumable.

Everything lies below one folder: `sets/<name>/`, `surrogates/<label>/seed-<n>/`, `results.json`, `figures/`,
`report.html`. Each stage keeps what is finished and does the rest.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..datasets.generate import GenerateSettings, generate
from ..datasets.tasks import Autoregressive
from ..datasets.training_set import TrainingSet
from ..solvers.contract import Solver, System
from ..surrogates.surrogate import Surrogate, SurrogateError, TrainingRecord, find_surrogate, load
from .compare import Bill, Contestant
from .timing import pinned_threads

__all__ = ["Candidate", "Trained", "contestant", "generate_sets", "surrogate_folder", "train_all"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Candidate:
    """One surrogate of an experiment: which, on what, how often.

    Attributes:
        surrogate: the module's name in `surrogates/`.
        interval: time between two applications; a multiple of the set's interval.
        settings: the surrogate's own `Settings`; None for its defaults.
        training_set: which of the experiment's sets it learns from.
        dtype: `float32` or `float64`.
        seeds: trained once for each of 0 .. seeds - 1.
        remark: one sentence for the reader of the report.
    """

    surrogate: str
    interval: float
    settings: Any = None
    training_set: str = "main"
    dtype: str = "float64"
    seeds: int = 3
    remark: str = ""


@dataclass(frozen=True)
class Trained:
    """A candidate after training: one surrogate and one record per seed."""

    label: str
    candidate: Candidate
    surrogates: tuple[Surrogate, ...]
    records: tuple[TrainingRecord, ...]
    null: bool


def generate_sets(
    system: System,
    solver: Solver,
    settings: Mapping[str, GenerateSettings],
    *,
    folder: Path,
    progress: bool = False,
) -> dict[str, TrainingSet]:
    """Make (or finish, or just open) each named set below `folder/sets`."""
    return {
        name: generate(system, solver, chosen, folder=folder / "sets" / name, progress=progress)
        for name, chosen in settings.items()
    }


def open_sets(names: Sequence[str], *, folder: Path) -> dict[str, TrainingSet]:
    """Open sets that `generate_sets` made; raises `DatasetError` where one is missing."""
    return {name: TrainingSet(folder / "sets" / name) for name in names}


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
    progress: bool = False,
    may_train: bool = True,
) -> list[Trained]:
    """Train every candidate with every seed, or load what is already there.

    Without `may_train`, a surrogate that is not there is an error. A surrogate that was trained with other
    settings or on another set is refused, not overwritten: the error names its folder.
    """
    trained = []
    for label, candidate in candidates.items():
        surrogates, records = [], []
        null = getattr(find_surrogate(candidate.surrogate), "null", False)
        for seed in range(1 if null else candidate.seeds):
            place = surrogate_folder(folder, label, seed)
            training_set = sets[candidate.training_set]
            if (place / "surrogate.json").is_file():
                surrogate, record = _reload(place, candidate, training_set, device)
            elif not may_train:
                raise SurrogateError(f"{label} is not trained (no {place}); run `understudy train` first")
            else:
                logger.info("training %s, seed %d", label, seed)
                with pinned_threads(threads):
                    surrogate, record = _train(place, candidate, training_set, seed, device, progress)
                logger.info(
                    "trained %s, seed %d: %.1f s, one-step error %.2e",
                    label,
                    seed,
                    record.seconds,
                    record.validation_error,
                )
            surrogates.append(surrogate)
            records.append(record)
        trained.append(Trained(label, candidate, tuple(surrogates), tuple(records), null))
    return trained


def _train(
    place: Path, candidate: Candidate, training_set: TrainingSet, seed: int, device: str, progress: bool
) -> tuple[Surrogate, TrainingRecord]:
    kind = find_surrogate(candidate.surrogate)
    surrogate = kind(candidate.settings, device=device, dtype=getattr(torch, candidate.dtype))
    task = Autoregressive(candidate.interval)
    place.mkdir(parents=True, exist_ok=True)
    record = surrogate.fit(
        task.examples(training_set, "train"),
        task.examples(training_set, "valid"),
        seed=seed,
        folder=place,
        progress=progress,
    )
    surrogate.save(place, fingerprint=training_set.fingerprint, record=record, extra=_described(candidate))
    return surrogate, record


def _reload(
    place: Path, candidate: Candidate, training_set: TrainingSet, device: str
) -> tuple[Surrogate, TrainingRecord]:
    stored = json.loads((place / "surrogate.json").read_text()).get("extra")
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
        "interval": candidate.interval,
        "training_set": candidate.training_set,
        "dtype": candidate.dtype,
    }


def contestant(trained: Trained, training_set: TrainingSet) -> Contestant:
    """A trained candidate as an entry of the comparison; its bill is the data and one seed's training."""
    task = Autoregressive(trained.candidate.interval)
    seconds = [record.seconds for record in trained.records]
    return Contestant(
        label=trained.label,
        kind="null" if trained.null else "surrogate",
        answers=tuple(task.answer(s) for s in trained.surrogates),
        bill=Bill(data=training_set.seconds, training=float(np.median(seconds))),
        settings={
            **_described(trained.candidate),
            "parameters": trained.surrogates[0].parameters_count,
            "one_step_error": [record.validation_error for record in trained.records],
            "training_seconds": seconds,
            "finished": all(record.finished for record in trained.records),
        },
        synchronise=trained.surrogates[0].device.type == "cuda",
        remark=trained.candidate.remark,
    )


def with_history(
    reference: Solver, states: Mapping[str, NDArray[np.float64]], *, frames: int, interval: float
) -> dict[str, NDArray[np.float64]]:
    """States solved on for `frames - 1` intervals: name -> (samples, frames, *grid), the given state first.

    Raises `ValueError` where the reference fails on a sample: a history has to be true.
    """
    times = interval * np.arange(frames, dtype=np.float64)
    solution = reference(states, times)
    if not solution.solved.all():
        raise ValueError(f"the reference failed on {(~solution.solved).sum()} histories: {solution.notes}")
    return {name: np.asarray(values) for name, values in solution.values.items()}
