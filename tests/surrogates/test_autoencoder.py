"""An autoencoder begins as the best projection, and finds curved surfaces that no projection does."""

import math

import pytest
import torch
from understudy.surrogates.blocks.autoencoder import Autoencoder
from understudy.surrogates.blocks.phase_alignment import aligned, shifted
from understudy.surrogates.latent_fit import LatentSteps, Reconstruction
from understudy.surrogates.training import TrainingSettings, train


def correlated(samples: int, features: int, seed: int) -> torch.Tensor:
    """Centred numbers whose principal components fall off and lie across the axes."""
    generator = torch.Generator().manual_seed(seed)
    turn = torch.linalg.qr(torch.randn(features, features, generator=generator, dtype=torch.float64)).Q
    sizes = 2.0 ** -torch.arange(features, dtype=torch.float64)
    found = torch.randn(samples, features, generator=generator, dtype=torch.float64) * sizes @ turn
    return found - found.mean(dim=0)


def tail(samples: torch.Tensor, latent: int) -> float:
    """What no projection onto so few numbers can do without: the SVD's, as a mean over the samples."""
    return float(torch.linalg.svdvals(samples)[latent:].square().sum() / len(samples))


def error(module: Autoencoder, samples: torch.Tensor) -> float:
    return float((module(samples) - samples).square().sum(dim=1).mean().detach())


@pytest.mark.parametrize("latent", [1, 3, 6])
def test_begun_at_the_principal_components_it_has_the_error_of_the_svd(latent: int) -> None:
    samples = correlated(400, 6, seed=1)
    start = torch.linalg.svd(samples, full_matrices=False).Vh[:latent]
    module = Autoencoder(features=6, latent=latent, hidden=(8,), start=start).double()
    with torch.no_grad():
        module.reduce.weight.copy_(start)  # in full precision
        module.expand.weight.copy_(start.T)
    assert error(module, samples) == pytest.approx(tail(samples, latent), rel=1e-9, abs=1e-25)


@pytest.mark.parametrize("hidden", [(), (8,)])
def test_a_new_one_is_the_projection_that_it_is_given_or_keeps_the_first_numbers(
    hidden: tuple[int, ...],
) -> None:
    x = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    module = Autoencoder(features=4, latent=2, hidden=hidden)
    torch.testing.assert_close(module.encode(x), x[:, :2])
    torch.testing.assert_close(module(x), x * torch.tensor([1.0, 1.0, 0.0, 0.0]))
    start = torch.linalg.qr(torch.randn(4, 2, generator=torch.Generator().manual_seed(1))).Q.T
    given = Autoencoder(features=4, latent=2, hidden=hidden, start=start)
    torch.testing.assert_close(given(x), x @ start.T @ start)


def test_there_a_linear_one_has_nothing_to_gain() -> None:
    samples = correlated(400, 6, seed=1)
    start = torch.linalg.svd(samples, full_matrices=False).Vh[:2]
    module = Autoencoder(features=6, latent=2).double()
    with torch.no_grad():
        module.reduce.weight.copy_(start)
        module.expand.weight.copy_(start.T)
    (module(samples) - samples).square().sum(dim=1).mean().backward()
    assert all(p.grad is not None and p.grad.abs().max() < 1e-12 for p in module.parameters())


def test_a_linear_one_ends_at_the_svd_wherever_it_begins() -> None:
    samples = correlated(400, 6, seed=2)
    generator = torch.Generator().manual_seed(0)
    start = torch.linalg.qr(torch.randn(6, 2, generator=generator)).Q.T
    module = Autoencoder(features=6, latent=2, start=start).double()
    before = error(module, samples)
    optimiser = torch.optim.LBFGS(module.parameters(), max_iter=400, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = (module(samples) - samples).square().sum(dim=1).mean()
        loss.backward()
        return loss

    for _ in range(3):
        optimiser.step(closure)
    assert before > 2 * tail(samples, 2)
    assert error(module, samples) == pytest.approx(tail(samples, 2), rel=1e-6)


def test_one_number_holds_a_curve_that_no_line_does() -> None:
    place = torch.linspace(-1, 1, 512, dtype=torch.float64)[:, None]
    curve = torch.cat([place, 1.5 * place.square() - 0.5, torch.sin(3 * place)], dim=1)
    curve = curve - curve.mean(dim=0)
    turned = curve @ torch.linalg.svd(curve, full_matrices=False).Vh.T
    torch.manual_seed(0)
    module = Autoencoder(features=3, latent=1, hidden=(32,))
    straight = error(module.double(), turned)
    module.float()
    training = TrainingSettings(steps=600, batch=128, check_every=200, learning_rate=1e-2)
    train(module, Reconstruction(turned, turned), training, seed=0)
    assert error(module.double(), turned) < 1e-3 * straight


def test_where_every_projection_folds_a_curve_the_encoder_unfolds_it() -> None:
    angle = torch.linspace(-2.2, 2.2, 512, dtype=torch.float64)[:, None]
    arc = torch.cat([angle.sin(), angle.cos()], dim=1)
    arc = arc - arc.mean(dim=0)
    torch.manual_seed(0)
    module = Autoencoder(features=2, latent=1, hidden=(32,))
    straight = error(module.double(), arc)
    module.float()
    training = TrainingSettings(steps=800, batch=128, check_every=200, learning_rate=1e-2)
    train(module, Reconstruction(arc, arc), training, seed=0)
    assert error(module.double(), arc) < 1e-2 * straight


def test_sizes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="between 1 and the 4 features, got 5"):
        Autoencoder(features=4, latent=5)
    with pytest.raises(ValueError, match="between 1 and the 4 features, got 0"):
        Autoencoder(features=4, latent=0)
    with pytest.raises(ValueError, match=r"start must have shape \(2, 4\).*got \(4, 2\)"):
        Autoencoder(features=4, latent=2, start=torch.zeros(4, 2))


