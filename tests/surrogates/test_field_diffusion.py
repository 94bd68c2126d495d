"""Ensembles are as wide as a coarse view leaves open, and as narrow as it tells."""

import copy
import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import in_view
from known_lines import seen_coarsely
from understudy.datasets.observations import SEEN, Coarse, Observations
from understudy.surrogates.blocks.fourier_resampling import resampled
from understudy.surrogates.blocks.mode_filter import ModeFilter
from understudy.surrogates.blocks.proper_scores import crps, spread_skill
from understudy.surrogates.coarse_interpolation import CoarseInterpolation
from understudy.surrogates.denoising_fit import DenoisingFit
from understudy.surrogates.field_diffusion import FieldDiffusion
from understudy.surrogates.refiner import Views
from understudy.surrogates.residual_denoiser import ResidualDenoiser
from understudy.surrogates.super_resolution import SuperResolution
from understudy.surrogates.surrogate import SurrogateError
from understudy.surrogates.training import TrainingSettings

TRAINING = TrainingSettings(steps=300, batch=64, learning_rate=5e-3, check_every=150)
SETTINGS = FieldDiffusion.Settings(channels=12, width=5, blocks=2, training=TRAINING)


def waves(samples: int, seed: int, *, share: float) -> np.ndarray:
    """A wave anywhere, and one of a third of its length that is bound to it: with its sign in some samples,
    turned over in a `share` of them. (samples, 1, 16)
    """
    generator = np.random.default_rng(seed)
    x = 2 * np.pi * np.arange(16) / 16
    phase = generator.uniform(0, 2 * np.pi, (samples, 1))
    sign = np.where(generator.random((samples, 1)) < share, -1.0, 1.0)
    return (np.cos(x + phase) + 0.3 * sign * np.cos(3 * (x + phase)))[:, None]


def pairs(samples: int, seed: int, *, share: float) -> Observations:
    return in_view(waves(samples, seed, share=share), Coarse(4))


def fitted(share: float) -> FieldDiffusion:
    found = FieldDiffusion(SETTINGS)
    found.fit(pairs(600, 0, share=share), pairs(60, 1, share=share), seed=0)
    return found


def asked(share: float, *, count: int = 100) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    inputs, outputs = pairs(100, 2, share=share).batch(range(count))
    return {SEEN: torch.from_numpy(inputs[SEEN])}, torch.from_numpy(outputs["u"])


@pytest.fixture(scope="module")
def told() -> FieldDiffusion:
    """Of waves whose view tells all."""
    return fitted(0.0)


@pytest.fixture(scope="module")
def untold() -> FieldDiffusion:
    """Of waves whose view tells all but a sign."""
    return fitted(0.5)


LACKING = 0.3 / np.sqrt(2)
"""Root mean square of what the view of a wave lacks."""


def test_where_the_view_tells_the_field_the_ensemble_has_no_spread(told: FieldDiffusion) -> None:
    inputs, truth = asked(0.0)
    spread, skill = spread_skill(told.sample(inputs, 16, seed=0)["u"], truth)
    assert spread < 0.1 * LACKING
    assert skill < 0.1 * LACKING
    assert (told(inputs)["u"] - truth).square().mean().sqrt() < 0.1 * LACKING


def test_weights_are_judged_by_the_score_of_the_ensemble_and_not_by_the_error_of_its_mean(
    untold: FieldDiffusion,
) -> None:
    module, scaling = untold.ready()
    inputs, truth = asked(0.5, count=40)
    views = scaling.encoded(Views(inputs[SEEN], truth), device=torch.device("cpu"))
    fit = untold.fit_of(views, views)
    drawn = untold.sample(inputs, 64, seed=0)["u"]
    score = crps(drawn, truth).mean() / truth.square().mean().sqrt()
    assert isinstance(fit, DenoisingFit)
    with torch.no_grad():
        judged = fit.validate(module)
        wild = copy.deepcopy(module)
        for weight in wild.parameters():
            weight.mul_(1e9)
        assert 1e3 < fit.validate(wild) < np.inf
    assert judged == pytest.approx(float(score), rel=0.25)


