"""A critic learns how likely a field is to be real, and pays for being steep."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from understudy.surrogates.blocks.discriminator import Discriminator
from understudy.surrogates.blocks.gradient_penalty import gradient_penalty


def drawn(mean: float, count: int, generator: torch.Generator) -> torch.Tensor:
    """Normal numbers of deviation 0.8, as fields of one channel at one place."""
    return (mean + 0.8 * torch.randn(count, generator=generator))[:, None, None]


def test_trained_on_two_gaussians_it_says_how_likely_each_is() -> None:
    torch.manual_seed(0)
    critic = Discriminator(dimensions=1, inputs=1, channels=16, width=1, layers=2)
    optimiser = torch.optim.Adam(critic.parameters(), lr=3e-3)
    generator = torch.Generator().manual_seed(1)
    for _ in range(1000):
        real, made = drawn(0.5, 512, generator), drawn(-0.7, 512, generator)
        loss = functional.softplus(-critic(real)).mean() + functional.softplus(critic(made)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        for group in optimiser.param_groups:
            group["lr"] *= 0.997
    x = torch.linspace(-1.8, 1.6, 35)
    # of normal densities with one variance, log(p / q) is linear
    expected = ((0.5 + 0.7) * (x - (0.5 - 0.7) / 2) / 0.8**2).sigmoid()
    said = critic(x[:, None, None]).sigmoid().detach()
    assert (said - expected).abs().max() < 0.04
    assert (said - 0.5).abs().max() > 0.4


@pytest.mark.parametrize("grid", [(12,), (8, 6), (4, 6, 4)], ids=str)
def test_it_says_one_number_of_a_field_wherever_that_stands(grid: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    critic = Discriminator(dimensions=len(grid), inputs=2, channels=4, width=3).double()
    field = torch.randn(5, 2, *grid, dtype=torch.float64)
    said = critic(field)
    assert said.shape == (5,)
    assert said.std() > 1e-6
    shifts = tuple(range(1, 1 + len(grid)))
    moved = critic(field.roll(shifts, tuple(range(2, field.ndim))))
    torch.testing.assert_close(moved, said, rtol=0, atol=1e-13)
    torch.testing.assert_close(critic(field[2:3]), said[2:3], rtol=0, atol=1e-13)


def test_bounded_each_kernel_has_the_singular_value_one() -> None:
    torch.manual_seed(0)
    critic = Discriminator(dimensions=1, inputs=2, channels=8, width=3, bounded=True)
    for one in critic.layers:
        if hasattr(one, "weight"):
            with torch.no_grad():
                one.parametrizations.weight.original.mul_(7.0)
    for _ in range(50):  # each goes a step of the power iteration
        critic(torch.randn(2, 2, 8))
    kernels = [one.weight.flatten(1) for one in critic.layers if hasattr(one, "weight")]
    assert len(kernels) == 4
    for kernel in kernels:
        assert float(torch.linalg.matrix_norm(kernel, 2).detach()) == pytest.approx(1, rel=1e-3)
    free = Discriminator(dimensions=1, inputs=2, channels=8, width=3)
    assert not any(hasattr(one, "parametrizations") for one in free.layers)


def test_a_critic_without_layers_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 layer, got 0"):
        Discriminator(dimensions=1, inputs=1, layers=0)


class Linear(nn.Module):
    """w . x, whatever the shape of x."""

    def __init__(self, weight: torch.Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, field: torch.Tensor) -> torch.Tensor:
        return (field * self.weight).flatten(1).sum(dim=1)


def test_the_penalty_of_a_linear_critic_is_the_square_of_its_weights() -> None:
    weight = torch.randn(2, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    critic = Linear(weight)
    for seed in range(2):  # wherever
        real = torch.randn(7, 2, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        penalty = gradient_penalty(critic, real)
        assert float(penalty.detach()) == pytest.approx(float(weight.square().sum()), rel=1e-14)
        assert not real.requires_grad
    (slope,) = torch.autograd.grad(penalty, critic.weight)
    torch.testing.assert_close(slope, 2 * weight)


def test_the_penalty_is_a_mean_over_samples_and_differentiable() -> None:
    real = torch.tensor([[1.0], [2.0], [-4.0]], dtype=torch.float64)
    factor = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)

    def cubic(x: torch.Tensor) -> torch.Tensor:
        return factor * x.pow(3)[:, 0]

    penalty = gradient_penalty(cubic, real)
    expected = (3 * 0.5 * real.square()).square().mean()
    torch.testing.assert_close(penalty.detach(), expected)
    (slope,) = torch.autograd.grad(penalty, factor)
    torch.testing.assert_close(slope, 2 * expected / 0.5)
