"""Two clouds of fields without pairs: maps in closed form, and how far apart they are."""

from typing import Any

import numpy as np
import pytest
import torch
from known_translations import (
    apart,
    fields,
    kinds_of,
    normal,
    rotation,
    said,
    skewed,
)
from understudy.surrogates.alignment import GIVEN_KIND, WANTED_KIND, Alignment
from understudy.surrogates.blocks.energy_distance import inhomogeneity
from understudy.surrogates.blocks.monge_map import monge_map
from understudy.surrogates.blocks.sliced_wasserstein import sliced_wasserstein
from understudy.surrogates.gaussian_transport import GaussianTransport

# closed forms -----------------------------------------------------------------------------------------------


def test_the_monge_map_carries_one_covariance_to_the_other_and_is_symmetric() -> None:
    first, second = (torch.from_numpy(np.cov(skewed(50, seed).T)) for seed in (0, 1))
    moved = monge_map(first, second)
    torch.testing.assert_close(moved @ first @ moved.mT, second)
    torch.testing.assert_close(moved, moved.mT)
    assert torch.linalg.eigvalsh(moved).min() > 0


def test_between_commuting_covariances_the_monge_map_is_the_ratio_of_deviations() -> None:
    q = torch.from_numpy(rotation(3, 0))
    first, second = torch.tensor([4.0, 1.0, 0.25]).double(), torch.tensor([1.0, 9.0, 0.0]).double()
    expected = q @ torch.diag((second / first).sqrt()) @ q.mT
    torch.testing.assert_close(monge_map(q @ first.diag() @ q.mT, q @ second.diag() @ q.mT), expected)


def test_transport_is_exact_for_normal_fields_that_differ_by_a_positive_map() -> None:
    q = rotation(4, 2)
    move, shift = q @ np.diag([2.0, 1.3, 0.8, 0.5]) @ q.T, np.array([1.0, -2.0, 0.0, 3.0])
    covariance = np.cov(skewed(50, 3).T)
    given = normal(covariance, 400, 0)
    # other samples than those, whose mean and covariance are what the map makes of theirs
    wanted = normal(move @ covariance @ move, 300, 1) + shift
    transport = GaussianTransport()
    transport.fit(apart(given, wanted), apart(given[:200], wanted[:200]), seed=0)
    asked = normal(covariance, 50, 2)
    assert transport.trusted
    np.testing.assert_allclose(said(transport, asked), asked @ move + shift, atol=1e-9)


def test_a_shift_takes_the_square_of_itself_off_the_error_whatever_the_pairs_are() -> None:
    given, wanted = fields(200, 0)
    shift = GaussianTransport(GaussianTransport.Settings(how="shift"))
    shift.fit(apart(given, wanted), apart(given, wanted), seed=0)
    moved = wanted.mean(axis=0) - given.mean(axis=0)
    np.testing.assert_allclose(said(shift, given), given + moved, atol=1e-12)
    before, after = ((given - wanted) ** 2).sum(axis=(1, 2)).mean(), ((said(shift, given) - wanted) ** 2)
    np.testing.assert_allclose(after.sum(axis=(1, 2)).mean(), before - (moved**2).sum())


@pytest.mark.parametrize("how", ["shift", "transport", "components"])
def test_numbers_of_both_kinds_have_mean_zero_and_come_back(how: Any) -> None:
    kinds = kinds_of(skewed(60, 0) + 2, skewed(50, 1) @ rotation(4, 3) - 1)
    found = Alignment.measure(kinds, components=9, how=how)
    assert found.components == 4
    for kind, part in ((GIVEN_KIND, kinds.given), (WANTED_KIND, kinds.wanted)):
        numbers = found.numbers(part, kind)
        torch.testing.assert_close(numbers.mean(dim=0), torch.zeros(4).double(), atol=1e-12, rtol=0)
        if how != "shift":
            covariance = numbers.mT @ numbers / len(numbers)
            torch.testing.assert_close(covariance, torch.eye(4).double(), atol=1e-9, rtol=0)
        back = numbers @ found.decodings[kind] @ found.basis.mT + found.means[kind]
        torch.testing.assert_close(back, part)


def test_what_lies_off_the_leading_components_stays() -> None:
    given = np.concatenate([skewed(80, 0), 1e-3 * skewed(80, 1)], axis=1)
    wanted = 2 * np.concatenate([skewed(80, 2), 1e-3 * skewed(80, 3)], axis=1)
    kinds = kinds_of(given - given.mean(axis=0), wanted - wanted.mean(axis=0))
    found = Alignment.measure(kinds, components=4, how="transport")
    moved = found.translated(kinds.given, found.numbers(kinds.given, GIVEN_KIND))
    across = torch.eye(8).double() - found.basis @ found.basis.mT
    torch.testing.assert_close(moved @ across, kinds.given @ across, atol=1e-12, rtol=0)
    assert ((moved - kinds.given) @ found.basis).abs().max() > 0.1


# distances --------------------------------------------------------------------------------------------------


def test_the_energy_distance_is_that_of_its_definition() -> None:
    one, other = (torch.from_numpy(skewed(n, n)) for n in (5, 7))

    def mean(first: torch.Tensor, second: torch.Tensor) -> float:
        return float(np.mean([[np.linalg.norm(a - b) for a in first] for b in second]))

    across, within = mean(one, other), mean(one, one) + mean(other, other)
    assert float(inhomogeneity(one, other)) == pytest.approx((2 * across - within) / (2 * across), rel=1e-9)
    assert float(inhomogeneity(one, one.flip(0))) == pytest.approx(0, abs=1e-9)
    assert float(inhomogeneity(one[:1], other[:1])) == 1


def test_along_a_line_clouds_are_as_far_as_their_quantiles_are() -> None:
    one, other = np.random.default_rng(0).normal(size=(2, 50, 1))
    found = sliced_wasserstein(torch.from_numpy(one), torch.from_numpy(other))
    assert float(found) == pytest.approx(((np.sort(one[:, 0]) - np.sort(other[:, 0])) ** 2).mean())


def test_a_cloud_that_was_shifted_is_as_far_as_the_square_of_the_shift() -> None:
    one, shift = torch.from_numpy(skewed(30, 0)), torch.tensor([1.0, -2.0, 0.5, 0.0]).double()
    generator = torch.Generator().manual_seed(0)
    moved = (one + shift)[torch.randperm(30, generator=generator)]
    found = sliced_wasserstein(one, moved, lines=20_000, generator=generator)
    assert float(found) == pytest.approx(float(shift.square().sum()), rel=0.05)
    for other, lines in ((one[:9], 4), (one, 0)):
        with pytest.raises(ValueError, match="as many points and there must be lines"):
            sliced_wasserstein(one, other, lines=lines)
