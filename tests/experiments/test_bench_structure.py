"""What symmetries and categories are worth is measured on samples that are what they are said to be."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from understudy.experiments import bench_structure_categories as categories
from understudy.experiments import bench_structure_symmetry as symmetry
from understudy.experiments.bench_structure_learning import learning_figure, learning_table
from understudy.experiments.command import main
from understudy.surrogates.surrogate import SurrogateError


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Both parts at their smallest, from the command line; the folder and what was said."""
    folder = tmp_path_factory.mktemp("structure")
    with pytest.MonkeyPatch.context() as patch:
        said: list[str] = []
        patch.setattr("builtins.print", lambda *words, **_: said.append(" ".join(map(str, words))))
        assert main(["bench", "structure", "--preset", "quick", "--folder", str(folder)]) == 0
    return folder, "\n".join(said)


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        (
            "symmetry",
            {
                *(("three bodies", way) for way in ("as they are", "with images", "in their own frame")),
                *(("flow past a shape", way) for way in ("as they are", "with images")),
            },
        ),
        ("categories", {("friction of pipes", way) for way in categories.WAYS}),
    ],
)
def test_each_way_is_judged_with_each_number_of_samples(
    part: str, wanted: set[tuple[str, str]], measured: tuple[Path, str]
) -> None:
    folder, said = measured
    found = json.loads((folder / f"{part}.json").read_text())
    assert {"date", "commit", "machine", "settings", "load"} <= {*found}
    assert (folder / f"{part}.png").stat().st_size > 10_000
    assert {(row["problem"], row["way"]) for row in found["rows"]} == wanted
    counts = (8, 16) if part == "symmetry" else (60, 120)
    for problem, way in wanted:
        own = [row for row in found["rows"] if (row["problem"], row["way"]) == (problem, way)]
        assert [row["samples"] for row in own] == [*counts]
        assert all(0 < row["test"] < 1 and 0 < row["valid"] < 1 for row in own)
        assert f"\n  {way:22}" in said


def test_what_was_learned_is_not_learned_again(measured: tuple[Path, str]) -> None:
    folder, _ = measured
    logs = {path: path.stat().st_mtime_ns for path in (folder / "learned").rglob("checkpoint.safetensors")}
    assert len(logs) == 2 * (3 + 2 + 4)
    before = (folder / "categories.json").read_text()
    categories.run(categories.PRESETS["quick"], path=folder / "categories.json")
    again = json.loads((folder / "categories.json").read_text())["rows"]
    assert [row["test"] for row in again] == [row["test"] for row in json.loads(before)["rows"]]
    assert {p: p.stat().st_mtime_ns for p in (folder / "learned").rglob("checkpoint.safetensors")} == logs


def test_bodies_are_met_in_any_pose_and_images_are_more_of_the_same(measured: tuple[Path, str]) -> None:
    chosen = symmetry.PRESETS["quick"]
    ways = symmetry.bodies(chosen, folder=measured[0])
    met, more, own = (ways[name].examples(8) for name in ("as they are", "with images", "in their own frame"))
    assert (met.trajectories, more.trajectories, own.trajectories) == (8, 8 * (1 + chosen.images), 8)
    for place in range(8):
        for name in ("x", "y"):
            assert np.array_equal(more.trajectory(place)[1][name], met.trajectory(place)[1][name])
        inputs, outputs = own.trajectory(place)
        assert (inputs["x"][0], inputs["y"][0]) == (1.0, 0.0)
        # a pose leaves distances as they are, and only them
        seen, moved = met.trajectory(place)
        assert not np.allclose(seen["x"], inputs["x"], atol=1e-3)
        assert np.allclose(perimeter(moved), perimeter(outputs), rtol=0, atol=1e-6)
    poses = {tuple(np.round(met.trajectory(i)[0]["x"], 3)) for i in range(8)}
    assert len(poses) == 8
    validation = ways["with images"].validation
    assert validation.trajectories == chosen.judged
    assert not np.allclose(validation.trajectory(0)[0]["x"][0], 1.0)


def perimeter(outputs: dict[str, np.ndarray]) -> np.ndarray:
    place = outputs["x"] + 1j * outputs["y"]
    return np.abs(place - np.roll(place, 1, axis=-1)).sum(axis=-1)


