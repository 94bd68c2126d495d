"""The equation by itself: its parameters, grids, random states and residual."""

import numpy as np
import pytest
import torch
from understudy.solvers.contract import SolverError
from understudy.solvers.kuramoto_sivashinsky import KuramotoSivashinsky
from understudy.solvers.kuramoto_sivashinsky.exact import MEASURED_EXPONENTS, growth_rate, largest_exponent
from understudy.solvers.methods.fourier import derivative, low_pass, resample


def random_field(points: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal((*shape, points))


@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        ({"length": 0.0}, "length"),
        ({"length": np.nan}, "length"),
        ({"points": 7}, "points"),
        ({"points": 6}, "points"),
        ({"points": 33}, "even"),
        ({"forcing": np.inf}, "forcing"),
        ({"forcing": 0.01}, "whole multiple"),
        ({"forcing": 0.01, "forcing_wavelength": 0.0}, "whole multiple"),
        ({"forcing": 0.01, "forcing_wavelength": 44.0}, "whole multiple"),
    ],
)
def test_parameters_that_make_no_sense_are_refused_by_name(parameters: dict[str, float], word: str) -> None:
    with pytest.raises(SolverError, match=word):
        KuramotoSivashinsky(**parameters)  # type: ignore[arg-type]


def test_the_grid_starts_at_zero_and_leaves_out_the_end() -> None:
    (axis,) = KuramotoSivashinsky(30.0, 60).axes
    assert (axis.values[0], axis.values[1], axis.values[-1]) == (0.0, 0.5, 29.5)
    assert axis.periodic
    assert KuramotoSivashinsky(30.0, 60).grid == (len(axis),)


@pytest.mark.parametrize(("old", "new"), [(24, 64), (32, 48), (64, 66)])
def test_going_to_a_finer_grid_and_back_changes_nothing(old: int, new: int) -> None:
    u = random_field(old, 3)  # white: the Nyquist mode is as strong as any
    np.testing.assert_allclose(resample(resample(u, new), old), u, rtol=0, atol=1e-14)


def test_resampling_a_wave_gives_the_wave() -> None:
    def wave(points: int) -> np.ndarray:
        x = 2 * np.pi * np.arange(points) / points
        return 0.3 + np.cos(3 * x + 0.4) - 2 * np.sin(5 * x) + 0.7 * np.cos(6 * x)  # 6 is Nyquist for 12

    np.testing.assert_allclose(resample(wave(12), 40), wave(40), atol=1e-14)
    np.testing.assert_allclose(resample(wave(40), 12), wave(12), atol=1e-14)


def test_a_coarser_grid_drops_only_what_it_cannot_hold() -> None:
    x = 2 * np.pi * np.arange(64) / 64
    coarse = resample(np.cos(3 * x) + np.cos(20 * x), 16)
    np.testing.assert_allclose(coarse, np.cos(3 * x[::4]), atol=1e-14)


def test_low_pass_keeps_the_waves_below() -> None:
    x = 2 * np.pi * np.arange(32) / 32
    np.testing.assert_allclose(low_pass(1 + np.cos(4 * x) + np.sin(5 * x), 5), 1 + np.cos(4 * x), atol=1e-14)


def test_the_spectral_derivative_of_a_wave_is_exact_off_the_unit_scale() -> None:
    length = 7.3
    k = 2 * np.pi * 3 / length
    x = length * np.arange(24) / 24
    u = np.sin(k * x)
    for order, expected in ((1, k * np.cos(k * x)), (2, -(k**2) * u), (4, k**4 * u)):
        np.testing.assert_allclose(derivative(u, length=length, order=order), expected, atol=1e-11)


def test_a_random_state_depends_on_its_own_generator_only() -> None:
    system = KuramotoSivashinsky()
    both = system.draw([np.random.default_rng(1), np.random.default_rng(2)])["u"]
    alone = system.draw([np.random.default_rng(2)])["u"]
    np.testing.assert_array_equal(both[1], alone[0])
    assert np.abs(both[0] - both[1]).max() > 0.1


@pytest.mark.parametrize("length", [22.0, 200.0])
def test_random_states_are_smooth_have_no_mean_and_are_the_same_function_on_every_grid(length: float) -> None:
    fine = KuramotoSivashinsky(length, 1024).draw([np.random.default_rng(3)])["u"]
    coarse = KuramotoSivashinsky(length, 128).draw([np.random.default_rng(3)])["u"]
    np.testing.assert_allclose(fine[:, ::8], coarse, atol=1e-12)
    assert abs(fine.mean()) < 1e-14
    assert 0.2 < fine.std() < 3
    np.testing.assert_allclose(low_pass(coarse, int(length / (2 * np.pi)) + 1), coarse, atol=1e-12)


