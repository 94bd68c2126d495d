"""What a network of coordinates is given: waves whose derivatives are known."""

from typing import Any

import pytest
import torch
from understudy.surrogates.blocks.coordinate_features import CoordinateFeatures

Orders = tuple[int, ...]


def features_of(harmonics: tuple[int, ...] = (0, 2, 1, 0), **settings: Any) -> CoordinateFeatures:
    generator = torch.Generator().manual_seed(3)
    return CoordinateFeatures(harmonics, generator=generator, **settings).double()


def places_of(points: int = 7, coordinates: int = 4) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return 2 * torch.rand(points, coordinates, generator=generator, dtype=torch.float64) - 1


@pytest.mark.parametrize("random", [0, 3])
def test_streams_of_features_are_their_nested_derivatives(random: int) -> None:
    features, x = features_of(random=random, scale=2.0), places_of()
    directions = torch.tensor([[1, 0, 0, 0], [0, -1, 1, 0.5], [0, 0, 2, 0]], dtype=torch.float64)
    orders = (1, 4, 2)
    streams = features.streams(x, directions, orders)
    assert streams.shape == (8, 7, features.outputs)
    torch.testing.assert_close(streams[0], features(x), rtol=0, atol=0)
    place = 1
    for direction, order in zip(directions, orders, strict=True):
        way = torch.zeros(7, 1, dtype=torch.float64, requires_grad=True)
        moved = features(x + way * direction)
        for k in range(features.outputs):
            of = moved[:, k]
            for n in range(order):
                of = of + 0 * way[:, 0]  # what does not depend on the way has a derivative, too
                (of,) = (g[:, 0] for g in torch.autograd.grad(of.sum(), way, create_graph=True))
                torch.testing.assert_close(streams[place + n, :, k], of, rtol=1e-12, atol=1e-10)
        place += order


def test_harmonics_are_waves_and_other_coordinates_enter_as_they_are() -> None:
    x = places_of()
    found, phase = features_of()(x), torch.pi * x
    assert found.shape == (7, 8)
    torch.testing.assert_close(found[:, :2], x[:, [0, 3]])
    waves = [phase[:, 1], 2 * phase[:, 1], phase[:, 2]]
    known = torch.stack([f(w) for f in (torch.sin, torch.cos) for w in waves], dim=1)
    torch.testing.assert_close(found[:, 2:], known, rtol=0, atol=1e-6)


def test_periodic_features_have_the_period_two_in_double_precision() -> None:
    features, x = features_of((3, 0), random=4, scale=6.0), places_of(coordinates=2)
    shift = torch.tensor([2.0, 0.0], dtype=torch.float64)

    torch.testing.assert_close(features(x + shift), features(x), rtol=0, atol=1e-12)
    assert float((features(x + shift.flip(0)) - features(x)).abs().max()) > 0.1


def wavenumbers(features: CoordinateFeatures) -> torch.Tensor:
    """(coordinates, 400) of the random waves: slopes of sines where they are 0, after the one harmonic."""
    slopes = features.streams(torch.zeros(1, 2).double(), torch.eye(2).double(), (1, 1))[1:, 0]
    return slopes[:, 2:402]


def test_random_waves_of_a_periodic_coordinate_are_whole_and_have_the_deviation() -> None:
    waves = wavenumbers(features_of((1, 0), random=400, scale=5.0))
    turns = waves / torch.pi
    assert float((turns[0] - turns[0].round()).abs().max()) < 1e-6
    assert float((turns[1] - turns[1].round()).abs().max()) > 0.4
    assert float(waves.std(dim=1).sub(5.0).abs().max()) < 0.5
    assert torch.equal(waves, wavenumbers(features_of((1, 0), random=400, scale=5.0)))
    generator = torch.Generator().manual_seed(4)
    other = CoordinateFeatures((1, 0), random=400, scale=5.0, generator=generator).double()
    assert not torch.equal(waves, wavenumbers(other))


def test_negative_numbers_of_waves_are_refused() -> None:
    for harmonics, random, scale in (((1, -1), 0, 1.0), ((1,), -1, 1.0), ((1,), 1, -1.0)):
        with pytest.raises(ValueError, match="harmonics, random waves and their scale must not be negative"):
            CoordinateFeatures(harmonics, random=random, scale=scale)
