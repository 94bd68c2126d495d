"""The polynomial through values on a periodic line, and whether it is even or odd."""

import numpy as np
import pytest
import torch
from understudy.solvers.methods.fourier import derivative, resample
from understudy.solvers.methods.trigonometric import parity, trigonometric

LOW, LENGTH = -1.3, 2.7


def places(points: int) -> np.ndarray:
    return LOW + LENGTH * np.arange(points) / points


def noise(points: int) -> np.ndarray:
    return np.random.default_rng(points).standard_normal(points)


@pytest.mark.parametrize("points", [1, 2, 3, 8, 9, 64])
def test_it_goes_through_the_points_and_closes_on_itself(points: int) -> None:
    at, x = trigonometric(noise(points), low=LOW, length=LENGTH), torch.from_numpy(places(points))
    np.testing.assert_allclose(at(x).numpy(), noise(points), atol=1e-12)
    np.testing.assert_allclose(at(x + LENGTH).numpy(), noise(points), atol=1e-12)
    torch.testing.assert_close(at(x.reshape(1, points, 1)), at(x).reshape(1, points, 1), rtol=0, atol=1e-14)


def test_of_what_the_points_hold_it_is_the_function_itself_with_all_derivatives() -> None:
    k = 2 * np.pi / LENGTH

    def wave(x: torch.Tensor, order: int) -> torch.Tensor:
        """The derivative of 0.4 + sin(3 k x + 0.7) - 0.5 cos(7 k x)."""
        turn = 0.5 * np.pi * order
        constant = 0.0 if order else 0.4
        return (
            constant
            + (3 * k) ** order * torch.sin(3 * k * x + 0.7 + turn)
            - 0.5 * (7 * k) ** order * torch.cos(7 * k * x + turn)
        )

    at = trigonometric(wave(torch.from_numpy(places(16)), 0).numpy(), low=LOW, length=LENGTH)
    x = torch.linspace(-2.0, 3.0, 101, dtype=torch.float64, requires_grad=True)
    found = at(x)
    for order in range(5):
        torch.testing.assert_close(found.detach(), wave(x, order).detach(), rtol=0, atol=1e-11 * 20**order)
        (found,) = torch.autograd.grad(found.sum(), x, create_graph=True)


def test_between_points_it_is_what_a_finer_grid_of_waves_has_and_so_is_its_slope() -> None:
    values, x = noise(12), torch.from_numpy(places(48)).requires_grad_()
    found = trigonometric(values, low=LOW, length=LENGTH)(x)
    fine = resample(values, 48)
    np.testing.assert_allclose(found.detach().numpy(), fine, atol=1e-13)
    (slope,) = torch.autograd.grad(found.sum(), x)
    np.testing.assert_allclose(slope.numpy(), derivative(fine, length=LENGTH), atol=1e-11)


def test_of_the_shortest_wave_the_cosine_is_kept_once() -> None:
    values = (-1.0) ** np.arange(8)
    x = torch.linspace(LOW, LOW + LENGTH, 57, dtype=torch.float64)
    found = trigonometric(values, low=LOW, length=LENGTH)(x)
    torch.testing.assert_close(found, torch.cos(8 * np.pi * (x - LOW) / LENGTH), rtol=0, atol=1e-13)


def test_nothing_and_a_constant_are_themselves_everywhere() -> None:
    x = torch.linspace(-5, 5, 7, dtype=torch.float64)
    assert torch.equal(trigonometric(np.zeros(8), low=0.0, length=1.0)(x), torch.zeros_like(x))
    torch.testing.assert_close(
        trigonometric(np.full(8, 2.5), low=0.0, length=1.0)(x), torch.full_like(x, 2.5)
    )


def test_it_answers_in_the_precision_that_it_is_asked_in() -> None:
    at = trigonometric(noise(8), low=LOW, length=LENGTH)
    x = torch.linspace(0, 1, 5)
    assert at(x).dtype == torch.float32
    torch.testing.assert_close(at(x).double(), at(x.double()), rtol=0, atol=1e-5)


@pytest.mark.parametrize("points", [16, 17])
def test_parity_is_about_the_middle_which_is_as_good_as_the_ends(points: int) -> None:
    x = 2 * np.arange(points) / points - 1
    even, odd = np.exp(np.cos(np.pi * x)), np.sin(np.pi * x) - 0.4 * np.sin(3 * np.pi * x)
    assert parity(even) == parity(1e9 * even) == parity(1e-9 * even) == 1
    assert parity(odd) == parity(-1e-9 * odd) == -1
    assert parity(even + 1e-6 * odd) == parity(odd + 1e-6 * even) == 0
    assert parity(np.roll(even, 1)) == parity(np.exp(np.sin(np.pi * x))) == 0
    assert parity(np.zeros(points)) == parity(np.ones(points)) == 1