def test_exponents_are_given_with_where_they_come_from() -> None:
    for length, (value, error) in MEASURED_EXPONENTS.items():
        assert largest_exponent(length).value == value
        assert largest_exponent(length).measured
        assert 0 < error < 0.03 * value
    between = largest_exponent(80.0)
    assert not between.measured
    assert 0.0853 < between.value < 0.0906
    assert "extensive" in largest_exponent(1000.0).source
    assert KuramotoSivashinsky(22.0).characteristic_time == pytest.approx(1 / 0.0484)


def test_the_growth_rate_is_fastest_at_the_known_wave() -> None:
    k = np.linspace(0, 1.2, 1201)
    assert k[np.argmax(growth_rate(k))] == pytest.approx(np.sqrt(0.5), abs=1e-3)
    assert growth_rate(np.array([1.0]))[0] == 0


def made_up(system: KuramotoSivashinsky, times: np.ndarray, points: int) -> tuple[np.ndarray, np.ndarray]:
    """A smooth field that solves nothing, and its residual, differentiated by hand."""
    k = 2 * np.pi / system.length
    x = system.length * np.arange(points) / points
    t = times[:, None]
    a, phase, rate = 0.7, 2 * k * x - 0.3 * t, 0.3
    u = a * np.sin(phase) + 0.2 * np.cos(k * x) * np.exp(-t)
    u_t = -rate * a * np.cos(phase) - 0.2 * np.cos(k * x) * np.exp(-t)
    u_x = 2 * k * a * np.cos(phase) - 0.2 * k * np.sin(k * x) * np.exp(-t)
    u_xx = -4 * k**2 * a * np.sin(phase) - 0.2 * k**2 * np.cos(k * x) * np.exp(-t)
    u_xxxx = 16 * k**4 * a * np.sin(phase) + 0.2 * k**4 * np.cos(k * x) * np.exp(-t)
    forcing = system.forcing * np.cos(2 * np.pi * x / system.forcing_wavelength)
    return u, u_t + u * u_x + u_xx + u_xxxx - forcing


@pytest.mark.parametrize("points", [32, 96])
def test_the_residual_of_a_made_up_field_is_what_the_hand_says(points: int) -> None:
    system = KuramotoSivashinsky(13.0, 32, forcing=0.4, forcing_wavelength=6.5)
    errors = []
    for interval in (0.1, 0.05):
        u, expected = made_up(system, interval * np.arange(8), points)
        residual = system.residual({"u": torch.from_numpy(u)[None]}, {}, interval=interval)["momentum"]
        assert residual.shape == (1, 8, points)
        errors.append(np.abs(residual[0].numpy() - expected).max())
    assert errors[1] < 1e-6
    assert np.log2(errors[0] / errors[1]) == pytest.approx(4, abs=0.3)


@pytest.mark.parametrize("frames", [2, 3, 4, 5, 6])
def test_the_residual_uses_as_many_frames_as_there_are(frames: int) -> None:
    """A field that is a polynomial in time of a degree below min(frames, 5) has an exact time derivative."""
    system = KuramotoSivashinsky()
    degree = min(frames, 5) - 1
    t = 0.5 * torch.arange(frames, dtype=torch.float64)
    u = (t**degree)[None, :, None].expand(1, frames, 64)  # uniform in x: the residual is u_t
    expected = degree * t ** (degree - 1)
    residual = system.residual({"u": u}, {}, interval=0.5)["momentum"]
    torch.testing.assert_close(residual[0, :, 0], expected, rtol=1e-11, atol=1e-11)


def test_the_residual_can_be_differentiated() -> None:
    system = KuramotoSivashinsky(10.0, 8, forcing=0.1, forcing_wavelength=10.0)
    u = torch.from_numpy(random_field(8, 1, 5)).requires_grad_()
    assert torch.autograd.gradcheck(lambda v: system.residual({"u": v}, {}, interval=0.2)["momentum"], (u,))


@pytest.mark.parametrize(
    ("shape", "interval"), [((1, 1, 64), 0.1), ((5, 64), 0.1), ((1, 5, 63), 0.1), ((1, 5, 64), 0.0)]
)
def test_a_residual_that_makes_no_sense_is_refused(shape: tuple[int, ...], interval: float) -> None:
    with pytest.raises(SolverError):
        KuramotoSivashinsky().residual({"u": torch.zeros(shape)}, {}, interval=interval)["momentum"]


def test_the_mean_is_the_invariant() -> None:
    u = random_field(64, 2, 3)
    np.testing.assert_allclose(KuramotoSivashinsky().invariants({"u": u})["mean"], u.mean(-1))
