"""What committed comparisons say of models made of blocks, beside what needs no network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .report import duration
from .results_table import RESULTS, VALID_TIME, mode_of
from .seeds import apart, median_of, number
from .targets_page import Measured

__all__ = [
    "adapted",
    "beside",
    "better_share",
    "codes",
    "ensembles",
    "experts",
    "fields_and_drag",
    "load",
    "lowered",
    "row_of",
    "skips",
    "students",
    "surely_better",
    "with_symmetry",
]

Results = Mapping[str, Any]


def load(name: str, part: str = "results") -> Results:
    """Committed results of an experiment or a benchmark's part; `FileNotFoundError` where there are none."""
    return dict(json.loads((RESULTS / name / f"{part}.json").read_text()))


def row_of(results: Results, label: str) -> Results:
    """What the comparison says of one model."""
    return next(row for row in results["rows"] if row["label"] == label)


def beside(name: str, ours: Sequence[str], others: Sequence[str]) -> Measured:
    """Medians of these models and of those others, and the best of ours against the solver at equal accuracy.

    Reached where the best of ours is better than the best of the others, and would be so of other queries.
    """
    results = load(name)
    longest = results["metric"]["name"] == VALID_TIME
    best = max if longest else min
    medians = {label: _median(row_of(results, label), longest=longest) for label in (*ours, *others)}
    said = ", ".join(f"{label} {medians[label]:.3g}" for label in ours)
    against = ", ".join(f"{label} {medians[label]:.3g}" for label in others)
    first = best(ours, key=medians.__getitem__)
    verdict = next(v for v in results["verdicts"] if v["label"] == first)
    alone, batch = (mode_of(verdict[mode]) for mode in ("single", "batch"))
    solver = f"the solver at its accuracy: {alone.in_words()} alone, {batch.in_words()} in batch"
    rival = best(others, key=medians.__getitem__)
    ahead = medians[first] > medians[rival] if longest else medians[first] < medians[rival]
    reached = ahead and surely_better(row_of(results, first), row_of(results, rival), longest=longest)
    level = f"; {first} and {rival} may be level" if ahead and not reached else ""
    return f"{said}; beside {against}{level}; {first} against {solver}", reached


def surely_better(one: Results, other: Results, *, longest: bool, draws: int = 1000) -> bool:
    """Whether the median stays better in 97.5 % of draws of the queries, the same for both, with all training
    seeds together. What another draw of the training set would say is in no result, and in no such number.
    """
    missing = 0.0 if longest else np.inf
    ours, theirs = (
        np.array([[missing if s is None else s for s in seed] for seed in row["scores"]], dtype=np.float64)
        for row in (one, other)
    )
    generator = np.random.default_rng(0)
    queries = generator.integers(ours.shape[1], size=(draws, ours.shape[1]))
    mine, its = (np.median(scores[:, queries], axis=(0, 2)) for scores in (ours, theirs))
    return bool(np.mean(mine > its if longest else mine < its) >= 0.975)


def better_share(name: str, ours: str, other: str, *, quantile: str = "median") -> Measured:
    """Ratio of two models' errors; reached where ours is smaller."""
    results = load(name)
    mine, theirs = (float(row_of(results, label)["accuracy"][quantile]) for label in (ours, other))
    return f"{ours} {mine:.2g}, {other} {theirs:.2g}: {theirs / mine:.2g} times as large", mine < theirs


def experts(name: str = "pipe-flow-default") -> Measured:
    """Weights stored and active, median and largest hundredth of errors, and how many experts are asked."""
    results = load(name)
    said = []
    for label in ("mixture-1-free", "mixture-1", "mixture-2", "dense"):
        found = results["by_regime"][label]["all"]
        words = f"{label} {100 * found['median']:.2g} % and {100 * found['q99']:.2g} %"
        if label in results["weights"]:
            weights, loads = results["weights"][label], results["experts"][label][0]["all"]
            asked = sum(load > 0.01 for load in loads)
            words += f" ({weights['active']:,} of {weights['stored']:,} weights active, "
            words += f"{asked} of {len(loads)} experts asked)"
        said.append(words)
    best = min(results["by_regime"][label]["all"]["median"] for label in ("mixture-1", "mixture-2"))
    return "; ".join(said), best < results["by_regime"]["dense"]["all"]["median"]


def codes(name: str = "latent-models-default") -> Measured:
    """Share of variance lost, by numbers of a code, beside as many principal components."""
    found = load(name)["reconstruction"]
    lost, components = found["autoencoders"], found["components_aligned"]
    said, sizes = [], {label: n for label, n in found["latents"].items() if found["aligned"][label]}
    for label, size in sorted(sizes.items(), key=lambda item: item[1]):
        said.append(f"{size}: {lost[label]:.1e} ({components[size]:.1e})")
    better = all(lost[label] < components[size] for label, size in sizes.items())
    return f"variance lost by numbers in the code (by components): {', '.join(said)}", better


def ensembles(name: str = "super-resolution-default") -> Measured:
    """CRPS and spread over skill of the diffusions' ensembles."""
    results = load(name)
    said = [
        f"{label}: CRPS {found['crps_median']:.2g}, spread over skill {found['spread_over_skill']:.2g}, "
        f"error of the mean {_median(row_of(results, label)):.2g}"
        for label, found in results["ensembles"].items()
    ]
    seconds = duration(row_of(results, "diffusion")["seconds_per_query"]["batch"]["median"])
    return f"{'; '.join(said)}; {seconds} an answer of 8 members", None


