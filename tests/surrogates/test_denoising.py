"""Denoisers see and say numbers of unit size, and samples of known data come out with its statistics."""

import itertools
from collections.abc import Callable

import pytest
import torch
from torch import nn
from understudy.surrogates.blocks.heun_sampler import noise_levels, sampled
from understudy.surrogates.blocks.noise_conditioning import NoiseConditioning
from understudy.surrogates.blocks.preconditioned_denoiser import PreconditionedDenoiser

LEVELS = (1e-3, 0.03, 0.5, 1.0, 7.0, 300.0)
MEAN = torch.tensor([0.7, -0.4, 0.0], dtype=torch.float64)
MIXING = torch.tensor([[1.0, 0.0, 0.0], [0.8, 0.5, 0.0], [-0.3, 0.2, 0.1]], dtype=torch.float64)
COVARIANCE = MIXING @ MIXING.T


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class Recording(nn.Module):
    """Says zero, and remembers what it was given."""

    def forward(self, field: torch.Tensor, told: torch.Tensor, *beside: torch.Tensor) -> torch.Tensor:
        self.given, self.told, self.beside = field, told, beside
        return torch.zeros_like(field)


# preconditioning -----------------------------------------------------------------------------------


@pytest.mark.parametrize("deviation", [0.5, 2.0])
@pytest.mark.parametrize("level", LEVELS)
def test_what_the_network_sees_and_has_to_say_has_unit_variance(level: float, deviation: float) -> None:
    network = Recording()
    denoiser = PreconditionedDenoiser(network, deviation=deviation)
    data, noise = deviation * normal(1, 200_000), level * normal(1, 200_000, seed=1)
    at = torch.tensor([level], dtype=torch.float64)
    passed = denoiser(data + noise, at)
    assert float(network.given.var()) == pytest.approx(1, rel=0.02)
    wanted = (data - passed) / denoiser.factors(at).out
    assert float(wanted.var()) == pytest.approx(1, rel=0.02)


@pytest.mark.parametrize("level", LEVELS)
def test_the_factors_are_such_that_the_variances_are_exactly_one(level: float) -> None:
    deviation = 0.7
    denoiser = PreconditionedDenoiser(Recording(), deviation=deviation)
    skip, out, into, told = (float(f) for f in denoiser.factors(torch.tensor(level, dtype=torch.float64)))
    assert into**2 * (deviation**2 + level**2) == pytest.approx(1, rel=1e-12)
    said = (1 - skip) ** 2 * deviation**2 + skip**2 * level**2
    assert said == pytest.approx(out**2, rel=1e-12)
    assert told == pytest.approx(torch.tensor(level).double().log().item() / 4)
    assert float(denoiser.weight(torch.tensor(level).double())) == pytest.approx(1 / out**2)
    # no other share that is passed on leaves less to say
    for other in (skip - 1e-3, skip + 1e-3):
        assert (1 - other) ** 2 * deviation**2 + other**2 * level**2 > said


def test_each_sample_has_its_own_level_and_what_stands_beside_it_is_handed_on() -> None:
    network = Recording()
    denoiser, field, beside = PreconditionedDenoiser(network), normal(3, 2, 8), normal(3, 1, 8)
    levels = torch.tensor([0.1, 1.0, 5.0], dtype=torch.float64)
    both = denoiser(field, levels, beside)
    assert network.beside == (beside,)
    for i in range(3):
        torch.testing.assert_close(denoiser(field[i : i + 1], levels[i : i + 1])[0], both[i])


def test_data_without_a_deviation_are_refused() -> None:
    with pytest.raises(ValueError, match="must be positive, got 0"):
        PreconditionedDenoiser(Recording(), deviation=0.0)


def test_a_new_conditioning_changes_nothing_and_then_scales_and_shifts_channels() -> None:
    torch.manual_seed(0)
    block, field = NoiseConditioning(channels=3).double(), normal(4, 3, 5, 6)
    number = torch.tensor([-1.0, 0.0, 0.3, 0.3], dtype=torch.float64)
    assert torch.equal(block(field, number), field)
    nn.init.normal_(block.said.layers[-1].weight)
    changed = block(field, number)
    flat, told = torch.zeros_like(field), block(torch.ones_like(field), number)
    shift = block(flat, number)
    assert (shift[:, :, :1, :1] == shift).all() and (told[:, :, :1, :1] == told).all()
    torch.testing.assert_close(changed, field * (told - shift) + shift)
    assert (shift[0] - shift[1]).abs().max() > 1e-3 and (told - shift - 1).abs().max() > 1e-3
    torch.testing.assert_close(shift[2], shift[3])


# sampling ------------------------------------------------------------------------------------------


def of_gaussians(covariance: torch.Tensor = COVARIANCE) -> Callable[[torch.Tensor, float], torch.Tensor]:
    """The exact mean of normal data given a noisy sample, (samples, 3)."""

    def denoise(field: torch.Tensor, level: float) -> torch.Tensor:
        gain = covariance @ torch.linalg.inv(covariance + level**2 * torch.eye(3, dtype=torch.float64))
        return MEAN + (field - MEAN) @ gain.T

    return denoise


