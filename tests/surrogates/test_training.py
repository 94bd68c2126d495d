"""The gradient loop: it learns, stops when it should, resumes to the same bits, and says what went wrong."""

import dataclasses
import itertools
import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from understudy.datasets.durable import leftovers
from understudy.surrogates.surrogate import SurrogateError
from understudy.surrogates.training import Trained, TrainingSettings, train

SHORT = TrainingSettings(steps=60, batch=8, check_every=10, learning_rate=1e-2)


class Line:
    """Fit y = W x on 40 random examples; the noise is the objective's own, drawn from the generator."""

    def __init__(self, *, noise: float = 0.1, broken_at: int | None = None) -> None:
        generator = torch.Generator().manual_seed(0)
        self.x = torch.randn(40, 6, generator=generator, dtype=torch.float64)
        self.y = self.x @ torch.randn(6, 4, generator=generator, dtype=torch.float64)
        self.noise, self.broken_at, self.calls = noise, broken_at, 0
        self.seen: list[list[int]] = []
        self.dtypes: list[torch.dtype] = []

    @property
    def examples(self) -> int:
        return len(self.x)

    def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        dtype = next(module.parameters()).dtype
        self.dtypes.append(dtype)
        self.seen.append(indices.tolist())
        self.calls += 1
        x = self.x[indices].to(dtype)
        x = x + self.noise * torch.randn(x.shape, generator=generator, dtype=dtype)
        loss = (module(x) - self.y[indices].to(dtype)).square().mean()
        return loss * math.nan if self.calls - 1 == self.broken_at else loss

    @torch.no_grad()
    def validate(self, module: nn.Module) -> float:
        dtype = next(module.parameters()).dtype
        return float((module(self.x.to(dtype)) - self.y.to(dtype)).square().mean().sqrt())


class Interrupted(Exception):
    """Stands for a crash in the middle of a step."""


class Crashing(Line):
    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at

    def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        if self.calls == self.at:
            raise Interrupted
        return super().loss(module, indices, generator)


def new_module() -> nn.Module:
    generator = torch.Generator().manual_seed(1)
    module = nn.Sequential(nn.Linear(6, 10), nn.Tanh(), nn.Linear(10, 4))
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3, generator=generator)
    return module


def run(
    settings: TrainingSettings = SHORT,
    *,
    objective: Line | None = None,
    folder: Path | None = None,
    **how: Any,
) -> tuple[nn.Module, Trained]:
    module = new_module()
    return module, train(module, objective or Line(), settings, folder=folder, **{"seed": 3, **how})


