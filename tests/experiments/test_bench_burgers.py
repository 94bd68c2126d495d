"""The benchmark beside DeepXDE compares like with like, and every way to differentiate says the same."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from even_clock import EvenClock
from understudy.experiments import bench_burgers_deepxde as deepxde
from understudy.experiments.command import main
from understudy.solvers.burgers import Burgers
from understudy.solvers.pointwise import wanted_by
from understudy.surrogates import pinn, pinn_training


def test_the_plain_problem_is_the_systems_with_nothing_built_in() -> None:
    system = Burgers()
    whole = system.pointwise(system.draw([np.random.default_rng(0)]), horizon=1.0)
    plain = deepxde.plain_problem()
    generator = torch.Generator().manual_seed(0)
    said = {
        key: torch.randn(50, generator=generator, dtype=torch.float64)
        for key in {*wanted_by(whole, whole.equations, "equations"), ("u", (0, 0))}
    }
    x = 2 * torch.rand(50, generator=generator, dtype=torch.float64) - 1

    def at(name: str, /, **orders: int) -> torch.Tensor:
        if name == "viscosity":
            return torch.full((50,), 0.01 / math.pi, dtype=torch.float64)
        return x if name == "x" else said[name, (orders.get("t", 0), orders.get("x", 0))]

    ours, theirs = whole.equations(at)["momentum"], plain.equations(at)["momentum"]
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    start = next(c for c in whole.conditions if c.name == "start").equations(at)["u"]
    torch.testing.assert_close(plain.conditions[0].equations(at)["u"], start, rtol=0, atol=1e-10)
    assert [c.where for c in plain.conditions] == [{"t": 0.0}, {"x": -1.0}, {"x": 1.0}]
    assert plain.form is None
    assert not plain.mirrors


def test_a_row_is_the_median_of_its_seeds_and_says_how_far_off_the_peer_is() -> None:
    errors = {"ours, recommended": (1e-4, 2e-4, 9e-4), "DeepXDE": (1e-2, 4e-2, 5e-2)}
    rows = [
        {"who": who, "activation": "tanh", "seed": seed, "error": error, "seconds": 60.0, "steps": 5}
        for who, several in errors.items()
        for seed, error in enumerate(several)
    ]
    said = deepxde.table({"rows": rows}).splitlines()
    assert said[1].split()[-5:] == ["2.00e-04", "1.00e-04", "9.00e-04", "200", "60.0"]
    assert said[2].split()[-2] == "1"
    alone = deepxde.table({"rows": [r for r in rows if r["who"] != "DeepXDE"]}).splitlines()
    assert alone[1].split()[-2] == "nan"


@pytest.mark.parametrize("who", [deepxde.RECOMMENDED, deepxde.PLAIN, deepxde.LIMITED])
def test_ours_descends_in_the_time_that_it_is_given(who: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = EvenClock(2e-3)
    for module in (pinn, pinn_training):
        monkeypatch.setattr(module, "time", clock)
    settings = deepxde.Settings(("tanh",), points=128, seconds=1.5, seeds=1)
    found = deepxde._measured(deepxde._Job(who, "tanh", 0, settings))
    assert 1.5 < found["seconds"] < 1.6
    assert 360 < found["steps"] < 380
    assert found["error"] < 0.6


@pytest.mark.slow
@pytest.mark.skipif(not deepxde.deepxde_installed(), reason="DeepXDE is in the extra `peers`")
def test_deepxde_solves_the_same_equation(tmp_path: Path) -> None:
    options = ["--deepxde.seconds", "20", "--deepxde.points", "512"]
    command = ["bench", "burgers", "--preset", "quick", "--parts", "deepxde", "--folder", str(tmp_path)]
    assert main([*command, *options]) == 0
    rows = {r["who"]: r for r in json.loads((tmp_path / "deepxde.json").read_text())["rows"]}
    assert set(rows) == {deepxde.RECOMMENDED, deepxde.PLAIN, deepxde.LIMITED, "DeepXDE"}
    assert rows["DeepXDE"]["error"] < 0.4
    assert all(15 < row["seconds"] < 40 for row in rows.values())


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")  # of torch's own forward mode
def test_every_way_to_differentiate_says_the_same(tmp_path: Path) -> None:
    command = ["bench", "burgers", "--preset", "quick", "--parts", "derivatives", "--folder", str(tmp_path)]
    ways = ("jets", "torch jets", "nested", "forward over forward", "taylor")
    assert main([*command, "--derivatives.ways", *ways]) == 0
    results = json.loads((tmp_path / "derivatives.json").read_text())
    assert [row["way"] for row in results["rows"]] == list(ways)
    for row in results["rows"]:
        assert not row["why_not"]
        assert row["differs"] < 1e-10
        assert row["seconds"] > 0.3 * results["floor_seconds"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (("--deepxde.seconds", "0"), "--deepxde.seconds must be positive"),
        (("--derivatives.ways", "by hand"), "by hand"),
        (("--parts", "deepx"), "did you mean 'deepxde'"),
    ],
)
def test_nonsense_is_refused_before_anything_is_timed(
    wrong: tuple[str, str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "burgers", "--preset", "quick", "--folder", str(tmp_path), *wrong]) != 0
    assert words in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]