# phases --------------------------------------------------------------------------------------------


def waves(points: int, *, moved: float = 0.0) -> torch.Tensor:
    """Two fields of three harmonics, moved along the line by an angle."""
    x = torch.arange(points, dtype=torch.float64) * (2 * math.pi / points) - moved
    first = 0.3 + torch.cos(x - 1.0) + 0.4 * torch.sin(2 * x) - 0.2 * torch.cos(3 * x + 0.5)
    return torch.stack([first, torch.sin(x + 0.3) + 0.7 * torch.cos(3 * x)])


@pytest.mark.parametrize("points", [12, 15])
@pytest.mark.parametrize("moved", [0.0, 0.7, -2.5])
def test_a_moved_field_has_the_same_shape_and_another_phase(points: int, moved: float) -> None:
    shape, phase = aligned(waves(points))
    other, turned = aligned(waves(points, moved=moved))
    torch.testing.assert_close(other, shape, rtol=0, atol=1e-13)
    apart = turned - (phase - moved)  # cos(x - moved) has the phase -moved
    assert torch.sin(apart / 2).abs().max() < 1e-13


def test_the_shape_has_phase_zero_and_moves_back_to_the_field() -> None:
    field = waves(16)
    shape, phase = aligned(field)
    first = torch.fft.rfft(shape)[:, 1]
    assert (first.real > 0).all() and first.imag.abs().max() < 1e-13
    torch.testing.assert_close(shifted(shape, phase), field, rtol=0, atol=1e-13)


def test_moving_twice_is_moving_by_the_sum_whatever_the_field() -> None:
    field = torch.randn(3, 10, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    one, two = torch.tensor([0.3, -1.0, 2.0]).double(), torch.tensor([1.4, 0.1, 5.0]).double()
    torch.testing.assert_close(shifted(shifted(field, one), two), shifted(field, one + two))
    torch.testing.assert_close(shifted(shifted(field, one), -one), field)


def test_a_whole_number_of_points_is_a_roll() -> None:
    field = waves(16)
    step = torch.full((2,), -3 * 2 * math.pi / 16, dtype=torch.float64)
    torch.testing.assert_close(shifted(field, step), field.roll(3, dims=1), rtol=0, atol=1e-13)


def test_two_points_are_too_few_to_be_moved() -> None:
    with pytest.raises(ValueError, match="at least 3 points to be moved, got 2"):
        shifted(torch.zeros(1, 2), torch.zeros(1))


# objectives ----------------------------------------------------------------------------------------


class Adds(torch.nn.Module):
    """code + step, whatever the code; its parameter tells the precision."""

    def __init__(self, step: list[float]) -> None:
        super().__init__()
        self.step = torch.nn.Parameter(torch.tensor(step, dtype=torch.float64), requires_grad=False)

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        return codes + self.step


def test_steps_that_are_exact_cost_nothing_and_phases_count_by_their_changes() -> None:
    time = torch.arange(6, dtype=torch.float64)
    own = torch.stack([time, 1e9 + 0.5 * time], dim=1)[None]
    scale = torch.tensor([2.0, 0.5]).double()
    steps = LatentSteps(own, own, scale=scale, unroll=3, noise=0.0)
    assert steps.examples == 3
    every = torch.arange(3)
    assert float(steps.loss(Adds([1.0, 0.5]), every, torch.Generator())) < 1e-12
    # wrong by 1 in a step: by 1, 2, 3 after one, two, three, in units of 2; the phase is right
    wrong = float(steps.loss(Adds([2.0, 0.5]), every, torch.Generator()))
    assert wrong == pytest.approx((1 + 4 + 9) / 3 / 2**2 / 2, rel=1e-6)
    assert steps.validate(Adds([2.0, 0.5])) == pytest.approx(math.sqrt(1 / 2**2 / 2), rel=1e-6)


def test_noise_disturbs_the_code_and_not_the_phase() -> None:
    still = torch.zeros(1, 3, 2, dtype=torch.float64)
    loss = {}
    for noise in (0.0, 0.1):
        for scale in ([1.0, 1e9], [1e9, 1.0]):
            steps = LatentSteps(still, still, scale=torch.tensor(scale).double(), unroll=1, noise=noise)
            drawn = torch.Generator().manual_seed(0)
            loss[noise, scale[0]] = float(steps.loss(Adds([0.0, 0.0]), torch.tensor([0, 1]), drawn))
    assert loss[0.0, 1.0] == loss[0.0, 1e9] == 0
    assert loss[0.1, 1.0] > 1e-4
    assert loss[0.1, 1e9] < 1e-15
