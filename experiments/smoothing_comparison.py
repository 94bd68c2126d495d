"""Windows with gaps and noise: questions, contestants, other instruments, and all that is reported."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets.observations import Gappy, Observed
from ..datasets.training_set import TrainingSet
from ..solvers.contract import Answer, Queries, Solution
from ..solvers.discovery import find_kit
from ..solvers.kuramoto_sivashinsky.ladder import compiled_grid
from ..solvers.kuramoto_sivashinsky.system import KuramotoSivashinsky
from ..solvers.methods.spectral_schemes import ETDAB
from ..solvers.methods.spectral_solver import SpectralSolver
from .compare import ComparisonError, Contestant, Plan, compare
from .entries import CONTROL
from .judging import Judging
from .metrics import relative_error
from .report import table, write_json
from .results_card import results_card
from .smoothing_figures import FIT
from .smoothing_report import Findings, write_figures_and_report
from .stages import Trained, contestant
from .timing import pinned_threads
from .verdict import judge
from .window_fit import GUESS, WindowFit, climate_of

__all__ = ["SmoothingSettings", "compare_smoothing"]

WHOLE: tuple[tuple[tuple[float, ...], int], ...] = tuple(((), count) for count in (0, 1, 2, 3, 5))
FEW_FIRST: tuple[tuple[tuple[float, ...], int], ...] = (
    ((1 / 4,), 0),
    ((3 / 8,), 0),
    ((1 / 2,), 0),
    ((1 / 4, 5 / 8), 0),
    ((1 / 4,), 1),
    ((1 / 2,), 1),
    ((1 / 2,), 2),
)
"""Shares of the window that the first iterations look at, and how many then look at all of it: from cheap to
accurate, as validation windows at L = 22 have it."""
SETTINGS: tuple[
    tuple[
        type[SpectralSolver],
        dict[str, Any],
        float,
        float,
        float,
        tuple[tuple[tuple[float, ...], int], ...],
    ],
    ...,
] = (
    (ETDAB, {"order": 4}, 1 / 8, 1.06, 0.9, WHOLE),
    (ETDAB, {"order": 4}, 1 / 8, 1.06, 1.2, WHOLE),
    (ETDAB, {"order": 2, "dtype": "float32"}, 1 / 4, 0.7, 1.7, FEW_FIRST),
    (ETDAB, {"order": 2, "dtype": "float32"}, 1 / 4, 1.06, 1.7, FEW_FIRST),
    (ETDAB, {"order": 4, "dtype": "float32"}, 1 / 8, 1.06, 0.9, WHOLE),
    (ETDAB, {"order": 4, "dtype": "float32"}, 1 / 8, 1.06, 1.7, WHOLE),
    (ETDAB, {"order": 4}, 1 / 8, 1.06, 1.7, WHOLE),
    (ETDAB, {"order": 4}, 1 / 8, 1.4, 2.3, WHOLE),
    (ETDAB, {"order": 4}, 1 / 16, 1.4, 2.9, WHOLE),
)
"""Of the ladder: scheme, step, points per unit length, waves that are fitted per 2 pi of length, iterations.