def fields_and_drag(name: str = "steady-flow-default") -> Measured:
    """Error of the velocity and of the drag of one network, which is shown a shape and its viscosity."""
    found = load(name)["measures"]["mixer"]
    words = f"mixer: velocity {100 * found['velocity']:.2g} %, pressure {100 * found['pressure']:.2g} %, "
    words += f"drag {100 * found['drag']:.2g} % (by its fields {100 * found['drag of fields']:.2g} %)"
    return words, bool(found["drag"] < found["drag of fields"])


def skips(name: str = "bench-depth") -> Measured:
    """Gradient at the first layer of the deepest stacks at the start, and their valid times."""
    rows = load(name, "skips")["rows"]
    deepest = max(row["depth"] for row in rows)
    said, better = [], []
    for activation in dict.fromkeys(row["activation"] for row in rows):
        own = {
            row["kind"]: row for row in rows if row["activation"] == activation and row["depth"] == deepest
        }
        times = {kind: row["valid_time"] or 0.0 for kind, row in own.items()}
        words = (
            f"{kind} {_or_overflow(row['gradient'])}, then {times[kind]:.2g}" for kind, row in own.items()
        )
        said.append(f"{activation}: {'; '.join(words)}")
        better.append(times["residual"] > times["plain"])
    return f"{deepest} blocks, gradient, then valid time: {'. '.join(said)}", all(better)


def adapted(name: str = "bench-low-cost") -> Measured:
    """Errors in another regime by way and number of samples; reached where, for each number, one way beats
    scratch by more than the spread of seeds.
    """
    rows = load(name, "adaptation")["rows"]
    counts, ways = sorted({row["samples"] for row in rows}), list(dict.fromkeys(row["way"] for row in rows))
    errors = {way: [_all(rows, "test", way=way, samples=count) for count in counts] for way in ways}
    said = [f"{way} {', '.join(f'{median_of(e):.1e}' for e in found)}" for way, found in errors.items()]
    won = [
        any(apart(errors[way][k], errors["scratch"][k]) for way in ways if way != "scratch")
        for k in range(len(counts))
    ]
    return f"with {', '.join(map(str, counts))} samples: {'; '.join(said)}", all(won)


def students(name: str = "bench-low-cost") -> Measured:
    """Errors of students by size and source; reached where a teacher helps at every size, by a twentieth and
    by more than the spread of seeds.
    """
    rows = load(name, "distillation")["rows"]
    sizes = sorted({row["channels"] for row in rows if row["channels"]})
    sources = list(dict.fromkeys(row["source"] for row in rows if row["channels"]))
    said, helped = [], []
    for size in sizes:
        errors = {source: _all(rows, "test", channels=size, source=source) for source in sources}
        said.append(f"{size} channels: {', '.join(f'{s} {median_of(e):.2e}' for s, e in errors.items())}")
        enough = 0.95 * median_of(errors["labels"])
        helped.append(any(median_of(e) < enough and apart(e, errors["labels"]) for e in errors.values()))
    return "; ".join(said), all(helped)


def lowered(name: str = "bench-low-cost") -> Measured:
    """Median ratios to single precision over the networks of each problem: error, seconds in batches, bytes;
    of how many, where not all can be had in a form. One that fails is infinitely wrong.
    """
    rows = [row for row in load(name, "precision")["rows"] if not row["why_not"] and "batch" in row]
    whole = {(row["problem"], row["surrogate"]): row for row in rows if row["form"] == "float32"}
    said = []
    for form in dict.fromkeys(row["form"] for row in rows if row["form"] != "float32"):
        found = []
        for problem in dict.fromkeys(problem for problem, _ in whole):
            own = [row for row in rows if (row["form"], row["problem"]) == (form, problem)]
            beside = [(row, whole[problem, row["surrogate"]]) for row in own]
            if not beside:
                continue
            ratios = (
                median_of([of(row) / of(one) for row, one in beside])
                for of in (lambda r: number(r["test"]), lambda r: r["batch"]["median"], lambda r: r["bytes"])
            )
            every = sum(known == problem for known, _ in whole)
            words = f"{problem} {', '.join(f'{ratio:.2g}' for ratio in ratios)}"
            found.append(words + (f" ({len(own)} of {every})" if len(own) < every else ""))
        said.append(f"{form}: {' / '.join(found)}")
    return f"error, time in batches and bytes over those in float32: {'; '.join(said)}", None


def with_symmetry(part: str, plain: str, other: str, name: str = "bench-structure") -> Measured:
    """Errors by number of samples of two ways; reached where the other is always better, by more than the
    spread of seeds. Where that covers the difference, they are level.
    """
    rows = [row for row in load(name, part)["rows"] if row["way"] in (plain, other)]
    said, better = [], []
    for problem in dict.fromkeys(row["problem"] for row in rows):
        own = [row for row in rows if row["problem"] == problem]
        for count in sorted({row["samples"] for row in own}):
            one, two = (_all(own, "test", way=way, samples=count) for way in (plain, other))
            level = " (level)" if not apart(one, two) and not apart(two, one) else ""
            said.append(f"{problem}, {count}: {median_of(one):.2g} to {median_of(two):.2g}{level}")
            better.append(apart(two, one))
    return f"{plain} to {other}: {'; '.join(said)}", all(better)


def _or_overflow(value: float | None) -> str:
    """As JSON has it, what is infinite is nothing."""
    return "overflows" if value is None else f"{value:.1e}"


def _all(rows: Sequence[Results], key: str, **which: Any) -> list[float | None]:
    """Of the rows of a kind, one for each seed."""
    return [row[key] for row in rows if all(row[k] == v for k, v in which.items())]


def _median(row: Results, *, longest: bool = False) -> float:
    value = row["accuracy"]["median"]
    if value is not None:
        return float(value)
    return 0.0 if longest else float("inf")