@pytest.mark.parametrize(
    ("grid", "coarse"), [((16,), (4,)), ((16,), (5,)), ((12, 16), (6, 4)), ((15, 8), (3, 8)), ((8,), (8,))]
)
def test_noise_has_unit_size_and_is_not_seen(grid: tuple[int, ...], coarse: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(0)
    passed = torch.rand(*grid[:-1], grid[-1] // 2 + 1, generator=generator, dtype=torch.float64)
    if len(grid) == 2:  # a filter of real fields: alike for a wave and its like in the other direction
        passed = 0.5 * (passed + passed[(-torch.arange(grid[0])) % grid[0]])
    module = ResidualDenoiser(
        frames=1, coarse=coarse, passed=ModeFilter(passed, grid=grid), channels=2, width=3, blocks=1
    )
    white = torch.randn(20_000, 1, *grid, generator=generator, dtype=torch.float64)
    noise = module.noise(white)
    size = 0.0 if grid == coarse else 1.0
    assert float(noise.square().mean().sqrt()) == pytest.approx(size, rel=0.01, abs=1e-12)
    assert resampled(noise, coarse).abs().max() < 1e-11


def test_where_nothing_is_lacking_nothing_is_added() -> None:
    coarse = np.random.default_rng(0).standard_normal((20, 1, 4))
    smooth = in_view(resampled(torch.from_numpy(coarse), (16,)).numpy(), Coarse(4))
    training = dataclasses.replace(TRAINING, steps=4, check_every=2)
    found = FieldDiffusion(dataclasses.replace(SETTINGS, training=training))
    found.fit(smooth, smooth, seed=0)
    inputs, outputs = smooth.batch(range(5))
    members = found.sample({SEEN: torch.from_numpy(inputs[SEEN])}, 6, seed=0)["u"]
    assert members.std(dim=0).max() < 1e-6
    np.testing.assert_allclose(members[0], outputs["u"], atol=1e-6)


def test_where_it_does_not_members_are_what_may_be_there_and_their_mean_is_not(
    untold: FieldDiffusion,
) -> None:
    inputs, truth = asked(0.5)
    members = untold.sample(inputs, 32, seed=0)["u"]
    lacking = members - resampled(inputs[SEEN], (16,))
    # each has the wave that lacks, one way or the other; the mean has hardly any
    sizes = lacking.square().mean(dim=(2, 3)).sqrt() / LACKING
    assert 0.85 < float(sizes.median()) < 1.15
    assert lacking.mean(dim=0).square().mean().sqrt() < 0.4 * LACKING
    x = truth - resampled(inputs[SEEN], (16,))
    along = (lacking * x).mean(dim=(2, 3)) / x.square().mean(dim=(1, 2))
    assert 0.35 < float((along > 0).double().mean()) < 0.65
    assert float(along.abs().median()) > 0.6  # of noise it would be 0.2


def test_the_ensemble_doubts_as_much_as_it_errs_and_scores_better_than_a_mean(
    untold: FieldDiffusion,
) -> None:
    inputs, truth = asked(0.5)
    members = untold.sample(inputs, 32, seed=0)["u"]
    spread, skill = spread_skill(members, truth)
    assert spread / skill == pytest.approx(1, abs=0.15)
    network = SuperResolution(SuperResolution.Settings(channels=12, width=5, blocks=2, training=TRAINING))
    network.fit(pairs(600, 0, share=0.5), pairs(60, 1, share=0.5), seed=0)
    plain = (network(inputs)["u"] - truth).abs().mean()
    assert crps(members, truth).mean() < 0.85 * plain


@pytest.mark.slow
def test_on_chaotic_lines_its_mean_beats_interpolation() -> None:
    train, valid = seen_coarsely(60, seed=0), seen_coarsely(20, seed=1)
    longer = dataclasses.replace(TRAINING, steps=600)
    found = FieldDiffusion(dataclasses.replace(SETTINGS, channels=16, width=7, training=longer))
    error = found.fit(train, valid, seed=0).validation_error
    assert error < 0.3 * CoarseInterpolation().fit(train, valid, seed=0).validation_error


def test_every_member_has_the_coarse_view(untold: FieldDiffusion) -> None:
    inputs, _ = asked(0.5)
    members = untold.sample(inputs, 3, seed=0)["u"]
    views = resampled(members, (4,))
    torch.testing.assert_close(views, inputs[SEEN].expand(3, -1, -1, -1), rtol=0, atol=1e-12)


def test_an_answer_is_the_same_every_time_and_the_mean_of_an_ensemble(untold: FieldDiffusion) -> None:
    inputs, _ = asked(0.5)
    some = {SEEN: inputs[SEEN][:20]}
    answer = untold(some)["u"]
    assert torch.equal(untold(some)["u"], answer)
    # all queries meet the same noise: moved by a cell, noise and all, the answer would move, too
    alone = untold({SEEN: inputs[SEEN][7:8]})["u"]
    torch.testing.assert_close(alone[0], answer[7], rtol=0, atol=1e-12)


def test_ensembles_depend_on_the_seed_alone(untold: FieldDiffusion) -> None:
    inputs = {SEEN: asked(0.5)[0][SEEN][:10]}
    first = untold.sample(inputs, 4, seed=0)["u"]
    assert first.shape == (4, 10, 1, 16)
    assert torch.equal(untold.sample(inputs, 4, seed=0)["u"], first)
    assert (untold.sample(inputs, 4, seed=1)["u"] - first).abs().max() > 1e-3
    same = {SEEN: inputs[SEEN][:1].expand(10, -1, -1)}  # queries alike have noise of their own
    assert untold.sample(same, 4, seed=0)["u"].std(dim=1).max() > 1e-3


def test_nonsense_is_refused(untold: FieldDiffusion) -> None:
    inputs, _ = asked(0.5)
    with pytest.raises(SurrogateError, match="at least 1 member, got 0"):
        untold.sample(inputs, 0, seed=0)
    with pytest.raises(SurrogateError, match=r"shape \(batch, 1, 4\)"):
        untold.sample({SEEN: inputs[SEEN][..., :3]}, 2, seed=0)
    with pytest.raises(SurrogateError, match="call `fit`"):
        FieldDiffusion(SETTINGS).sample(inputs, 2, seed=0)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"steps": 1}, "steps must be at least 2"),
        ({"members": 0}, "members at least 1"),
        ({"smallest": 30.0}, "0 < smallest < largest"),
        ({"level_deviation": 0.0}, "level_deviation must be positive"),
        ({"width": 4}, "width odd"),
    ]
    for change, sentence in wrong:
        with pytest.raises(SurrogateError, match=sentence):
            dataclasses.replace(SETTINGS, **change)
