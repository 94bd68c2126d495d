"""A network rebuilds what a coarse view hides, and keeps what it shows."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import in_view
from known_lines import seen_coarsely
from torch import nn
from understudy.datasets.observations import SEEN, Coarse
from understudy.surrogates.blocks.discriminator import Discriminator
from understudy.surrogates.blocks.fourier_resampling import resampled
from understudy.surrogates.checkpoints import read_checkpoint
from understudy.surrogates.coarse_interpolation import CoarseInterpolation
from understudy.surrogates.coarse_regression import CoarseRegression
from understudy.surrogates.refinement_scaling import EncodedViews
from understudy.surrogates.refining_fit import AdversarialFit
from understudy.surrogates.refining_loss import LossSettings
from understudy.surrogates.super_resolution import SuperResolution
from understudy.surrogates.surrogate import SurrogateError
from understudy.surrogates.training import TrainingSettings

SHORT = TrainingSettings(steps=30, batch=16, check_every=10)
SMALL = SuperResolution.Settings(channels=4, width=5, blocks=1, training=SHORT)
LOSSES = {
    "mse": LossSettings(),
    "charbonnier": LossSettings(mse=0.0, charbonnier=1.0),
    "spectral": LossSettings(mse=0.0, spectral=1.0),
    "feature": LossSettings(feature=1.0),
    "adversarial": LossSettings(adversarial=0.05),
}


def trained(
    settings: SuperResolution.Settings = SMALL,
    *,
    window: int = 1,
    dtype: torch.dtype = torch.float64,
    folder: Path | None = None,
) -> SuperResolution:
    found = SuperResolution(settings, dtype=dtype)
    train, valid = (seen_coarsely(n, seed=seed, window=window) for n, seed in ((10, 0), (4, 1)))
    found.fit(train, valid, seed=0, folder=folder)
    return found


def seen(window: int = 1) -> dict[str, torch.Tensor]:
    views = seen_coarsely(3, seed=2, window=window)
    return {SEEN: torch.from_numpy(views.batch(range(len(views)))[0][SEEN])}


@pytest.mark.slow
def test_on_chaotic_lines_it_beats_interpolation_and_the_linear_estimate() -> None:
    train, valid = seen_coarsely(60, seed=0), seen_coarsely(20, seed=1)
    training = TrainingSettings(steps=500, batch=64, learning_rate=5e-3, check_every=250)
    network = SuperResolution(SuperResolution.Settings(channels=16, width=7, blocks=2, training=training))
    error = network.fit(train, valid, seed=0).validation_error
    others = [
        CoarseInterpolation(CoarseInterpolation.Settings(method)).fit(train, valid, seed=0)
        for method in ("fourier", "cubic", "linear")
    ]
    linear = CoarseRegression().fit(train, valid, seed=0)
    assert error < 0.3 * min(record.validation_error for record in (*others, linear))


def test_a_new_network_answers_the_interpolation() -> None:
    found = trained(dataclasses.replace(SMALL, training=dataclasses.replace(SHORT, steps=1)))
    views = seen()
    expected = resampled(views[SEEN], (32,))  # the first step of SOAP moves nothing
    torch.testing.assert_close(found(views)["u"], expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("window", [1, 3])
@pytest.mark.parametrize(("dtype", "digits"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_the_coarse_view_of_an_answer_is_the_one_that_was_given(
    window: int, dtype: torch.dtype, digits: float
) -> None:
    views = seen(window)[SEEN].to(dtype)
    answer = trained(window=window, dtype=dtype)({SEEN: views})["u"]
    assert answer.shape == (len(views), window, 32) and answer.dtype == dtype
    assert float((resampled(answer, (8,)) - views).abs().max()) < digits * float(views.abs().max())
    assert (answer - resampled(views, (32,))).abs().max() > 1e-3


def test_it_commutes_with_translations_by_cells() -> None:
    found, views = trained(), seen()[SEEN]
    moved = found({SEEN: views.roll(3, 2)})["u"]
    torch.testing.assert_close(moved, found({SEEN: views})["u"].roll(12, 2), rtol=0, atol=1e-12)


def test_it_refines_planes_too() -> None:
    planes = np.random.default_rng(0).standard_normal((20, 1, 12, 16))
    pairs = in_view(planes, Coarse(4))
    found = SuperResolution(dataclasses.replace(SMALL, width=3))
    found.fit(pairs, pairs, seed=0)
    views = torch.from_numpy(pairs.batch(range(4))[0][SEEN])
    answer = found({SEEN: views})["u"]
    assert answer.shape == (4, 1, 12, 16)
    torch.testing.assert_close(resampled(answer, (3, 4)), views, rtol=0, atol=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_it_learns_by_every_loss(loss: str) -> None:
    training = TrainingSettings(steps=150, batch=32, learning_rate=5e-3, check_every=50)
    settings = SuperResolution.Settings(channels=8, width=7, blocks=1, loss=LOSSES[loss], training=training)
    train, valid = seen_coarsely(20, seed=0), seen_coarsely(8, seed=1)
    error = SuperResolution(settings).fit(train, valid, seed=0).validation_error
    assert error < 0.75 * CoarseInterpolation().fit(train, valid, seed=0).validation_error


def test_losses_differ_and_so_do_their_answers() -> None:
    answers = [trained(dataclasses.replace(SMALL, loss=loss))(seen())["u"] for loss in LOSSES.values()]
    for i, one in enumerate(answers):
        for other in answers[:i]:
            assert (one - other).abs().max() > 1e-6


@pytest.mark.parametrize("wrong", [{"features": 0}, {"critic": 0}, {"width": 8}, {"width": -1}])
def test_networks_of_losses_that_cannot_be_are_refused_before_training(wrong: dict[str, int]) -> None:
    with pytest.raises(SurrogateError, match="features and critic must be at least 1 and width odd"):
        LossSettings(feature=1.0, **wrong)


# the adversary -------------------------------------------------------------------------------------


class Interrupted(Exception):
    """Stands for a crash in the middle of a step."""


@pytest.mark.parametrize("at", [5, 10, 24])
def test_with_an_adversary_a_run_that_broke_off_resumes_to_the_same_bits(
    at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = dataclasses.replace(SMALL, loss=LOSSES["adversarial"])
    whole = trained(settings, folder=tmp_path / "whole")
    plain, calls = AdversarialFit.loss, [0]

    def breaking(self: AdversarialFit, *arguments: Any) -> torch.Tensor:
        calls[0] += 1
        if calls[0] > at:
            raise Interrupted
        return plain(self, *arguments)

    monkeypatch.setattr(AdversarialFit, "loss", breaking)
    with pytest.raises(Interrupted):
        trained(settings, folder=tmp_path / "broken")
    monkeypatch.setattr(AdversarialFit, "loss", plain)
    resumed = trained(settings, folder=tmp_path / "broken")
    for name, tensor in whole.tensors().items():
        assert torch.equal(resumed.tensors()[name], tensor), name
    kept = [read_checkpoint(tmp_path / part / "checkpoint.safetensors") for part in ("whole", "broken")]
    first, second = (found[0] for found in kept if found is not None)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(name.startswith("objective.critic.") for name in first)
    assert any(name.startswith("objective.optimiser.") for name in first)


def test_the_critic_learns_to_tell_what_is_true_from_what_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[float, float]] = []
    plain = AdversarialFit._learn

    def listening(self: Any, beside: torch.Tensor, *, real: torch.Tensor, made: torch.Tensor) -> None:
        plain(self, beside, real=real, made=made)
        with torch.no_grad():
            verdicts = [float(self._critic(torch.cat([f, beside], dim=1)).mean()) for f in (real, made)]
        said.append((verdicts[0], verdicts[1]))

    monkeypatch.setattr(AdversarialFit, "_learn", listening)
    training = dataclasses.replace(SHORT, steps=120, check_every=60)
    trained(
        dataclasses.replace(SMALL, loss=LossSettings(adversarial=1e-9, critic_rate=3e-3), training=training)
    )
    apart = [real - made for real, made in said]
    assert abs(np.mean(apart[:5])) < 0.2 < 0.4 < np.mean(apart[-20:])


def test_the_answer_is_judged_by_what_the_critic_has_just_learned() -> None:
    generator = torch.Generator().manual_seed(0)
    shown, lacking = (torch.randn(8, 1, 16, generator=generator) for _ in range(2))
    views = EncodedViews(shown, lacking, 1.0)
    torch.manual_seed(0)
    critic, module = Discriminator(dimensions=1, inputs=2), nn.Conv1d(1, 1, 1)
    before = [p.detach().clone() for p in critic.parameters()]
    fit = AdversarialFit(
        views, views, parts=[(2.0, nn.MSELoss())], critic=critic, weight=0.3, penalty=1.0, rate=1e-2
    )
    loss = fit.loss(module, torch.arange(4), generator)
    assert all((p != b).any() for p, b in zip(critic.parameters(), before, strict=True))
    answer = module(shown[:4])
    verdict = critic(torch.cat([answer, shown[:4]], dim=1))
    expected = 2.0 * (answer - lacking[:4]).square().mean() + 0.3 * (1 + (-verdict).exp()).log().mean()
    torch.testing.assert_close(loss, expected)
    with torch.no_grad():
        verdict = critic(torch.cat([module(shown), shown], dim=1))
        judged = 2.0 * (module(shown) - lacking).square().mean() + 0.3 * (1 + (-verdict).exp()).log().mean()
    assert fit.validate(module) == pytest.approx(float(judged), rel=1e-5)
    learned = [p.detach().clone() for p in critic.parameters()]
    loss.backward()
    assert module.weight.grad is not None
    assert all(torch.equal(p, b) for p, b in zip(critic.parameters(), learned, strict=True))


def test_without_an_adversary_checkpoints_hold_no_more_than_before(tmp_path: Path) -> None:
    trained(folder=tmp_path)
    found = read_checkpoint(tmp_path / "checkpoint.safetensors")
    assert found is not None
    assert {name.partition(".")[0] for name in found[0]} == {"module", "best", "optimiser"}
