"""Refinements are judged by the last frame of windows that nobody saw, each with the frames that it takes."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.signal
import torch
from few_readings import FEW_READINGS
from understudy.datasets.observations import SEEN, Coarse, Observed
from understudy.datasets.training_set import TrainingSet
from understudy.experiments import super_resolution
from understudy.experiments.command import main
from understudy.experiments.compare import ComparisonError
from understudy.experiments.metrics import relative_error
from understudy.experiments.refinement_comparison import last_frames, of_the_last
from understudy.experiments.refinement_measures import Ensemble, consistency, spectrum_error
from understudy.experiments.stages import Candidate, surrogate_folder
from understudy.solvers.contract import Queries, Solution, SolverError
from understudy.surrogates.field_diffusion import FieldDiffusion
from understudy.surrogates.surrogate import load

QUICK = super_resolution.PRESETS["quick"]
SOME = ("super-resolution", "super-resolution-4", "adversarial", "diffusion")


def solution(values: np.ndarray) -> Solution:
    """Of (samples, points), at one time."""
    count = len(values)
    return Solution(
        times=np.zeros(1),
        values={"u": values[:, None]},
        status=np.zeros(count, np.int8),
        seconds=np.zeros(count),
        error_estimate=np.full(count, np.nan),
    )


@pytest.fixture(scope="module")
def folder(few_rungs: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("super-resolution")
    command = ["run", "super-resolution", "--preset", "quick", "--folder", str(found), "--quiet"]
    assert main([*command, "--surrogates", *SOME, *FEW_READINGS]) == 0
    return found


@pytest.fixture(scope="module")
def results(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "results.json").read_text()))


@pytest.fixture(scope="module")
def rows(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["label"]: row for row in results["rows"]}


def test_a_run_leaves_results_figures_and_a_report(folder: Path, results: dict[str, Any]) -> None:
    kinds = {row["label"]: row["kind"] for row in results["rows"]}
    assert {"reference", "ladder", "surrogate", "control", "null"} == set(kinds.values())
    assert {"fourier", "cubic", "linear", "regression", "regression-4"} == {
        label for label, kind in kinds.items() if kind == "null"
    }
    assert {*SOME, "control"} == {verdict["label"] for verdict in results["verdicts"]}
    drawn = {path.stem for path in (folder / "figures").iterdir()}
    assert drawn == {"rebuilt", "cost", "spectra", "doubt", "errors", "total-cost"}
    page = (folder / "report.html").read_text()
    assert "What each is given" in page and "Ensembles (first training seed)" in page


def test_errors_are_those_of_the_last_frames_of_the_test_windows(folder: Path, rows: dict[str, Any]) -> None:
    longest, every = QUICK.comparison.longest, QUICK.comparison.every
    with TrainingSet(folder / "sets" / "main") as training_set:
        split = training_set.split("test")
        ends = range(longest, split.frames + 1, every)
        windows = [split.read(i, end - longest, end) for i in range(len(split)) for end in ends]
    network, _ = load(surrogate_folder(folder, "super-resolution-4", 0))
    for i, window in enumerate(windows):
        seen = scipy.signal.resample(window, 8, axis=1)
        fourier = scipy.signal.resample(seen[-1], 64)
        given = torch.from_numpy(seen[None, -4:]).to(network.dtype)
        learned = network({SEEN: given})["u"][0, -1].double().numpy()
        for label, said in (("fourier", fourier), ("super-resolution-4", learned)):
            error = np.linalg.norm(said - window[-1]) / np.linalg.norm(window[-1])
            assert rows[label]["scores"][0][i] == pytest.approx(error, rel=2e-3)
    assert len(rows["fourier"]["scores"][0]) == len(windows) > 8


def test_what_knows_the_view_keeps_it_and_fourier_has_no_short_waves(rows: dict[str, Any]) -> None:
    others = {label: row["other_medians"] for label, row in rows.items()}
    for label in ("fourier", "regression", *SOME):
        assert others[label]["inconsistency"] < 1e-6
    assert others["cubic"]["inconsistency"] > 1e-3
    assert others["fourier"]["spectrum (decades)"] > others["cubic"]["spectrum (decades)"] > 0.05


def test_the_solver_is_the_better_the_longer_its_history(rows: dict[str, Any]) -> None:
    medians = [rows[f"h=1/16 N=48 {n} frames"]["accuracy"]["median"] for n in QUICK.comparison.histories]
    assert medians == sorted(medians, reverse=True)
    assert medians[-1] < rows["fourier"]["accuracy"]["median"]
    (reference,) = (row for row in rows.values() if row["kind"] == "reference")
    assert reference["settings"]["frames"] == 8 and reference["settings"]["steps"] == 16


def test_ensembles_are_scored_as_such_and_plain_answers_by_their_absolute_error(
    folder: Path, results: dict[str, Any], rows: dict[str, Any]
) -> None:
    with TrainingSet(folder / "sets" / "main") as training_set:
        queries, truth = last_frames(QUICK.comparison, training_set, field="u")
    diffusion, _ = load(surrogate_folder(folder, "diffusion", 0))
    assert isinstance(diffusion, FieldDiffusion)
    seen = torch.from_numpy(queries[SEEN][:, -1:].copy()).to(diffusion.dtype)
    drawn = diffusion.sample({SEEN: seen}, QUICK.comparison.members, seed=0)["u"][:, :, -1].double().numpy()
    true = truth.values["u"][:, 0]
    pairs = np.abs(drawn[:, None] - drawn[None]).sum(axis=(0, 1)) / (len(drawn) * (len(drawn) - 1))
    scores = (np.abs(drawn - true).mean(axis=0) - pairs / 2).mean(axis=1)
    assert rows["diffusion"]["other_medians"]["CRPS"] == pytest.approx(np.median(scores), rel=1e-4)
    assert results["ensembles"]["diffusion"]["crps_mean"] == pytest.approx(scores.mean(), rel=1e-4)
    assert results["ensembles"]["diffusion"]["members"] == QUICK.comparison.members
    fourier = scipy.signal.resample(queries[SEEN][:, -1], 64, axis=1)
    absolute = np.abs(fourier - true).mean(axis=1)
    assert rows["fourier"]["other_medians"]["CRPS"] == pytest.approx(np.median(absolute), rel=1e-6)


def test_the_bill_has_data_for_all_and_training_for_those_who_train(rows: dict[str, Any]) -> None:
    for label in SOME:
        assert rows[label]["bill_seconds"]["data"] > 0
        assert rows[label]["bill_seconds"]["training"] > rows["fourier"]["bill_seconds"]["training"]


# measures ------------------------------------------------------------------------------------------


def test_spectra_are_compared_in_decades_where_nothing_is_seen() -> None:
    x = 2 * np.pi * np.arange(64) / 64
    truth = np.stack([np.cos(2 * x) + 0.1 * np.cos(6 * x + p) + 1e-2 * np.cos(9 * x) for p in (0.0, 1.0)])
    seen_wrong = truth + np.cos(3 * x)
    metric = spectrum_error(8)
    np.testing.assert_allclose(metric.score(solution(seen_wrong), solution(truth)), 0, atol=1e-10)
    shifted = truth.copy()
    shifted[1] = np.roll(truth[1], 5)
    np.testing.assert_allclose(metric.score(solution(shifted), solution(truth)), 0, atol=1e-10)
    weak = np.stack([np.cos(2 * x) + 0.01 * np.cos(6 * x) + 1e-2 * np.cos(9 * x)] * 2)
    np.testing.assert_allclose(metric.score(solution(weak), solution(truth)), np.sqrt(1 / 2), rtol=1e-6)
    without = np.stack([np.cos(2 * x)] * 2)  # what is not there counts as the faintest
    expected = np.sqrt((np.log10(0.1 / 1e-5) ** 2 + np.log10(0.01 / 1e-5) ** 2) / 2)
    np.testing.assert_allclose(metric.score(solution(without), solution(truth)), expected, rtol=1e-6)


def test_what_diverged_has_no_spectrum() -> None:
    truth = np.random.default_rng(0).standard_normal((3, 64))
    broken = truth.copy()
    broken[1] = np.nan
    broken[2, 3] = np.inf
    score = spectrum_error(8).score(solution(broken), solution(truth))
    assert np.isfinite(score).tolist() == [True, False, False]
    assert np.isinf(score[1:]).all()


def test_inconsistency_is_the_error_of_the_view() -> None:
    generator = np.random.default_rng(0)
    truth, wrong = generator.standard_normal((3, 64)), generator.standard_normal((3, 64))
    view = scipy.signal.resample(wrong, 8, axis=1)
    expected = np.linalg.norm(view, axis=1) / np.linalg.norm(scipy.signal.resample(truth, 8, axis=1), axis=1)
    score = consistency(8).score(solution(truth + wrong), solution(truth))
    np.testing.assert_allclose(score, expected)
    hidden = wrong - scipy.signal.resample(view, 64, axis=1)
    assert consistency(8).score(solution(truth + hidden), solution(truth)).max() < 1e-13
    broken = truth.copy()
    broken[1, 0] = np.nan
    assert np.isinf(consistency(8).score(solution(broken), solution(truth))[1])


def test_an_ensemble_has_spreads_and_errors_window_by_window() -> None:
    generator = np.random.default_rng(0)
    found = Ensemble(generator.standard_normal((40, 5, 200)), generator.standard_normal((5, 200)))
    np.testing.assert_allclose(found.spreads, 1, atol=0.05)
    np.testing.assert_allclose(found.errors, 1, atol=0.15)
    plain = found.plain()
    assert plain["spread_over_skill"] == pytest.approx(plain["spread"] / plain["skill"])
    assert plain["members"] == 40 and found.scores.shape == (5,)


def test_who_rebuilds_windows_is_given_the_last_frames_and_answers_the_last() -> None:
    heard: list[tuple[np.ndarray, np.ndarray]] = []

    def answer(queries: Queries, times: np.ndarray) -> Solution:
        heard.append((queries[SEEN], times))
        said = solution(np.zeros((2, 16)))
        values = np.stack([np.full((2, 16), t) for t in times], axis=1)
        return dataclasses.replace(said, times=times, values={"u": values})

    seen = np.arange(2 * 7 * 4, dtype=float).reshape(2, 7, 4)
    said = of_the_last(answer, frames=3, interval=0.5)({SEEN: seen}, np.zeros(1))
    assert (heard[0][0] == seen[:, -3:]).all() and heard[0][1].tolist() == [0.0, 0.5, 1.0]
    assert said.times.tolist() == [0.0] and (said.values["u"] == 1.0).all()
    assert relative_error().score(said, solution(np.ones((2, 16)))).max() < 1e-12


# refusals ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", super_resolution.PRESETS)
def test_what_the_presets_ask_for_fits(preset: str) -> None:
    settings = super_resolution.PRESETS[preset]
    settings.check(settings.candidates)
    if preset != "quick":  # windows that share frames would count as independent
        assert settings.main.test_frames == settings.comparison.longest == 128
        assert settings.main.test_trajectories >= 128


def test_settings_that_make_no_sense_are_refused() -> None:
    def refused(sentence: str, **changes: Any) -> None:
        own = {k: v for k, v in changes.items() if k in ("system", "main", "window")}
        comparison = {k: v for k, v in changes.items() if k not in own}
        settings = dataclasses.replace(
            QUICK, comparison=dataclasses.replace(QUICK.comparison, **comparison), **own
        )
        with pytest.raises((ComparisonError, SolverError), match=sentence):
            settings.check(settings.candidates)

    refused("histories must be one or more whole numbers from 2 on", histories=(1, 2))
    refused("histories must be one or more whole numbers from 2 on", histories=())
    refused("histories holds a number twice", histories=(8, 8))
    refused("batches must be", batches=(0,))
    refused("members must be at least 2", members=1)
    refused("every must be at least 1", every=0)
    refused("factor 7 must divide", factor=7)
    refused("histories has 64 frames, but a test trajectory 40", histories=(2, 64))
    refused("--window must be at least 2", window=1)
    refused("given windows of 12 frames, but trajectories and --comparison.histories have 8", window=12)
    refused(
        "valid-trajectories must be at least 1", main=dataclasses.replace(QUICK.main, valid_trajectories=0)
    )
    refused("above 2 pi", system=dataclasses.replace(QUICK.system, length=3.0))
    other = Candidate("super_resolution", Observed("u", Coarse(4)))
    with pytest.raises(ComparisonError, match=r"other is not given what is seen on 8 times fewer points"):
        QUICK.check({"other": other})
