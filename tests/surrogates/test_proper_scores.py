"""Scores of ensembles are those of the closed forms, whatever the ensemble's size."""

import math

import pytest
import torch
from understudy.surrogates.blocks.proper_scores import crps, spread_skill


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def of_a_gaussian(mean: float, deviation: float, truth: float) -> float:
    """The score of a normal distribution (Gneiting & Raftery 2007, equation 21)."""
    z = (truth - mean) / deviation
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    share = 0.5 * (1 + math.erf(z / math.sqrt(2)))
    return deviation * (z * (2 * share - 1) + 2 * density - 1 / math.sqrt(math.pi))


@pytest.mark.parametrize("truth", [-2.0, 0.3, 1.0])
def test_a_large_ensemble_scores_as_its_distribution_does(truth: float) -> None:
    members = 0.3 + 0.8 * normal(200_000, 1)
    found = crps(members, torch.tensor([truth], dtype=torch.float64))
    assert float(found) == pytest.approx(of_a_gaussian(0.3, 0.8, truth), abs=0.006)


@pytest.mark.parametrize("count", [2, 3, 10])
def test_small_ensembles_score_alike_on_average(count: int) -> None:
    members = 0.3 + 0.8 * normal(count, 100_000)
    truth = torch.full((100_000,), 0.9, dtype=torch.float64)
    assert float(crps(members, truth).mean()) == pytest.approx(of_a_gaussian(0.3, 0.8, 0.9), abs=0.01)


def test_it_is_the_formula_over_all_pairs() -> None:
    members, truth = normal(7, 4, 5), normal(4, 5, seed=1)
    pairs = (members[:, None] - members[None]).abs().sum(dim=(0, 1)) / (7 * 6)
    expected = (members - truth).abs().mean(dim=0) - pairs / 2
    torch.testing.assert_close(crps(members, truth), expected)


def test_one_member_scores_its_absolute_error_and_equal_members_as_one() -> None:
    one, truth = normal(1, 6), normal(6, seed=1)
    torch.testing.assert_close(crps(one, truth), (one[0] - truth).abs(), rtol=0, atol=0)
    torch.testing.assert_close(crps(one.expand(5, 6), truth), (one[0] - truth).abs())


def test_who_says_what_is_true_scores_best() -> None:
    truth = normal(50_000)
    scores = {
        (mean, deviation): float(crps(mean + deviation * normal(10, 50_000, seed=1), truth).mean())
        for mean in (-0.3, 0.0, 0.3)
        for deviation in (0.6, 1.0, 1.6)
    }
    assert min(scores, key=lambda said: scores[said]) == (0.0, 1.0)


@pytest.mark.parametrize("count", [2, 5, 40])
def test_spread_and_skill_are_equal_where_the_truth_might_be_a_member(count: int) -> None:
    centre = normal(200_000, seed=1)
    members, truth = centre + 0.5 * normal(count, 200_000), centre + 0.5 * normal(200_000, seed=2)
    spread, skill = spread_skill(members, truth)
    assert spread / skill == pytest.approx(1, abs=0.01)
    spread, skill = spread_skill(centre + 0.25 * normal(count, 200_000), truth)
    assert spread / skill < 0.8


def test_ensembles_of_another_shape_or_too_small_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(4,\).*1 at least; got \(3, 5\)"):
        crps(normal(3, 5), normal(4))
    with pytest.raises(ValueError, match=r"2 at least; got \(1, 4\)"):
        spread_skill(normal(1, 4), normal(4))
