"""The card of a training set, printed from its files."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Any

import numpy as np

from .training_set import TrainingSet

__all__ = ["card"]

COUNTED = re.compile(r"^\d+( of \d+)? samples:? ")


def card(training_set: TrainingSet) -> str:
    """A page of text: what the set holds, how it was made, what it cost, what failed, its fingerprint."""
    system, settings = training_set.plan.system, training_set.plan.settings
    unit = _unit(str(system["time_unit"]))
    lines = [
        f"{training_set.name}: a training set of {system['title']}",
        "",
        *_row("folder", str(training_set.folder)),
        *_row("system", f"{training_set.system_name.replace('_', '-')} ({_listed(training_set.parameters)})"),
        *_row("solver", _solver(training_set)),
    ]
    for axis in training_set.axes:
        lines += _row(
            f"axis {axis.name}",
            f"{len(axis)} points from {axis.values[0]:g} to {axis.values[-1]:g}{_unit(axis.unit)}"
            f", {' and '.join(dict.fromkeys(axis.ends))}",
        )
    lines += _row(
        "frames",
        f"every {settings.interval:g}{unit}, after a transient of {settings.transient:g}{unit}"
        if settings.transient
        else f"every {settings.interval:g}{unit} from the start",
    )
    lines += ["", "split   trajectories   frames   length   values"]
    for name in training_set.splits:
        split = training_set.split(name)
        lines.append(
            f"{name:<8}{len(split):>12}{split.frames:>9}{(split.frames - 1) * split.interval:>9.4g}"
            f"{_count(len(split) * _values(training_set, name)):>9}"
        )
    lines += ["", "field       unit     mean       std       std of a step   meaning"]
    statistics = training_set.statistics
    for field in training_set.fields:
        step = _size(statistics["std_delta"].get(field.name)) if field.varies_in_time else "constant"
        lines.append(
            f"{field.name:<12}{field.unit:<5}{_size(statistics['mean'][field.name]):>8}"
            f"{_size(statistics['std'][field.name]):>10}{step:>16}   {field.meaning}".rstrip()
        )
    lines += ["", *_row("cost", _cost(training_set))]
    for where in dict.fromkeys(_where(costs.surroundings) for costs in training_set.costs):
        lines += _row("made on", where)
    lines += _row("seed", str(settings.seed))
    lines += _row("failed", _failed(training_set))
    lines += _row("on disk", f"{_bytes(sum(c.size for c in training_set.costs))} in {_files(training_set)}")
    lines += _row("fingerprint", training_set.fingerprint)
    return "\n".join(lines)


def _row(label: str, value: str) -> list[str]:
    return [f"{label:<13}{value}"]


def _unit(unit: str) -> str:
    return "" if unit == "1" else f" {unit}"


def _listed(values: dict[str, Any]) -> str:
    return ", ".join(f"{k} {v:g}" if isinstance(v, float) else f"{k} {v}" for k, v in values.items())


def _solver(training_set: TrainingSet) -> str:
    known = dict(training_set.plan.solver)
    label = known.pop("label")
    known.pop("solver", None)
    return f"{label} ({_listed(known)})" if known else str(label)


def _values(training_set: TrainingSet, split: str) -> int:
    plan = training_set.plan
    return sum(math.prod(plan.field_shape(field, split)) for field in plan.fields)


def _count(number: int) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g} {letter}"
    return str(number)


def _bytes(size: int) -> str:
    return f"{_count(size)}B" if size >= 1000 else f"{size} B"


def _size(value: Any) -> str:
    """A number; the root mean square of a vector's or tensor's."""
    return f"{float(np.sqrt(np.mean(np.square(value)))) if np.ndim(value) else float(value):.3g}"


def _cost(training_set: TrainingSet) -> str:
    samples = sum(len(c.seconds) for c in training_set.costs)
    return (
        f"{training_set.seconds:.3g} s of the solver on one thread, "
        f"{training_set.seconds / samples:.3g} s for each of {samples} samples"
    )


def _where(surroundings: dict[str, Any]) -> str:
    commit = surroundings.get("commit")
    versions = surroundings.get("versions", {})
    return (
        f"{surroundings.get('cpu')} ({surroundings.get('cores')} cores), {surroundings.get('system')}, "
        f"Python {surroundings.get('python')}, NumPy {versions.get('numpy')}, "
        f"understudy {versions.get('understudy')}{f' at commit {commit}' if commit else ''}"
    )


def _failed(training_set: TrainingSet) -> str:
    failures = training_set.failures
    if not failures:
        return "none"
    counts = Counter((f.split, f.status.name.lower().replace("_", " ")) for f in failures)
    listed = ", ".join(f"{number} of {split} {how}" for (split, how), number in counts.items())
    # a note counts the samples of its own batch; here each kind of failure is said once
    said = (COUNTED.sub("", note) for f in failures for note in f.notes)
    notes = "; ".join(dict.fromkeys(said))
    return f"{listed}{f' ({notes})' if notes else ''}"


def _files(training_set: TrainingSet) -> str:
    number = len(training_set.plan.shards)
    return f"{number} file{'s' * (number > 1)}, {training_set.plan.settings.dtype}"