def test_the_error_of_pairs_is_relative_to_the_truth(measured: tuple[Path, str]) -> None:
    pairs = symmetry.bodies(symmetry.PRESETS["quick"], folder=measured[0])["as they are"].validation
    held = pairs.held()
    truth = held.batch(np.arange(len(held)))[1]

    class Oracle:
        device, dtype = torch.device("cpu"), torch.float64
        factor = 1.25

        def __call__(self, inputs: Any) -> dict[str, torch.Tensor]:
            assert len(inputs["time"]) == len(pairs)
            return {name: self.factor * torch.from_numpy(values) for name, values in truth.items()}

    assert symmetry.pair_error(Oracle(), pairs) == pytest.approx(0.25, abs=1e-12)
    lost = Oracle()
    lost.factor = np.nan
    assert symmetry.pair_error(lost, pairs) == np.inf


def test_a_code_is_given_in_four_ways(measured: tuple[Path, str]) -> None:
    ways = categories.ways(categories.PRESETS["quick"], folder=measured[0])
    asked = {name: {*way.examples(60).input_shapes} for name, way in ways.items()}
    everything = {"reynolds", "diameter", "material"}
    assert asked == {
        "embedded": everything,
        "one-hot": everything,
        "number": everything,
        "left-out": everything - {"material"},
    }
    coordinates = {}
    for name, way in ways.items():
        network = way.new()
        network.settings = dataclasses.replace(
            network.settings, training=dataclasses.replace(network.settings.training, steps=1)
        )
        network.fit(way.examples(60), way.validation, seed=0)
        first = next(v for k, v in network.tensors().items() if k.endswith("weight") and len(v) == 64)
        coordinates[name] = first.shape[1]
        assert any("embedding" in key for key in network.tensors()) == (name == "embedded")
        if name == "embedded":
            with pytest.raises(SurrogateError, match=r"has 'material' = 0\.5"):
                network({n: torch.full((1,), 0.5) for n in everything})
    assert coordinates == {"embedded": 2 + 4, "one-hot": 2 + 8, "number": 3, "left-out": 2}


def test_medians_of_seeds_are_told_and_all_seeds_are_drawn() -> None:
    rows = [
        {"problem": "p", "way": way, "samples": n, "seed": s, "valid": 1, "test": test, "seconds": n}
        for way, errors in (("one", (0.1, 0.2, 0.6)), ("other", (0.3, None, 0.5)))
        for n in (2, 40)
        for s, test in enumerate(errors)
    ]
    lines = learning_table(rows)
    assert lines[0].split() == ["p", "2", "40", "training", "s"]
    assert lines[1].split() == ["one", "2.00e-01", "x6", "2.00e-01", "x6", "40"]
    assert lines[2].split() == ["other", "5.00e-01", "xinf", "5.00e-01", "xinf", "40"]
    assert lines[3].strip() == "best, as far as the seeds tell: 2: one = other; 40: one = other"
    learning_figure(rows, title="t", samples="s", error="e")  # a failed seed stops nothing
    drawn = rows[:6] + [row for row in rows[6:] if row["test"] is not None]
    (ax,) = learning_figure(drawn, title="t", samples="s", error="e").axes
    lines_of = [[tuple(point) for point in line.get_xydata()] for line in ax.lines]
    assert lines_of[0] == [(2, 0.2), (40, 0.2)]
    assert sorted(lines_of[1]) == [(2, 0.1), (2, 0.2), (2, 0.6), (40, 0.1), (40, 0.2), (40, 0.6)]
    assert lines_of[2] == [(2, 0.4), (40, 0.4)]


def test_too_few_pipes_to_hold_all_materials_are_refused_before_a_network_learns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["bench", "structure", "--preset", "quick", "--folder", str(tmp_path), "--parts", "categories"]
    assert main([*command, "--categories.samples", "3", "120"]) != 0
    said = capsys.readouterr().err
    assert "of 3 pipes none has the material" in said
    assert "--categories.samples must begin with" in said
    assert not (tmp_path / "learned").exists()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (("symmetry", "--symmetry.starts", "0"), "--symmetry.starts must be positive"),
        (("symmetry", "--symmetry.problems", "flows"), "did you mean 'flow'"),
        (("categories", "--categories.ways", "onehot"), "did you mean 'one-hot'"),
    ],
)
def test_nonsense_is_refused_before_anything_is_trained(
    wrong: tuple[str, str, str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part, *options = wrong
    command = ["bench", "structure", "--preset", "quick", "--folder", str(tmp_path), "--parts", part]
    assert main([*command, *options]) != 0
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
