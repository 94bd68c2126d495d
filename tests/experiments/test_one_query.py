"""One query: what a network is charged for, what its errors are, and what is said of them."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from understudy.datasets.known_equations import Physics
from understudy.experiments import allen_cahn, heat
from understudy.experiments.command import main
from understudy.experiments.compare import ComparisonError
from understudy.experiments.one_query import OneQuerySettings, as_at_first, at_rest, one_query_set
from understudy.experiments.one_query_report import Curve, Findings, error_at
from understudy.experiments.pinn_candidates import QUICK, changed, one_query_candidates
from understudy.experiments.stages import surrogate_folder
from understudy.solvers.contract import Solution, Status
from understudy.solvers.heat import Heat, SineSeries
from understudy.surrogates.pinn import PINN
from understudy.surrogates.surrogate import SurrogateError, load

LABELS = ("pinn", "pinn-tanh", "pinn-adam")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The heat experiment at its smallest setting, by some of its networks."""
    found = tmp_path_factory.mktemp("one-query")
    command = ["run", "heat", "--preset", "quick", "--folder", str(found), "--quiet", "--workers", "1"]
    assert main([*command, "--surrogates", *LABELS]) == 0
    return found


@pytest.fixture(scope="module")
def results(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "results.json").read_text()))


def row_of(results: dict[str, Any], label: str) -> dict[str, Any]:
    return next(row for row in results["rows"] if row["label"] == label)


def test_a_network_pays_its_training_as_the_time_of_its_answer(folder: Path, results: dict[str, Any]) -> None:
    for label in LABELS:
        row = row_of(results, label)
        _, record = load(surrogate_folder(folder, label, 0))
        (trained,) = row["settings"]["training_seconds"]
        assert trained == pytest.approx(record.seconds)
        for mode in ("single", "batch"):
            seconds = row["seconds_per_query"][mode]["median"]
            assert trained < seconds < trained + 0.5
            assert seconds == pytest.approx(results["curves"][label][0]["seconds"][-1])
        assert set(row["bill_seconds"].values()) == {0.0}
        assert row["settings"]["steps"] == [QUICK]


def test_its_error_is_that_of_the_network_that_was_kept(folder: Path, results: dict[str, Any]) -> None:
    system = heat.PRESETS["quick"].system
    times = heat.PRESETS["quick"].comparison.times
    for label in LABELS:
        network, _ = load(surrogate_folder(folder, label, 0))
        assert isinstance(network, PINN)
        query = {name: value.numpy() for name, value in network.query.items()}
        truth = SineSeries(system)(query, times).values["u"]
        t, x = np.meshgrid(times, system.places(), indexing="ij")
        said = network.at(t=t, x=x)["u"].numpy()
        error = float(np.linalg.norm(said - truth[0]) / np.linalg.norm(truth))
        assert row_of(results, label)["accuracy"]["median"] == pytest.approx(error, rel=1e-6)
        curve = results["curves"][label][0]
        assert curve["errors"][-1] == pytest.approx(error, rel=1e-6)
        assert curve["steps"][-1] == QUICK
        assert curve["errors"][0] > 0.1
        assert error < 0.5 * curve["errors"][0]


def test_the_verdict_divides_the_solvers_seconds_by_those_of_training(results: dict[str, Any]) -> None:
    verdicts = {v["label"]: v for v in results["verdicts"]}
    for label in LABELS:
        mode, row = verdicts[label]["single"], row_of(results, label)
        assert mode["seconds"] == pytest.approx(row["seconds_per_query"]["single"]["median"])
        assert mode["speed_up"] == pytest.approx(mode["solver_seconds"] / mode["seconds"])
        assert mode["speed_up"] < 0.1


def test_the_exact_series_is_an_opponent_and_no_more_exact_than_a_double(results: dict[str, Any]) -> None:
    (series,) = (row for row in results["rows"] if row["kind"] == "ladder" and row["label"] == "Sine series")
    assert series["accuracy"]["median"] == np.finfo(np.float64).eps
    assert math.isfinite(series["seconds_per_query"]["single"]["median"])


def test_nothing_is_worse_than_nothing(results: dict[str, Any]) -> None:
    assert row_of(results, "zero")["accuracy"]["median"] == 1.0
    start = row_of(results, "start")["accuracy"]["median"]
    assert 0.1 < start < 10


