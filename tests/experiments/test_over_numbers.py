"""Over a range of numbers: who learns from equations pays for the answers that it was told, and no others."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from understudy.datasets.training_set import TrainingSet
from understudy.experiments import burgers
from understudy.experiments.command import main
from understudy.experiments.compare import ComparisonError
from understudy.experiments.over_numbers import RangeSettings
from understudy.experiments.stages import surrogate_folder
from understudy.solvers.burgers import ColeHopf
from understudy.surrogates.pinn import PINN
from understudy.surrogates.surrogate import load

LABELS = ("interpolation", "range-equations", "range-both-2", "range-answers-2")
QUICK = burgers.PRESETS["quick"]
FEW = ("--range.rounds", "1", "--range.alone", "1", "--range.batches", "1", "2")
"""Readings: each of the rungs is timed as rarely as can be."""


@pytest.fixture(scope="module")
def folder(few_rungs: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("over-numbers")
    command = ["run", "burgers", "--preset", "quick", "--folder", str(found), "--quiet", "--workers", "1"]
    assert main([*command, *FEW, "--surrogates", *LABELS]) == 0
    return found


@pytest.fixture(scope="module")
def results(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "results.json").read_text()))


@pytest.fixture(scope="module")
def rows(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["label"]: row for row in results["rows"]}


def test_the_bill_is_of_answers_that_were_told(folder: Path, rows: dict[str, Any]) -> None:
    with TrainingSet(folder / "sets" / "main") as training_set:
        whole, several = training_set.seconds_of("train"), len(training_set.split("train"))
    assert whole > 0
    assert several == 8
    assert rows["range-equations"]["bill_seconds"]["data"] == 0.0
    for label in ("range-both-2", "range-answers-2"):
        assert rows[label]["bill_seconds"]["data"] == pytest.approx(2 / 8 * whole)
    assert rows["interpolation"]["bill_seconds"]["data"] >= whole
    for label in LABELS[1:]:
        _, record = load(surrogate_folder(folder, label, 0))
        assert rows[label]["bill_seconds"]["training"] == pytest.approx(record.seconds)


def test_it_is_told_what_each_learned_from(results: dict[str, Any]) -> None:
    told = results["learned_from"]
    assert told["range-equations"] == {"equations": True, "answers": 0}
    assert told["range-both-2"] == {"equations": True, "answers": 2}
    assert told["range-answers-2"] == {"equations": False, "answers": 2}
    assert told["interpolation"] == {"equations": False, "answers": None}


def test_interpolation_is_judged_and_the_mean_is_a_null(rows: dict[str, Any], results: Any) -> None:
    assert rows["interpolation"]["kind"] == "surrogate"
    assert rows["training-mean"]["kind"] == "null"
    assert {"interpolation", *LABELS} <= {v["label"] for v in results["verdicts"]}


def test_errors_are_over_the_test_viscosities_which_no_training_saw(
    folder: Path, rows: dict[str, Any], results: dict[str, Any]
) -> None:
    with TrainingSet(folder / "sets" / "main") as training_set:
        queries = {name: values[:] for name, values in training_set.split("test").queries().items()}
        learned = training_set.split("train").queries()["viscosity"][:]
        times = np.asarray(training_set.split("test").times[1:])
    np.testing.assert_allclose(results["numbers"]["viscosity"], queries["viscosity"])
    assert not {*np.ravel(learned)} & {*np.ravel(queries["viscosity"])}
    truth = ColeHopf(QUICK.ranged)(queries, times).values["u"]
    network, _ = load(surrogate_folder(folder, "range-both-2", 0))
    assert isinstance(network, PINN)
    t, x = np.meshgrid(times, QUICK.ranged.places(), indexing="ij")
    for i, viscosity in enumerate(np.ravel(queries["viscosity"])):
        said = network.at(t=t, x=x, viscosity=viscosity)["u"].numpy()
        error = np.linalg.norm(said - truth[i]) / np.linalg.norm(truth[i])
        assert rows["range-both-2"]["scores"][0][i] == pytest.approx(error, rel=2e-3)


def test_all_pictures_are_there(folder: Path) -> None:
    pictures = {path.stem for path in (folder / "figures").iterdir()}
    assert {"worth_of_physics", "over_the_range", "accuracy_against_cost", "total_cost"} <= pictures
    assert "What the equations are worth" in (folder / "report.html").read_text()


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in ({"rounds": 0}, {"alone": 0}, {"batches": ()}, {"batches": (0,)}):
        with pytest.raises(ComparisonError, match="must be at least 1"):
            RangeSettings(**wrong).check()  # type: ignore[arg-type]


def test_all_of_the_range_have_the_same_time_and_the_same_network() -> None:
    candidates = burgers.PRESETS["default"].candidates
    ranged: dict[str, Any] = {n: c.settings for n, c in candidates.items() if n.startswith("range-")}
    assert len(ranged) == 7
    assert len({repr(settings) for settings in ranged.values()}) == 1
    assert next(iter(ranged.values())).descent.seconds == 300.0
