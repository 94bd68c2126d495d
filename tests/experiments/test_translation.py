"""Translation at its smallest: every contestant on the same flows, and the command line that runs it."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from understudy.datasets.tasks import Direct
from understudy.experiments import translation
from understudy.experiments.command import main
from understudy.experiments.compare import ComparisonError
from understudy.experiments.stages import Candidate
from understudy.experiments.translation_comparison import psi_of
from understudy.solvers.steady_flow import SteadyFlow, StreamNewton

QUICK = translation.PRESETS["quick"]
SMALL = ("--main.workers", "1", "--workers", "1", "--quiet")
WITHOUT = {"shift", "transport", "components", "shared-encoder", "shared-encoder-from-shift"}
WITH = {"paired-regression", "paired-encoder"}
HYBRIDS = {f"{label} + Newton" for label in ("transport", "shared-encoder", "paired-encoder")}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "translation"
    assert main(["run", "translation", "--preset", "quick", "--folder", str(folder), *SMALL]) == 0
    return folder


def test_all_contestants_are_judged_beside_the_identity_and_the_solver(finished: Path) -> None:
    results = json.loads((finished / "results.json").read_text())
    kinds = {row["label"]: row["kind"] for row in results["rows"]}
    assert {label for label, kind in kinds.items() if kind == "surrogate"} == WITHOUT | WITH | HYBRIDS
    assert {label for label, kind in kinds.items() if kind == "null"} == {"identity"}
    errors = {row["label"]: row["accuracy"]["median"] for row in results["rows"]}
    assert errors["paired-regression"] < errors["identity"]
    aside = results["aside"]
    assert set(aside) == WITHOUT | WITH | {"identity"}
    for label in WITHOUT:
        assert (errors[label] == errors["identity"]) == bool(aside[label])
    ladder = {label for label, kind in kinds.items() if kind == "ladder"}
    cold = {label for label in ladder if not label.endswith(" from given")}
    assert {f"{label} from given" for label in cold} == ladder - cold
    assert min(errors[label] for label in ladder) < errors["paired-regression"]


def test_what_was_gained_without_pairs_is_told(finished: Path) -> None:
    results = json.loads((finished / "results.json").read_text())
    gains, errors = results["gains"], {r["label"]: r["accuracy"]["median"] for r in results["rows"]}
    assert set(gains) == WITHOUT | WITH | {"identity"}
    assert gains["identity"] == {"of_identity": 1.0, "gone": 0.0}
    best = min(errors[label] for label in WITH)
    way = (errors["identity"] - errors["transport"]) / (errors["identity"] - best)
    assert gains["transport"]["gone"] == pytest.approx(way)
    assert set(results["unlike"]) == WITHOUT | {"identity"}


def test_a_run_leaves_figures_and_one_page(finished: Path) -> None:
    figures = {path.stem for path in (finished / "figures").glob("*.png")}
    assert figures == {"translations", "cost", "unlike", "errors", "total-cost"}
    page = (finished / "report.html").read_text()
    assert page.count("data:image/png;base64") == 5
    assert "Without pairs and with" in page


def test_the_stream_function_of_a_velocity_is_the_solvers() -> None:
    system = SteadyFlow(16, 32)
    queries = system.draw([np.random.default_rng(0)])
    values = StreamNewton(system)(queries, np.zeros(1)).values
    np.testing.assert_allclose(psi_of(values["u"], system.spacing), values["psi"], atol=1e-12)


def test_settings_that_do_not_fit_are_refused_before_anything_is_solved() -> None:
    QUICK.check(QUICK.candidates)
    main = QUICK.main
    for changes, sentence in (
        ({"viscous": 0.0}, "--viscous must be positive"),
        ({"viscous": 0.5}, "Reynolds number of 60, where flows are not steady"),
        ({"main": dataclasses.replace(main, valid_trajectories=2)}, "at least 4"),
        ({"main": dataclasses.replace(main, test_frames=2)}, "steady flows have one frame"),
        ({"comparison": dataclasses.replace(QUICK.comparison, rounds=0)}, "--comparison.rounds"),
        ({"comparison": dataclasses.replace(QUICK.comparison, batches=())}, "--comparison.batches"),
    ):
        with pytest.raises(ComparisonError, match=sentence):
            dataclasses.replace(QUICK, **changes).check({})
    with pytest.raises(ComparisonError, match="mean is not given a flow to translate"):
        QUICK.check({"mean": Candidate("training_mean", Direct())})


@pytest.mark.parametrize("size", ["quick", "default", "paper"])
def test_every_size_compares_the_same_candidates(size: str) -> None:
    settings = translation.PRESETS[size]
    settings.check(settings.candidates)
    assert set(settings.candidates) == set(QUICK.candidates)


def test_only_some_surrogates_can_be_compared(finished: Path, tmp_path: Path) -> None:
    command = ["run", "translation", "--preset", "quick", "--folder", str(tmp_path), *SMALL]
    assert main([*command, "--surrogates", "transport"]) == 0
    results = json.loads((tmp_path / "results.json").read_text())
    labels = {row["label"] for row in results["rows"] if row["kind"] in ("surrogate", "null")}
    assert labels == {"transport", "transport + Newton", "identity"}
    assert "gone" not in results["gains"]["transport"]