def exact_flow(start: torch.Tensor, first: float, last: float) -> torch.Tensor:
    """Along the eigenvectors of normal data distances from the mean shrink as the deviations do."""
    values, vectors = torch.linalg.eigh(COVARIANCE)
    shrunk = ((values + last**2) / (values + first**2)).sqrt()
    return MEAN + (start - MEAN) @ vectors * shrunk @ vectors.T


def test_levels_fall_from_the_largest_to_the_smallest_and_then_to_nothing() -> None:
    levels = noise_levels(10, smallest=0.01, largest=20.0)
    assert len(levels) == 11
    assert levels[[0, 9, 10]].tolist() == pytest.approx([20.0, 0.01, 0.0])
    assert (levels.diff() < 0).all()
    middle = (0.5 * (20.0 ** (1 / 7) + 0.01 ** (1 / 7))) ** 7
    assert float(noise_levels(3, smallest=0.01, largest=20.0)[1]) == pytest.approx(middle)


@pytest.mark.parametrize("churn", [0.0, 10.0])
def test_samples_of_normal_data_have_its_mean_and_covariance(churn: float) -> None:
    levels, generator = noise_levels(100, smallest=2e-3, largest=80.0), torch.Generator().manual_seed(3)
    start = levels[0] * normal(40_000, 3)
    found = sampled(of_gaussians(), start, levels, churn=churn, generator=generator)
    # a deviation of at most 1 over the root of the samples is 0.005
    torch.testing.assert_close(found.mean(dim=0), MEAN, rtol=0, atol=0.03)
    torch.testing.assert_close(found.T.cov(), COVARIANCE, rtol=0, atol=0.03)


def test_heun_converges_to_the_exact_flow_with_second_order_and_euler_with_first() -> None:
    start, first, last = 5 * normal(50, 3), 5.0, 0.05
    exact = exact_flow(start, first, last)

    def error(steps: int, *, second_order: bool) -> float:
        levels = noise_levels(steps + 1, smallest=last, largest=first)[:-1]
        found = sampled(of_gaussians(), start, levels, second_order=second_order)
        return float((found - exact).abs().max())

    for second_order, order in ((True, 2), (False, 1)):
        errors = [error(steps, second_order=second_order) for steps in (64, 128, 256)]
        ratios = [before / after for before, after in itertools.pairwise(errors)]
        assert ratios[-1] == pytest.approx(2**order, rel=0.1)
        assert ratios[0] == pytest.approx(2**order, rel=0.25)
    assert error(64, second_order=True) < 0.2 * error(64, second_order=False)


def test_data_without_spread_are_found_wherever_one_starts() -> None:
    denoise = of_gaussians(torch.zeros(3, 3, dtype=torch.float64))
    levels = noise_levels(8, smallest=0.01, largest=10.0)
    found = sampled(denoise, levels[0] * normal(20, 3), levels)
    torch.testing.assert_close(found, MEAN.expand(20, 3))


def test_churn_draws_from_its_generator_and_without_it_nothing_is_random() -> None:
    levels, start = noise_levels(8, smallest=0.01, largest=10.0), 10 * normal(5, 3)

    def ends(churn: float, seed: int) -> torch.Tensor:
        drawn = torch.Generator().manual_seed(seed)
        return sampled(of_gaussians(), start, levels, churn=churn, generator=drawn)

    assert torch.equal(ends(3.0, 0), ends(3.0, 0))
    assert not torch.equal(ends(3.0, 0), ends(3.0, 1))
    assert torch.equal(ends(0.0, 0), ends(0.0, 1))


def test_the_denoiser_is_asked_twice_a_step_and_once_in_the_last() -> None:
    asked: list[float] = []

    def denoise(field: torch.Tensor, level: float) -> torch.Tensor:
        asked.append(level)
        return torch.zeros_like(field)

    levels = noise_levels(4, smallest=0.1, largest=1.0)
    sampled(denoise, normal(2, 3), levels)
    assert len(asked) == 7 and min(asked) > 0
    asked.clear()
    sampled(denoise, normal(2, 3), levels, second_order=False)
    assert asked == pytest.approx(levels[:-1].tolist())


def test_levels_that_do_not_fall_and_churn_without_a_generator_are_refused() -> None:
    denoise, start = of_gaussians(), normal(2, 3)
    for levels in ([1.0], [1.0, 1.0], [1.0, 2.0], [1.0, -1.0]):
        with pytest.raises(ValueError, match="levels must fall"):
            sampled(denoise, start, torch.tensor(levels))
    with pytest.raises(ValueError, match="give a generator"):
        sampled(denoise, start, torch.tensor([1.0, 0.0]), churn=1.0)
    for wrong in ({"steps": 0}, {"smallest": 0.0}, {"smallest": 2.0}, {"bend": 0.0}):
        chosen = {"steps": 3, "smallest": 0.1, "largest": 1.0, "bend": 7.0} | wrong
        with pytest.raises(ValueError, match="0 < smallest < largest"):
            noise_levels(int(chosen.pop("steps")), **chosen)
