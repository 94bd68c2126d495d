"""Cheap inference and adaptation are judged by what they say they are, and all of it is told."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from understudy.datasets.tasks import Trajectories
from understudy.datasets.training_set import TrainingSet
from understudy.experiments import bench_low_cost_adaptation as adaptation
from understudy.experiments import bench_low_cost_distillation as distillation
from understudy.experiments import bench_low_cost_precision as precision
from understudy.experiments.bench_low_cost_forms import silent
from understudy.experiments.bench_low_cost_problems import (
    APART,
    flow_error,
    forecast_error,
    further,
    of_steps,
)
from understudy.experiments.command import main
from understudy.surrogates.adapting import adapt
from understudy.surrogates.training import TrainingSettings

FEWER = ("--precision.line", "mlp", "--precision.rounds", "1")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """All parts at their smallest, from the command line; the folder and what was said."""
    folder = tmp_path_factory.mktemp("low-cost")
    with pytest.MonkeyPatch.context() as patch:
        said: list[str] = []
        patch.setattr("builtins.print", lambda *words, **_: said.append(" ".join(map(str, words))))
        assert main(["bench", "low-cost", "--preset", "quick", "--folder", str(folder), *FEWER]) == 0
    return folder, "\n".join(said)


def results_of(folder: Path, part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"{part}.json").read_text())
    assert {"date", "commit", "machine", "settings"} <= {*found}
    assert (folder / f"{part}.png").stat().st_size > 10_000
    return found


def judge_forms(folder: Path, said: str, problem: str, surrogate: str) -> None:
    rows = results_of(folder, "precision")["rows"]
    own = {row["form"]: row for row in rows if row["surrogate"] == surrogate}
    assert {*own} == {*precision.FORMS}
    assert f"{problem}, {surrogate}" in said
    null = own.pop("null")
    assert null["test"] > 0
    assert not {"bytes", "alone", "joules"} & {*null}
    narrowed = own.pop("narrowed-50")
    if surrogate in ("mlp", "dense"):
        assert narrowed["bytes"] < 0.55 * own["float32"]["bytes"]
        assert narrowed["operations"] < 0.55 * own["float32"]["operations"]
    else:
        assert "has no two linear layers" in narrowed["why_not"]
    assert own["float64"]["bytes"] == 2 * own["float32"]["bytes"]
    assert own["bfloat16"]["bytes"] < 0.56 * own["float32"]["bytes"]
    assert own["int8"]["bytes"] < 0.35 * own["float32"]["bytes"]
    assert own["ternary"]["bytes"] < 0.15 * own["float32"]["bytes"]
    assert own["pruned-90"]["bytes"] < own["pruned-50"]["bytes"] < own["float32"]["bytes"]
    assert own["float32"]["test"] == pytest.approx(own["float64"]["test"], rel=0.02)
    for form, row in own.items():
        assert 0 < row["alone"]["low"] <= row["alone"]["median"]
        assert row["batch"]["median"] > 0
        assert ("ahead" in row) == (problem == "line")
        assert (row["zeros"] > 0.2) == form.startswith(("pruned", "ternary")), form
    order = [own[form]["joules"] for form in ("float64", "float32", "bfloat16", "int8")]
    assert order == sorted(order, reverse=True)
    # products in single precision, less those by zeros, and 12.5 pJ a byte
    for form, zeros in (("float32", 0.0), ("pruned-90", own["pruned-90"]["zeros"])):
        products = (1 - zeros) * own["float32"]["operations"]
        assert own[form]["joules"] == pytest.approx(products * 4.6e-12 + own[form]["bytes"] * 12.5e-12)
    if surrogate == "mlp":
        return  # its few steps leave the last layer at zero
    assert 0.5 < own["pruned-90"]["zeros"] < 0.9  # the last layers are whole
    # those that were trained on are not those that were not
    for form in ("pruned-90", "ternary"):
        assert own[f"{form}-trained"]["test"] != own[form]["test"]
    if surrogate != "mixer":  # of which the first weights stay the best
        assert own["float32-trained"]["test"] != own["float32"]["test"]


def test_every_form_of_every_surrogate_has_its_errors_times_bytes_and_energy(
    measured: tuple[Path, str],
) -> None:
    for problem, surrogate in (("line", "mlp"), ("channel", "mixer"), ("pipes", "dense")):
        judge_forms(*measured, problem, surrogate)


@pytest.mark.slow
def test_forms_of_convolutions_are_judged_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["bench", "low-cost", "--preset", "quick", "--folder", str(tmp_path), "--parts", "precision"]
    assert main(command) == 0
    judge_forms(tmp_path, capsys.readouterr().out, "line", "cnn")


def test_a_null_model_answers_every_query_the_same_and_a_step_by_its_linear_part(
    measured: tuple[Path, str],
) -> None:
    settings = precision.PRESETS["quick"]
    line, channel, _ = precision._problems(settings)
    for problem in (line, channel):
        with problem.training_set(measured[0]) as training_set:
            trained = problem.trained(training_set, folder=measured[0], threads=1, workers=1)[-1]
            two = precision._asked(trained.surrogates[0], training_set, trained, size=2)
            null = silent(trained.surrogates[0], lambda one, two=two: one(two))
            said = null(two)
            if problem is line:
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(null.module.network, "forward", torch.zeros_like)
                    assert torch.equal(null(two)["frame"], said["frame"])
                assert not torch.equal(trained.surrogates[0](two)["frame"], said["frame"])
            else:
                assert not torch.equal(two["distance"][0], two["distance"][1])
                # pressure is the mean field, whoever asks
                torch.testing.assert_close(said["p"][0], said["p"][1])


def test_each_way_of_adapting_is_judged_in_both_regimes(measured: tuple[Path, str]) -> None:
    folder, said = measured
    found = results_of(folder, "adaptation")
    assert {(row["way"], row["samples"]) for row in found["rows"]} == {
        (way, samples) for way in ("full", "head", "adapters", "scratch") for samples in (1, 4)
    }
    for row in found["rows"]:
        assert 0 < row["test"] < np.inf
        assert row["first"] > 0
    assert found["as_it_is"]["then"] > found["as_it_is"]["first"] > 0
    assert "length 22, then 26: as it is" in said
    assert "no sample but those that are learned chooses any" in said
    assert found["load"]


def test_no_sample_but_those_that_are_learned_tells_a_way_anything(
    measured: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is given its own samples to validate by, and looks once, at its end."""
    given: list[tuple[Any, Any, TrainingSettings]] = []

    def watched(surrogate: Any, examples: Any, validation: Any, **how: Any) -> Any:
        given.append((examples, validation, how["training"]))
        return adapt(surrogate, examples, validation, **how)

    monkeypatch.setattr(adaptation, "adapt", watched)
    settings = dataclasses.replace(adaptation.PRESETS["quick"], samples=(1,))
    adaptation.run(settings, path=tmp_path / "adaptation.json")
    assert len(given) == 4
    for examples, validation, training in given:
        assert validation is examples
        assert len(examples) == 1
        assert training.check_every == training.steps == settings.further
        assert training.patience is None
    logs = [path.read_text().splitlines() for path in (tmp_path / "adapted").rglob("log.jsonl")]
    assert [len(lines) for lines in logs] == [1] * 4