A window of 32 frames lasts a third of a Lyapunov time, so that little grows of what low orders, large
steps and few points spoil: on validation windows at L = 22, 0.5 % at order 2 and a step of 1/4, 4 % on
16 points."""
MOST = 50
"""Iterations of the reference, which ends where nothing moves."""
FINISHED = ("lstm", "kalman")
"""Smoothers from whose first frame a fit goes on, as hybrids."""
FINISH = 1
"""Iterations of such a fit."""


@dataclass(frozen=True)
class SmoothingSettings(Judging):
    """How answers are judged; see `Judging`, too.

    Attributes:
        alone: windows that are timed alone, one after the other.
        shares: of known values, that are tried besides the one that was learned.
        noises: deviations of the noise, the same.
        tried: test windows on which they are.
    """

    rounds: int = 5
    alone: int = 4
    batches: tuple[int, ...] = (1, 8, 64)
    shares: tuple[float, ...] = (0.05, 0.1, 0.5, 1.0)
    noises: tuple[float, ...] = (0.0, 0.1, 0.2, 0.8, 1.2)
    tried: int = 50

    def check(self) -> None:
        """Raise `ComparisonError` for settings that make no sense."""
        super().check()
        self.refuse_below(1, "tried")
        if not all(0 < share <= 1 for share in self.shares) or not all(noise >= 0 for noise in self.noises):
            raise ComparisonError(
                "--comparison.shares must lie in (0, 1] and --comparison.noises be at least 0, got "
                f"{self.shares} and {self.noises}"
            )


def compare_smoothing(
    settings: SmoothingSettings,
    trained: Sequence[Trained],
    *,
    system: KuramotoSivashinsky,
    task: Observed,
    training_set: TrainingSet,
    folder: Path,
    described: Mapping[str, Any],
    progress: bool = False,
) -> str:
    """Judge and time; returns the table. `described` goes into the results as it is."""
    queries, truth = task.questions(training_set, "test")
    metric = relative_error()
    plan = Plan(
        queries=queries,
        times=truth.times,
        timed=truth.times,
        truth=truth,
        metric=metric,
        scale=float(np.sqrt(np.mean(truth.values[task.field] ** 2))),
        alone=settings.alone,
        batches=settings.batches,
        rounds=settings.rounds,
        threads=settings.threads,
    )
    reference, ladder = fits(system, task, training_set)
    surrogates = [contestant(t, training_set) for t in trained]
    contestants = [
        Contestant(f"data: {reference.label}", "reference", (reference,), settings=reference.settings),
        *(Contestant(fit.label, "ladder", (fit,), settings=fit.settings) for fit in ladder),
        Contestant("control", "control", (ladder[0],), settings=ladder[0].settings, remark=CONTROL),
        *surrogates,
        *(
            finished(one, dataclasses.replace(ladder[-1], iterations=FINISH))
            for one in surrogates
            if one.label in FINISHED
        ),
    ]
    rows = compare(plan, contestants, progress=progress)
    answers = {c.label: c.answers[0] for c in contestants if c.kind in ("surrogate", "null")}
    answers[FIT] = ladder[-1]
    with pinned_threads(settings.threads):
        tried = {
            name: {
                f"{value:g}": errors_with(answers, task, training_set, changes, tried=settings.tried)
                for value, changes in instruments
            }
            for name, instruments in {
                "share": [(share, {"share": share}) for share in (*settings.shares, shown(task).share)],
                "noise": [(noise, {"noise": noise}) for noise in (*settings.noises, shown(task).noise)],
            }.items()
        }
    findings = Findings(
        plan=plan,
        rows=rows,
        verdicts=judge(rows, metric),
        at_ninety=judge(rows, metric, share=0.9),
        answers=answers,
        tried=tried,
        instrument=shown(task),
        system=system,
        training=training_set,
    )
    results = results_card(
        system,
        metric,
        rows=rows,
        verdicts=findings.verdicts,
        at_ninety=findings.at_ninety,
        sets={"main": training_set},
        described=described,
        own={
            "characteristic_time": system.characteristic_time,
            "scale": plan.scale,
            "task": task.described,
            "times": truth.times,
            "other_instruments": tried,
        },
    )
    write_json(folder / "results.json", results)
    write_figures_and_report(findings, folder=folder, results=results)
    return table(rows, findings.verdicts, metric=metric)


def shown(task: Observed) -> Gappy:
    """The task's instrument; `ComparisonError` for one that leaves no gaps."""
    if not isinstance(task.instrument, Gappy):
        raise ComparisonError(f"windows with gaps are compared here, got {task.instrument}")
    return task.instrument


def fits(
    system: KuramotoSivashinsky, task: Observed, training_set: TrainingSet
) -> tuple[WindowFit, list[WindowFit]]:
    """The fit by the solver that made the data, until nothing moves; and cheap ones, coarse ones first.

    They are told the noise, and the climate as the training split has it.
    """
    split = training_set.split("train")
    frames = np.concatenate([split.read(i, field=task.field)[::8] for i in range(len(split))])
    noise = max(shown(task).noise, 1e-3 * float(frames.std()))
    per_wave = system.length / (2 * np.pi)

    def fit(solver: SpectralSolver, waves: float, iterations: int, shares: Sequence[float] = ()) -> WindowFit:
        held = min(round(waves * per_wave), solver.grid_points // 2 - 1, system.points // 2 - 1)
        early = tuple(max(1, round(share * task.window)) for share in shares)
        return WindowFit(solver, climate_of(frames, held), noise, iterations, early)

    standard = find_kit(system.name).standard(system)
    assert isinstance(standard, SpectralSolver)
    reference = fit(standard, 4.0, MOST)
    ladder = [
        fit(
            kind(system, step=step, points=compiled_grid(system, density=density), **chosen),
            waves,
            iterations,
            shares,
        )
        for kind, chosen, step, density, waves, schedules in SETTINGS
        for shares, iterations in schedules
    ]
    return reference, ladder


def finished(one: Contestant, fit: WindowFit) -> Contestant:
    """The solver's fit, begun from a smoother's first frame."""

    def answer_of(first: Answer) -> Answer:
        def answer(queries: Queries, times: NDArray[np.float64]) -> Solution:
            frame = first(queries, times).values["u"][:, 0]
            return fit({**queries, GUESS: np.where(np.isfinite(frame), frame, 0.0)}, times)

        return answer

    return Contestant(
        f"{one.label} + fit",
        "surrogate",
        tuple(answer_of(answer) for answer in one.answers),
        bill=one.bill,
        settings={"of": one.label, "fit": fit.label},
        device=one.device,
        remark=f"hybrid: {fit.label}, begun from the first frame of {one.label}",
    )


def errors_with(
    answers: Mapping[str, Answer],
    task: Observed,
    training_set: TrainingSet,
    changes: Mapping[str, float],
    *,
    tried: int,
) -> dict[str, float]:
    """Median error of each on the first test windows, as another instrument sees them; nobody is told."""
    other = dataclasses.replace(task, instrument=dataclasses.replace(shown(task), **changes))
    queries, truth = other.questions(training_set, "test")
    some = slice(None, tried)
    truth = dataclasses.replace(
        truth,
        values={name: array[some] for name, array in truth.values.items()},
        **{name: getattr(truth, name)[some] for name in ("status", "seconds", "error_estimate")},
    )
    asked = {name: array[some] for name, array in queries.items()}
    metric = relative_error()
    return {
        label: float(np.median(metric.score(answer(asked, truth.times), truth)))
        for label, answer in answers.items()
    }
