"""Smoothing at its smallest: every contestant on the same windows, and the command line that runs it."""

import dataclasses
import json
from pathlib import Path

import pytest
from few_readings import FEW_READINGS
from understudy.datasets.observations import Coarse, Gappy
from understudy.experiments import smoothing
from understudy.experiments.command import main
from understudy.experiments.compare import ComparisonError
from understudy.experiments.smoothing_comparison import shown

QUICK = smoothing.PRESETS["quick"]
SMALL = ("--main.transient", "20", "--quiet", *FEW_READINGS)


@pytest.fixture(scope="module")
def finished(few_rungs: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "smoothing"
    assert main(["run", "smoothing", "--preset", "quick", "--folder", str(folder), *SMALL]) == 0
    return folder


def test_all_contestants_are_judged_beside_the_solvers_fit(finished: Path) -> None:
    results = json.loads((finished / "results.json").read_text())
    kinds = {row["label"]: row["kind"] for row in results["rows"]}
    learned = {"lstm", "lstm-forward", "lstm-whole-frames", "kalman", "kalman-forward", "gappy-pod"}
    learned |= {"regimes", "matrix-completion", "lstm + fit", "kalman + fit"}
    assert {label for label, kind in kinds.items() if kind == "surrogate"} == learned
    assert {label for label, kind in kinds.items() if kind == "null"} == {"training-mean", "nearest-known"}
    assert {verdict["label"] for verdict in results["verdicts"]} == learned | {"control"}
    errors = {row["label"]: row["accuracy"]["median"] for row in results["rows"]}
    assert errors["kalman"] < errors["kalman-forward"] < errors["gappy-pod"] < errors["training-mean"]
    ladder = [errors[label] for label, kind in kinds.items() if kind == "ladder"]
    assert min(ladder) < errors["kalman"]


def test_other_instruments_are_tried_on_the_same_windows(finished: Path) -> None:
    tried = json.loads((finished / "results.json").read_text())["other_instruments"]
    assert set(tried["share"]) == {"0.1", "0.25", "0.5"}
    assert set(tried["noise"]) == {"0.1", "0.4", "0.8"}
    assert tried["share"]["0.25"] == tried["noise"]["0.4"]
    for label in ("kalman", "solver's fit"):
        assert tried["share"]["0.1"][label] > tried["share"]["0.5"][label]
        assert tried["noise"]["0.8"][label] > tried["noise"]["0.1"][label]


def test_a_run_leaves_figures_and_one_page(finished: Path) -> None:
    figures = {path.stem for path in (finished / "figures").glob("*.png")}
    assert figures == {"windows", "cost", "instruments", "error", "errors", "total-cost"}
    page = (finished / "report.html").read_text()
    assert page.count("data:image/png;base64") == 6
    assert "Other instruments" in page


def test_settings_that_do_not_fit_are_refused_before_anything_is_solved() -> None:
    QUICK.check(QUICK.candidates)
    for changes, sentence in (
        ({"window": 1}, "--window must be at least 2"),
        ({"window": 17}, "--main.test-frames 16 .* hold no window of 17 frames"),
        ({"comparison": dataclasses.replace(QUICK.comparison, rounds=0)}, "--comparison.rounds"),
        ({"comparison": dataclasses.replace(QUICK.comparison, batches=())}, "--comparison.batches"),
        ({"comparison": dataclasses.replace(QUICK.comparison, shares=(0.0,))}, "--comparison.shares"),
    ):
        with pytest.raises(ComparisonError, match=sentence):
            dataclasses.replace(QUICK, **changes).check({})
    two = dataclasses.replace(QUICK, window=2)
    with pytest.raises(ComparisonError, match=r"--window must be above 2, the frames in a state of kalman, "):
        two.check({label: QUICK.candidates[label] for label in ("gappy-pod", "kalman")})
    with pytest.raises(ComparisonError, match=r"--window must be above 2, .* of kalman-forward, got 2"):
        two.check({"kalman-forward": QUICK.candidates["kalman-forward"]})
    two.check({"gappy-pod": QUICK.candidates["gappy-pod"]})
    with pytest.raises(ComparisonError, match="windows with gaps"):
        shown(dataclasses.replace(QUICK.task, instrument=Coarse(4)))


@pytest.mark.parametrize("size", ["quick", "default", "paper"])
def test_every_size_compares_the_same_candidates(size: str) -> None:
    settings = smoothing.PRESETS[size]
    settings.check(settings.candidates)
    assert set(settings.candidates) == set(QUICK.candidates)
    assert settings.instrument == Gappy(0.25, 0.4)


@pytest.mark.slow
def test_only_some_surrogates_can_be_compared(finished: Path, tmp_path: Path) -> None:
    command = ["run", "smoothing", "--preset", "quick", "--folder", str(tmp_path), *SMALL]
    assert main([*command, "--surrogates", "gappy-pod"]) == 0
    results = json.loads((tmp_path / "results.json").read_text())
    labels = {row["label"] for row in results["rows"] if row["kind"] in ("surrogate", "null")}
    assert labels == {"gappy-pod", "training-mean", "nearest-known"}