def test_students_of_three_kinds_are_judged_beside_their_teacher(measured: tuple[Path, str]) -> None:
    folder, said = measured
    found = results_of(folder, "distillation")
    asked = [(row["source"], row["channels"]) for row in found["rows"]]
    each = [(source, channels) for channels in (8, 16) for source in ("labels", "teacher", "both")]
    assert asked == [("teacher itself", 0), *each]
    weights = [row["weights"] for row in found["rows"]]
    assert weights[1] == weights[2] == weights[3] < weights[4] == weights[5] == weights[6] < 0.1 * weights[0]
    assert {*found["seconds"]} == {"1", "8"}
    assert {*found["seconds"]["1"]} == {"teacher itself", "8", "16"}
    assert f"{found['labelled']} labelled shapes, 40 that only the teacher has answered" in said
    assert all(0 < row["train"] < np.inf for row in found["rows"])


def test_a_student_of_the_teacher_hears_it_and_not_the_solver_mirror_images_too(
    measured: tuple[Path, str],
) -> None:
    chosen = distillation.PRESETS["quick"]
    problem = distillation.channel(
        "taught", rows=chosen.rows, shapes=chosen.shapes, surrogates=("mixer",), steps=chosen.steps, seed=41
    )
    with problem.training_set(measured[0]) as training_set:
        (trained,) = problem.trained(training_set, folder=measured[0], threads=1, workers=1)
        teacher = trained.surrogates[0]
        labelled = trained.candidate.task.examples(training_set, "train")
        found = distillation.sources(problem, labelled, teacher, queries=5, threads=1)
        assert found["labels"] is labelled
        assert found["teacher"].trajectories == 2 * 5
        assert found["both"].trajectories == labelled.trajectories + 2 * 5
        for place in (0, 4):
            inputs, outputs = found["teacher"][place]
            said = teacher({name: torch.from_numpy(np.asarray(v)[None]) for name, v in inputs.items()})
            for name, values in outputs.items():
                np.testing.assert_allclose(values, said[name][0].numpy(), rtol=1e-5, atol=1e-8)
            mirrored, image = found["teacher"][5 + place]
            (mirror,) = problem.system.symmetries
            whole = mirror({name: values[None] for name, values in inputs.items()})
            assert np.array_equal(mirrored["distance"], whole["distance"][0])
            assert image["drag"] == outputs["drag"]
            assert not np.array_equal(image["psi"], outputs["psi"])


def test_what_is_there_is_not_trained_again(measured: tuple[Path, str]) -> None:
    folder, _ = measured
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("surrogate.json")}
    assert len(before) == 6
    adaptation.run(adaptation.PRESETS["quick"], path=folder / "adaptation.json")
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("surrogate.json")} == before