def test_the_report_says_that_settings_were_chosen_on_the_query(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert "errors on this very query in view" in page
    pictures = {path.name for path in (folder / "figures").iterdir()}
    assert pictures == {"error_against_time.png", "answer.png", "loss.png", "accuracy_against_cost.png"}


# what is said of trainings ---------------------------------------------------------------------------


def curve(*pairs: tuple[float, float]) -> Curve:
    seconds, errors = zip(*pairs, strict=True)
    return Curve(seconds, tuple(range(len(pairs))), errors, errors, {})


def findings(**curves: list[Curve]) -> Findings:
    nothing: Any = None
    limits = {label: 10.0 if label == "short" else 100.0 for label in curves}
    return Findings(nothing, nothing, [], [], nothing, curves, limits, {})


def test_between_two_snapshots_the_error_is_straight_in_logarithms() -> None:
    one = curve((1.0, 1e-1), (100.0, 1e-5))
    assert error_at(one, 10.0) == pytest.approx(1e-3)
    assert error_at(one, 1e4) == pytest.approx(1e-5)
    assert error_at(one, 0.01) == pytest.approx(1e-1)
    assert error_at(Curve((), (), (), (), {}), 1.0) == np.inf


def test_all_are_compared_after_the_shortest_training_and_by_their_first_seed() -> None:
    found = findings(
        long=[curve((1.0, 1e-1), (100.0, 1e-5)), curve((1.0, 1e-2), (100.0, 1e-2))],
        short=[curve((1.0, 1e-1), (10.0, 1e-2))],
    )
    assert found.shortest == 10.0
    assert found.at_equal_time() == pytest.approx({"long": 1e-3, "short": 1e-2})
    assert found.spread_at_equal_time("long") == pytest.approx((1e-3, 1e-2))
    words = found.in_words()
    assert words.index("long") < words.index("short: ")


def test_a_mark_is_reached_when_half_of_the_seeds_have() -> None:
    quick, slow, never = (curve((t, 0.5), (10 * t, e)) for t, e in ((1, 1e-3), (2, 1e-3), (3, 0.4)))
    found = findings(two=[quick, slow, never], one=[quick, never, never])
    assert found.seconds_until("two")["0.01"] == 20.0
    assert found.seconds_until("one")["0.01"] is None
    assert found.seconds_until("two")["1e-06"] is None


def test_null_answers_are_zero_and_the_start() -> None:
    times = np.array([0.5, 1.0])
    u = np.ones((1, 2, 4))
    truth = Solution(times, {"u": u}, np.full(1, Status.SOLVED, np.int8), np.zeros(1), np.zeros(1), ())
    query = {"u": np.arange(4.0)[None]}
    (rest,), (first,) = at_rest(truth).answers, as_at_first(truth).answers
    assert not rest(query, times[:1]).values["u"].any()
    assert rest(query, times[:1]).values["u"].shape == (1, 1, 4)
    np.testing.assert_array_equal(first(query, times).values["u"], np.tile(query["u"], (1, 2, 1)))


# what is compared ------------------------------------------------------------------------------------


def test_the_recommended_have_three_seeds_and_all_the_time_the_others_one_and_a_fifth() -> None:
    candidates = allen_cahn.PRESETS["default"].candidates
    for label, candidate in candidates.items():
        settings: Any = candidate.settings
        main_one = label in ("pinn", "pinn-tanh")
        assert candidate.seeds == (3 if main_one else 1)
        assert settings.descent.seconds == (200.0 if main_one else 40.0)
    ablations = {f"pinn-{label}" for label in allen_cahn.Settings.ablations}
    assert {*candidates} == {"pinn", "pinn-tanh", "pinn-adam", "pinn-lbfgs", "pinn-bfgs", "pinn-ssbfgs"} | (
        ablations
    )
    differ = [c.settings for c in candidates.values()]
    assert len({repr(s) for s in differ}) == len(differ)


def test_a_change_reaches_the_part_that_has_it_and_a_misspelt_one_is_refused() -> None:
    whole = PINN.Settings()
    found = changed(whole, {"activation": "sine", "causality": 2.0, "learning_rate": 1e-4})
    assert found.network == dataclasses.replace(whole.network, activation="sine")
    assert found.loss == dataclasses.replace(whole.loss, causality=2.0)
    assert found.descent == dataclasses.replace(whole.descent, learning_rate=1e-4)
    with pytest.raises(SurrogateError, match="no setting 'causalty'"):
        changed(whole, {"causalty": 2.0})


def test_at_the_smallest_setting_adam_leaves_half_of_the_steps_to_who_comes_after() -> None:
    found = one_query_candidates(
        Physics(1.0), PINN.Settings(), size="quick", seconds=5.0, short=1.0, ablations={}
    )
    settings: Any = found["pinn-lbfgs"].settings
    assert settings.descent.adam_steps == QUICK // 2
    assert settings.descent.steps == QUICK
    assert all(c.seeds == 1 for c in found.values())


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"frames": 0}, "frames must be at least 1, got 0"),
        ({"rounds": 0}, "rounds must be at least 1"),
        ({"threads": -1}, "threads must be at least 1"),
        ({"horizon": 0.0}, "horizon must be positive"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ComparisonError, match=words):
        OneQuerySettings(**wrong).check()


def test_a_field_that_no_network_answers_is_refused(tmp_path: Path) -> None:
    command = ["run", "heat", "--preset", "quick", "--folder", str(tmp_path), "--quiet", "--workers", "1"]
    assert main([*command, "--surrogates", "pinn", "--comparison.fields", "v"]) != 0


def test_the_set_of_one_query_holds_what_is_judged() -> None:
    settings = OneQuerySettings(horizon=2.0, frames=4)
    assert settings.times.tolist() == [0.5, 1.0, 1.5, 2.0]
    found = one_query_set(settings, seed=7)
    assert (found.test_trajectories, found.test_frames, found.interval, found.seed) == (1, 2, 2.0, 7)
    steady = one_query_set(OneQuerySettings(steady=True))
    assert steady.test_frames == 1
    assert OneQuerySettings(steady=True).times.tolist() == [0.0]
    assert isinstance(heat.PRESETS["quick"].system, Heat)
