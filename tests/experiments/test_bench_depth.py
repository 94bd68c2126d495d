"""Depth is measured on equal terms: the same start, skips alone differ, and failures are kept and counted."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from understudy.experiments import bench_depth_skips as skips
from understudy.experiments.bench_depth_figure import against_depth
from understudy.experiments.command import main
from understudy.surrogates.resnet import ResNet
from understudy.surrogates.surrogate import SurrogateError


def network(depth: int, **how: Any) -> torch.nn.Module:
    torch.manual_seed(0)
    return ResNet(ResNet.Settings(channels=6, width=5, blocks=depth, **how)).network(1, (16,))


def test_the_gradient_is_one_where_blocks_change_nothing_and_overflows_where_numbers_do() -> None:
    states = torch.randn(8, 1, 16)
    assert skips.first_layer_gradient(network(20), states) == 1.0
    # squares of what is large are larger: infinite, or no number at all; small fields vanish instead
    assert not skips.first_layer_gradient(network(80, skips=False), 30 * states) < 1e6
    assert 0.1 < skips.first_layer_gradient(network(1, skips=False), states) < 10


def test_the_benchmark_trains_judges_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "depth", "--preset", "quick", "--folder", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    results = json.loads((tmp_path / "skips.json").read_text())
    assert {(r["kind"], r["depth"]) for r in results["rows"]} == {
        (kind, depth) for kind in ("residual", "plain") for depth in (2, 4)
    }
    residual, plain = ([r for r in results["rows"] if r["kind"] == kind] for kind in ("residual", "plain"))
    assert [r["gradient"] for r in residual] == [1.0, 1.0]
    assert all(r["gradient"] != 1.0 for r in plain)
    assert [r["parameters"] for r in residual] == [r["parameters"] for r in plain]
    for row in results["rows"]:
        assert 0 < row["validation_error"] < 1
        assert 0.2 < row["test_error"] / row["validation_error"] < 5
        assert 0 <= row["valid_time"] <= 1.02
        assert f"{row['kind']}, gate" in said
    assert (tmp_path / "skips.png").read_bytes().startswith(b"\x89PNG")
    assert {"date", "commit", "machine", "settings"} <= {*results}


def test_a_training_that_fails_is_kept_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise SurrogateError("the loss became nan at step 0")

    monkeypatch.setattr(ResNet, "fit", fails)
    settings = dataclasses.replace(skips.PRESETS["quick"], depths=(2,), kinds=("plain",))
    results = skips.run(settings, path=tmp_path / "skips.json")
    assert [row["why_not"] for row in results["rows"]] == ["the loss became nan at step 0"]
    said = skips.table(json.loads((tmp_path / "skips.json").read_text()))
    assert "1 of 1 failed" in said
    assert "plain, gate, 2: the loss became nan" in said


def test_the_gradient_is_that_of_the_weights_which_training_begins_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probed: list[dict[str, torch.Tensor]] = []
    trained: list[dict[str, torch.Tensor]] = []

    def probe(network: torch.nn.Module, states: torch.Tensor) -> float:
        probed.append(network.state_dict())
        assert states.shape[1:] == (1, 32)
        assert float(states.std()) == pytest.approx(1.0, rel=1e-5)
        return 1.0

    def train(module: Any, *_: object, **__: object) -> None:
        trained.append(module.network.state_dict())
        raise SurrogateError("that is enough")

    monkeypatch.setattr(skips, "first_layer_gradient", probe)
    monkeypatch.setattr("understudy.surrogates.stepper.train", train)
    settings = dataclasses.replace(skips.PRESETS["quick"], depths=(2,), kinds=("plain",), seeds=2)
    skips.run(settings, path=tmp_path / "skips.json")
    for before, after in zip(probed, trained, strict=True):
        assert before.keys() == after.keys()
        assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())
    assert not torch.equal(probed[0]["0.weight"], probed[1]["0.weight"])


def test_what_is_judged_is_the_step_and_the_forecast_it_was_asked_for() -> None:
    """Of a stepper that answers what it is given, on a wave that travels: both are known."""

    class Waits:
        dtype, history_frames = torch.float64, 1

        def __call__(self, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
            return dict(inputs)

        def forecast(self, history: torch.Tensor, steps: int, *, every: int = 1) -> torch.Tensor:
            return history.repeat_interleave(steps // every, dim=1)

    x = 2 * np.pi * np.arange(16) / 16
    frames = np.stack([np.sin(x + 0.1 * t) for t in range(21)])[None].repeat(3, axis=0)
    task = skips.Autoregressive(0.25, ("u",))
    found = skips._judged(Waits(), task, frames, unit=2.0)  # type: ignore[arg-type]
    assert found["test_error"] == pytest.approx(2 * math.sin(0.05), rel=1e-6)
    # 2 sin(0.05 n) passes 0.5 just after the fifth step
    assert found["valid_time"] == pytest.approx(2 * math.asin(0.25) / 0.1 * 0.25 / 2.0, rel=0.01)


def test_the_figure_draws_what_overflowed_at_its_edge_and_leaves_out_what_failed() -> None:
    usual = {"activation": "gate", "validation_error": 0.1, "test_error": 0.1, "valid_time": 2.0, "seed": 0}
    rows = [
        {**usual, "kind": kind, "depth": depth, "gradient": 1.0 if kind == "residual" else None}
        for kind in ("residual", "plain")
        for depth in (4, 8)
    ]
    rows[-1] |= {"test_error": None, "valid_time": None}
    panels = against_depth({"rows": rows}).axes
    # a line and marks of each kind; behind these, marks of what failed
    assert [len(ax.lines) for ax in panels] == [4, 5, 5]
    assert panels[1].lines[-1].get_xydata().tolist() == [[8.0, 0.98]]  # type: ignore[union-attr]
    assert panels[2].lines[-1].get_xydata().tolist() == [[8.0, 0.02]]  # type: ignore[union-attr]
    assert panels[0].lines[2].get_ydata().tolist() == [1e12, 1e12]  # type: ignore[union-attr]
    assert panels[1].lines[2].get_xdata().tolist() == [4.0]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (("--skips.width", "4"), "--skips.width must be odd"),
        (("--skips.width", "101"), "lower --skips.width"),
        (("--skips.kinds", "plane"), "did you mean 'plain'"),
        (("--skips.depths", "0"), "--skips.depths must be positive"),
        (("--skips.activations", "swish"), "swish"),
        (("--parts", "skip"), "did you mean 'skips'"),
    ],
)
def test_nonsense_is_refused_before_anything_is_solved(
    wrong: tuple[str, str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "depth", "--preset", "quick", "--folder", str(tmp_path), *wrong]) != 0
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