def same(one: nn.Module, other: nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(a.dtype == b.dtype and torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("optimiser", ["soap", "adam"])
def test_it_learns_a_line(optimiser: Any) -> None:
    objective = Line(noise=0.0)
    module = nn.Linear(6, 4)
    nn.init.zeros_(module.weight)
    start = objective.validate(module)
    settings = dataclasses.replace(SHORT, steps=400, optimiser=optimiser, learning_rate=0.05)
    end = train(module, objective, settings, seed=3)
    assert end.finished
    assert end.validation_error < 1e-3 * start
    assert objective.validate(module) == end.validation_error


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    assert same(run()[0], run()[0])
    assert not same(run()[0], run(seed=4)[0])


def test_every_epoch_sees_every_example_once_in_another_order() -> None:
    objective = Line()
    run(objective=objective)
    epochs = [list(itertools.chain(*objective.seen[i : i + 5])) for i in range(0, 60, 5)]
    assert all(sorted(epoch) == list(range(40)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == len(epochs)


@pytest.mark.parametrize("optimiser", ["soap", "adam"])
@pytest.mark.parametrize("at", [3, 10, 29, 31, 55])
def test_a_run_that_broke_off_resumes_to_the_same_bits(optimiser: Any, at: int, tmp_path: Path) -> None:
    settings = dataclasses.replace(SHORT, optimiser=optimiser, double_from=0.5, weight_decay=0.01, clip=1.0)
    whole, end = run(settings)
    with pytest.raises(Interrupted):
        run(settings, objective=Crashing(at), folder=tmp_path)
    resumed, again = run(settings, folder=tmp_path)
    assert same(whole, resumed)
    assert again.validation_error == end.validation_error
    assert again.epochs == end.epochs


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    first, end = run(folder=tmp_path)
    objective = Line()
    second, again = run(objective=objective, folder=tmp_path)
    assert objective.calls == 0
    assert same(first, second)
    last = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert again.seconds > last["seconds"] - 1e-3
    assert (again.validation_error, again.finished) == (end.validation_error, True)


def test_the_best_weights_are_kept_and_patience_ends_the_run() -> None:
    class Worsening(Line):
        checks = 0

        def validate(self, module: nn.Module) -> float:
            self.checks += 1
            return abs(self.checks - 2) + 1.0

    objective = Worsening()
    module, end = run(dataclasses.replace(SHORT, patience=3), objective=objective)
    assert objective.checks == 5
    assert end.finished
    assert end.validation_error == 1.0
    at_two_checks: list[dict[str, torch.Tensor]] = []

    class Watching(Line):
        def validate(self, module: nn.Module) -> float:
            at_two_checks.append({k: v.clone() for k, v in module.state_dict().items()})
            return 1.0

    run(objective=Watching())
    assert all(torch.equal(v, at_two_checks[1][k]) for k, v in module.state_dict().items())


def test_the_log_has_a_line_per_check(tmp_path: Path) -> None:
    _, end = run(folder=tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [10, 20, 30, 40, 50, 60]
    assert min(line["validation_error"] for line in lines) == end.validation_error
    assert lines[0]["loss"] > lines[-1]["loss"] > 0
    assert lines[-1]["learning_rate"] < 0.1 * lines[1]["learning_rate"]
    assert not leftovers(tmp_path)


def test_half_a_line_in_the_log_is_mended_on_resume(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        run(objective=Crashing(25), folder=tmp_path)
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"step": 30, "loss": 1.0}\n{"step": 4')
    run(folder=tmp_path)
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [10, 20, 30, 40, 50, 60]


def test_a_log_without_a_checkpoint_begins_again(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('{"step": 10, "loss": 1.0}\n')
    run(folder=tmp_path)
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [10, 20, 30, 40, 50, 60]


@pytest.mark.parametrize(
    ("change", "named"),
    [({"learning_rate": 0.02}, "training"), ({"seed": 9}, "seed"), ({"identity": {"width": 3}}, "width")],
    ids=str,
)
def test_a_checkpoint_of_another_run_is_refused(change: dict[str, Any], named: str, tmp_path: Path) -> None:
    run(folder=tmp_path, identity={"width": 2})
    settings = dataclasses.replace(SHORT, **change) if "learning_rate" in change else SHORT
    how = {k: v for k, v in change.items() if k != "learning_rate"}
    with pytest.raises(SurrogateError, match=rf"another {named}; delete checkpoint"):
        run(settings, folder=tmp_path, **{"identity": {"width": 2}, **how})


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    run(folder=tmp_path)
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(SurrogateError, match=r"checkpoint\.safetensors cannot be read.*delete it"):
        run(folder=tmp_path)


def test_a_checkpoint_that_was_never_renamed_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.safetensors.partial-1").write_bytes(b"half a file")
    assert same(run(folder=tmp_path)[0], run()[0])


def test_a_loss_that_is_not_finite_is_named_with_its_step_and_a_cure() -> None:
    with pytest.raises(SurrogateError, match=r"loss became nan at step 17 of 60; lower learning_rate"):
        run(objective=Line(broken_at=17))


def test_a_validation_error_that_is_not_finite_is_named() -> None:
    class Blind(Line):
        def validate(self, module: nn.Module) -> float:
            return math.inf

    with pytest.raises(SurrogateError, match=r"validation error became inf at step 10"):
        run(objective=Blind())


def test_a_run_out_of_time_says_that_it_did_not_finish_and_can_go_on(tmp_path: Path) -> None:
    objective = Line()
    _, end = run(dataclasses.replace(SHORT, seconds=1e-9), objective=objective, folder=tmp_path)
    assert objective.calls == 1
    assert not end.finished
    _, later = run(folder=tmp_path)
    assert later.finished


def test_precision_changes_where_it_is_told_to() -> None:
    objective = Line()
    module, _ = run(dataclasses.replace(SHORT, double_from=0.5), objective=objective)
    assert objective.dtypes == [torch.float32] * 30 + [torch.float64] * 30
    assert next(module.parameters()).dtype == torch.float64


def test_clipping_bounds_the_step_that_adam_would_not() -> None:
    class Steep(Line):
        def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
            return 1e6 * super().loss(module, indices, generator)

    seen = []

    class Recording(Steep):
        def validate(self, module: nn.Module) -> float:
            seen.append(
                torch.cat([p.grad.flatten() for p in module.parameters() if p.grad is not None]).norm()
            )
            return 1.0

    run(dataclasses.replace(SHORT, clip=0.5), objective=Recording())
    assert all(abs(norm - 0.5) < 1e-3 for norm in seen)
    seen.clear()
    run(objective=Recording())
    assert min(seen) > 100


def test_weight_decay_shrinks_weights_that_the_loss_does_not_need() -> None:
    for optimiser in ("soap", "adam"):
        settings = dataclasses.replace(SHORT, optimiser=optimiser, steps=300)
        free, _ = run(settings)
        held, _ = run(dataclasses.replace(settings, weight_decay=1.0))
        assert sum(p.square().sum() for p in held.parameters()) < 0.7 * sum(
            p.square().sum() for p in free.parameters()
        )


def test_the_learning_rate_rises_then_falls_to_zero() -> None:
    rates = [SHORT.rate(step) for step in range(61)]
    assert rates[0] == pytest.approx(1e-2 / 3)
    assert max(rates) == rates[2] or max(rates) == rates[3]
    assert rates[3:] == sorted(rates[3:], reverse=True)
    assert rates[30] == pytest.approx(0.5e-2)
    assert rates[60] == pytest.approx(0, abs=1e-12)
    constant = dataclasses.replace(SHORT, schedule="constant", warm_up=0.0)
    assert {constant.rate(step) for step in range(60)} == {1e-2}


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0},
        {"batch": -1},
        {"seconds": 0.0},
        {"warm_up": 1.5},
        {"double_from": -0.1},
        {"optimiser": "sgd"},
    ],
    ids=str,
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SurrogateError, match=next(iter(wrong))):
        TrainingSettings(**wrong)


def test_the_order_of_the_examples_is_the_seeds_own() -> None:
    orders = []
    for seed in (0, 0, 1):
        line = Line(noise=0.0)
        train(new_module(), line, SHORT, seed=seed)
        orders.append(line.seen)
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]


def test_every_step_draws_numbers_of_its_own() -> None:
    class Listening(Line):
        def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
            heard.append(float(torch.rand((), generator=generator)))
            return super().loss(module, indices, generator)

    heard: list[float] = []
    for seed in (0, 1):
        train(new_module(), Listening(), SHORT, seed=seed)
    assert len(set(heard)) == len(heard) == 2 * SHORT.steps


def test_a_resumed_run_remembers_how_good_it_was_before(tmp_path: Path) -> None:
    class Judged(Crashing):
        error = 1.0

        def validate(self, module: nn.Module) -> float:
            return self.error

    with pytest.raises(Interrupted):
        run(objective=Judged(31), folder=tmp_path)
    worse = Judged(10_000)
    worse.error = 2.0
    assert run(objective=worse, folder=tmp_path)[1].validation_error == 1.0