# how errors are taken ---------------------------------------------------------------------------------------


class Running:
    """Frames (trajectories, frames, 1, points) that a task gives as they are."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def examples(self, training_set: Any, split: str) -> np.ndarray:
        assert split == "test"
        return self.values


class Turning:
    """Knows that waves move on by a point each step, and is off by a share."""

    def __init__(self, off: float) -> None:
        self.off = off

    def forecast(self, history: torch.Tensor, steps: int, *, every: int) -> torch.Tensor:
        assert history.shape[1] == 1
        assert every == steps
        return history[:, -1:].roll(steps, dims=-1) * (1 + self.off)


@pytest.mark.parametrize("steps", [1, 7])
def test_the_error_of_a_forecast_is_relative_to_the_truth_at_its_end(steps: int) -> None:
    first = np.random.default_rng(0).normal(size=(3, 1, 1, 16))
    frames = np.concatenate([np.roll(first, t, axis=-1) for t in range(40)], axis=1)
    task: Any = Running(frames)
    for off in (0.0, 0.25, -1.0):
        turning: Any = Turning(off)
        found = forecast_error(turning, None, "test", task=task, steps=steps)  # type: ignore[arg-type]
        assert found == pytest.approx(abs(off), abs=1e-12)
    assert len(range(0, 40 - steps, APART)) > 2
    lost: Any = Turning(np.inf)
    assert forecast_error(lost, None, "test", task=task, steps=steps) == np.inf  # type: ignore[arg-type]


class Oracle:
    """Answers the truth of a set's test split, times a number; as velocities, or as what they come from."""

    device, dtype = torch.device("cpu"), torch.float64

    def __init__(self, training_set: TrainingSet, names: tuple[str, ...], factor: float) -> None:
        source = training_set.split("test")
        self.input_shapes = {"distance": source.shape_of("distance"), "viscosity": ()}
        self.output_shapes = {name: source.shape_of(name) for name in names}
        self.said = {
            name: factor * np.stack([source.read(i, field=name)[0] for i in range(len(source))])
            for name in names
        }

    def __call__(self, inputs: Any) -> dict[str, torch.Tensor]:
        return {name: torch.from_numpy(values).double() for name, values in self.said.items()}


def test_the_error_of_a_flow_is_that_of_both_velocities(measured: tuple[Path, str]) -> None:
    with TrainingSet(measured[0] / "sets" / "channel") as training_set:
        for factor in (1.0, 1.25):
            oracle = Oracle(training_set, ("u", "v"), factor)
            assert flow_error(oracle, training_set, "test") == pytest.approx(factor - 1, abs=1e-6)
        # a set's psi is single precision, and its differences are the velocities
        assert flow_error(Oracle(training_set, ("psi",), 1.0), training_set, "test") < 1e-4
        assert flow_error(Oracle(training_set, ("u", "v"), np.nan), training_set, "test") == np.inf


def test_few_are_the_trajectories_that_were_chosen() -> None:
    class Source:
        frames, grid = 9, (4,)

        def __len__(self) -> int:
            return 10

        def read(self, trajectory: int, start: int, stop: int, *, step: int = 1, field: str) -> np.ndarray:
            return np.full((len(range(start, stop, step)), 4), trajectory)

    whole = Trajectories(Source(), fields=("u",), stride=2, interval=0.25)
    some = adaptation.few(whole, range(4, 10)[:3])
    assert (len(some), some.frames, some.interval, some.frame_shape) == (3, 5, 0.5, (1, 4))
    assert [some[i][0, 0, 0] for i in range(3)] == [4, 5, 6]


def test_a_descent_is_shortened_and_goes_on_at_a_third_of_its_rate() -> None:
    first = TrainingSettings(steps=1000, check_every=100, learning_rate=0.3)
    assert of_steps(first, 50) == TrainingSettings(steps=50, check_every=5, learning_rate=0.3)
    assert further(first, 5) == TrainingSettings(steps=5, check_every=1, learning_rate=0.3 / 3)


# what is told -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (("--precision.rounds", "0"), "--precision.rounds must be positive"),
        (("--precision.forms", "int4"), "int4"),
        (("--adaptation.surrogate", "unet"), "unet"),
        (
            ("--adaptation.other", "22"),
            "must be at least 3, and --adaptation.other another length; got 9 and 22",
        ),
        (("--adaptation.sample-frames", "2"), "got 2 and 26"),
        (("--parts", "precison"), "did you mean 'precision'"),
    ],
)
def test_nonsense_is_refused_before_anything_is_trained(
    wrong: tuple[str, str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = [] if wrong[0] == "--parts" else ["--parts", wrong[0].removeprefix("--").partition(".")[0]]
    command = ["bench", "low-cost", "--preset", "quick", "--folder", str(tmp_path)]
    assert main([*command, *part, *wrong]) != 0
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
