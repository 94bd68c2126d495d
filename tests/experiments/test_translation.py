"""Translation at its smallest: every contestant on the same flows, and the command line that runs it."""

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from few_readings import FEW_READINGS
from understudy.datasets.tasks import Direct
from understudy.datasets.translations import GIVEN, Archived
from understudy.experiments import translation
from understudy.experiments.command import main
from understudy.experiments.compare import ComparisonError
from understudy.experiments.stages import Candidate
from understudy.experiments.translation_comparison import psi_of, questions
from understudy.experiments.translation_ladder import from_given, warmed
from understudy.experiments.translation_report import left_out
from understudy.solvers.contract import Queries, Solution, Status
from understudy.solvers.steady_flow import SteadyFlow, StreamNewton
from understudy.solvers.steady_flow.steady_solver import GUESS

ONCE = np.zeros(1)
SMOOTH = SteadyFlow(16, 32, least_reynolds=20.0, most_reynolds=20.0)
"""Coarse, so that little time goes by; some shapes are too small for its cells, and refused."""
QUICK = translation.PRESETS["quick"]
SMALL = ("--main.train-trajectories", "40", "--main.valid-trajectories", "30", "--quiet", *FEW_READINGS)
WITHOUT = {"shift", "transport", "components", "shared-encoder", "shared-encoder-from-shift"}
WITH = {"paired-regression", "paired-encoder", "paired-encoder-same-size"}
HYBRIDS = {f"{label} + Newton" for label in ("transport", "shared-encoder", "paired-encoder")}


@pytest.fixture(scope="module")
def finished(few_rungs: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
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
    assert {f"{label} from given" for label in cold} < ladder - cold
    loose = {"Newton 24x48 1e-01 from given", "Newton 18x36 1e-01, then Newton 36x72 1e-02 from given"}
    assert loose <= ladder - cold
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
    assert results["given"] == {"asked": 6, "solved": 6}


def test_a_run_leaves_figures_and_one_page(finished: Path) -> None:
    figures = {path.stem for path in (finished / "figures").glob("*.png")}
    assert figures == {"translations", "cost", "unlike", "errors", "total-cost"}
    page = (finished / "report.html").read_text()
    assert page.count("data:image/png;base64") == 5
    assert "Without pairs and with" in page


def test_flows_that_could_not_be_given_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    first, settings = Archived.given, dataclasses.replace(QUICK, system=SMOOTH)
    asked = settings.system.draw([np.random.default_rng(i) for i in range(6)])
    test: Any = SimpleNamespace(queries=lambda: asked, failures=())
    training_set: Any = SimpleNamespace(split=lambda name: test)

    def given(self: Archived, queries: Queries) -> Solution:
        said = first(self, queries)
        status = said.status.copy()
        status[np.flatnonzero(said.solved)[:1]] = Status.NOT_CONVERGED
        return dataclasses.replace(said, status=status)

    possible = int(first(settings.task, asked).solved.sum())
    assert possible > 1
    monkeypatch.setattr(Archived, "given", given)
    reference = StreamNewton(settings.system, tolerance=1e-3)
    queries, solved, counts = questions(settings.task, training_set, reference)
    assert len(queries["viscosity"]) == len(solved.status) == possible - 1
    assert counts == {"asked": 6, "solved": possible - 1}
    assert left_out({"asked": 6, "solved": 4}) == (
        " (no flow to give was found for 2 of 6 shapes, which are left out)"
    )
    assert left_out({"asked": 6, "solved": 6}) == ""


def given_flows(system: SteadyFlow) -> dict[str, np.ndarray]:
    """Two queries, each with the stream function of the flow at eight times the viscosity."""
    queries = dict(system.draw([np.random.default_rng(i) for i in range(2)]))
    slow = StreamNewton(system)({**queries, "viscosity": 8 * queries["viscosity"]}, ONCE)
    return {**queries, GIVEN + "psi": slow.values["psi"][:, 0]}


def test_on_two_grids_the_finer_begins_where_the_coarser_ended() -> None:
    system, queries = SMOOTH, given_flows(SMOOTH)
    coarse, fine = (StreamNewton(system, rows=rows, tolerance=1e-1) for rows in (8, 16))
    found = warmed(coarse, fine)(queries, ONCE).values["u"]
    between = coarse({**queries, GUESS: queries[GIVEN + "psi"]}, ONCE).values["psi"][:, 0]
    np.testing.assert_array_equal(found, fine({**queries, GUESS: between}, ONCE).values["u"])
    assert not np.array_equal(found, warmed(fine)(queries, ONCE).values["u"])
    hopeless = StreamNewton(system, rows=8, tolerance=1e-13, most_steps=1)
    np.testing.assert_array_equal(
        warmed(hopeless, fine)(queries, ONCE).values["u"], warmed(fine)(queries, ONCE).values["u"]
    )


def test_the_ladder_from_what_is_given_is_loose_where_that_makes_sense() -> None:
    system = SteadyFlow(32, 64)
    ladder = tuple(StreamNewton(system, rows=rows) for rows in (16, 24, 32, 48))
    entries = {entry.label: entry for entry in from_given(system, ladder)}
    assert all(entry.kind == "ladder" and entry.label.endswith(" from given") for entry in entries.values())
    alone = [label for label in entries if "then" not in label]
    assert sum("e-01" in label for label in alone) == 2 * 3, "not on a grid finer than the system's"
    grids = {
        (e.settings["first"]["rows"], e.settings["rows"]) for e in entries.values() if "first" in e.settings
    }
    assert grids == {(16, 24), (16, 32), (24, 32), (24, 48), (32, 48)}


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
        ({"main": dataclasses.replace(main, valid_trajectories=2)}, "two archives; got 120 and 2"),
        (
            {"main": dataclasses.replace(main, test_trajectories=0)},
            "it gives the flows that are judged; got 0",
        ),
        ({"main": dataclasses.replace(main, transient=1.0)}, "steady flows have one frame"),
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
    encoders = {
        label: settings.candidates[label].settings.encoder
        for label in ("shared-encoder", "paired-encoder", "paired-encoder-same-size")
    }
    assert encoders["paired-encoder-same-size"] == encoders["shared-encoder"]
    assert encoders["paired-encoder"].components == 2 * encoders["shared-encoder"].components


@pytest.mark.slow
def test_only_some_surrogates_can_be_compared(finished: Path, tmp_path: Path) -> None:
    command = ["run", "translation", "--preset", "quick", "--folder", str(tmp_path), *SMALL]
    assert main([*command, "--surrogates", "transport"]) == 0
    results = json.loads((tmp_path / "results.json").read_text())
    labels = {row["label"] for row in results["rows"] if row["kind"] in ("surrogate", "null")}
    assert labels == {"transport", "transport + Newton", "identity"}
    assert "gone" not in results["gains"]["transport"]
