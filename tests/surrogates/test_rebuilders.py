"""Windows rebuilt from values with gaps and noise, where the right answer is known."""

import importlib
from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import travelling_waves, with_gaps
from known_linear_system import exact_error, swings_with_noise
from understudy.datasets.observations import KNOWN, SEEN, Coarse, Observations
from understudy.surrogates.gappy_pod import GappyPOD
from understudy.surrogates.kalman_smoother import KalmanSmoother
from understudy.surrogates.matrix_completion import MatrixCompletion, shrunk
from understudy.surrogates.nearest_known import NearestKnown
from understudy.surrogates.rebuilder import Rebuilder, Windows
from understudy.surrogates.regimes import Regimes
from understudy.surrogates.surrogate import SurrogateError

POINTS, FRAMES = 12, 6


def waves(samples: int, seed: int, **how: Any) -> Observations:
    """Waves that travel: all of their frames lie in four dimensions."""
    values = travelling_waves(trajectories=samples, frames=FRAMES, points=POINTS, seed=seed)
    return with_gaps(values + 2.0, seed=seed, **how)


def asked(windows: Observations) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """All that is seen of the windows, and what was there."""
    inputs, outputs = windows.batch(range(len(windows)))
    return {name: torch.from_numpy(a) for name, a in inputs.items()}, torch.from_numpy(outputs["u"])


def trained(surrogate: Rebuilder, **how: Any) -> Rebuilder:
    surrogate.fit(waves(40, 0, **how), waves(10, 1, **how), seed=0)
    return surrogate


def rows(samples: int) -> torch.Tensor:
    return torch.randn(samples, 5, 7, generator=torch.Generator().manual_seed(samples)).double()


@pytest.mark.parametrize("kind", [GappyPOD, KalmanSmoother, NearestKnown, Regimes, MatrixCompletion])
def test_what_stands_in_the_gaps_is_not_looked_at(kind: type[Rebuilder]) -> None:
    surrogate, (inputs, _) = trained(kind()), asked(waves(3, 2))
    spoilt = {**inputs, SEEN: torch.where(inputs[KNOWN] > 0, inputs[SEEN], torch.nan)}
    assert torch.equal(surrogate(spoilt)["u"], surrogate(inputs)["u"])


def test_nan_in_the_gaps_of_training_windows_does_no_harm_and_is_refused_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain, spoilt = Observations.held, {"where": "nowhere"}

    def held(self: Observations, **how: Any) -> Any:
        found = plain(self, **how)
        seen, known, true = found.inputs[SEEN], found.inputs[KNOWN], found.outputs["u"]
        if spoilt["where"] == "gaps":
            seen[known == 0] = np.nan
        elif spoilt["where"] == "known":
            seen[tuple(np.argwhere(known > 0)[0])] = np.inf
        elif spoilt["where"] == "true":
            true[0, 0] = np.nan
        return found

    monkeypatch.setattr(Observations, "held", held)
    inputs, _ = asked(waves(3, 2))
    clean = trained(GappyPOD())(inputs)["u"]
    spoilt["where"] = "gaps"
    assert torch.equal(trained(GappyPOD())(inputs)["u"], clean)
    for where in ("known", "true"):
        spoilt["where"] = where
        with pytest.raises(SurrogateError, match="the windows hold NaN or infinity"):
            trained(GappyPOD())


@pytest.mark.parametrize("kind", [GappyPOD, KalmanSmoother])
def test_fewer_windows_go_together_where_their_matrices_are_large(
    kind: type[Rebuilder], monkeypatch: pytest.MonkeyPatch
) -> None:
    surrogate, (inputs, _) = trained(kind()), asked(waves(9, 2))
    together, sizes, plain = surrogate(inputs)["u"], [], kind.rebuild
    assert surrogate.at_once == 64

    def noted(self: Rebuilder, seen: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        sizes.append(len(seen))
        return plain(self, seen, known)

    monkeypatch.setattr(kind, "rebuild", noted)
    numbers = 4 if kind is GappyPOD else 8  # waves lie in four dimensions, and a state has two frames
    monkeypatch.setattr(importlib.import_module(kind.__module__), "ROOM", 2 * FRAMES * numbers**2)
    torch.testing.assert_close(surrogate(inputs)["u"], together, rtol=0, atol=1e-10)
    assert sizes == [2, 2, 2, 2, 1]


@pytest.mark.parametrize("kind", [GappyPOD, KalmanSmoother])
def test_with_nothing_known_the_training_mean_is_answered(kind: type[Rebuilder]) -> None:
    surrogate = trained(kind())
    nothing = torch.zeros(2, FRAMES, POINTS, dtype=torch.float64)
    mean = torch.from_numpy(waves(40, 0).held().outputs["u"].mean(axis=(0, 1, 2)))
    said = surrogate({SEEN: nothing, KNOWN: nothing})["u"]
    torch.testing.assert_close(said, mean.expand_as(said), rtol=0, atol=1e-12)


def test_gappy_pod_finds_frames_in_the_components_span_from_enough_values() -> None:
    surrogate = trained(GappyPOD(), noise=0.0)
    assert surrogate.components.components == 4  # type: ignore[attr-defined]
    inputs, true = asked(waves(8, 2, noise=0.0))
    enough = inputs[KNOWN].sum(dim=2) >= 6
    assert enough.sum() > 10
    error = (surrogate(inputs)["u"] - true).abs().amax(dim=2)
    assert float(error[enough].max()) < 1e-4
    everything = torch.ones_like(true)
    said = surrogate({SEEN: true, KNOWN: everything})["u"]
    torch.testing.assert_close(said, true, rtol=0, atol=1e-6)


def test_gappy_pod_is_the_mean_of_all_frames_that_could_be_were_frames_normal() -> None:
    noise = 0.3
    surrogate = trained(GappyPOD(GappyPOD.Settings(noise=noise)), noise=noise)
    frames = waves(40, 0).held().outputs["u"].reshape(-1, POINTS)
    mean, covariance = frames.mean(axis=0), np.cov(frames.T, bias=True)
    inputs, _ = asked(waves(2, 2, noise=noise))
    said = surrogate(inputs)["u"].numpy()
    for window, frame in ((0, 0), (0, 3), (1, 5)):
        at = np.flatnonzero(inputs[KNOWN][window, frame])
        off = inputs[SEEN][window, frame].numpy()[at] - mean[at]
        among = covariance[np.ix_(at, at)] + noise**2 * np.eye(len(at))
        expected = mean + covariance[:, at] @ np.linalg.solve(among, off)
        np.testing.assert_allclose(said[window, frame], expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("both_ways", [True, False])
def test_the_kalman_smoother_learns_a_linear_system_from_its_trajectories(both_ways: bool) -> None:
    noise, how = 0.7, {"share": 0.5, "noise": 0.7, "ring": False}
    own, judged, test = (
        with_gaps(swings_with_noise(n, 24, seed), seed=seed, **how)  # type: ignore[arg-type]
        for n, seed in ((600, 0), (100, 1), (400, 2))
    )
    surrogate = KalmanSmoother(KalmanSmoother.Settings(both_ways=both_ways))
    surrogate.fit(own, judged, seed=0)
    inputs, true = asked(test)
    error = float(((surrogate(inputs)["u"] - true).square().sum() / true.square().sum()).sqrt())
    exact = exact_error(test, noise=noise, both_ways=both_ways)
    assert exact < error < 1.005 * exact
    assert float(surrogate.components.variance) == pytest.approx(noise**2, rel=0.02)  # type: ignore[union-attr]


def test_states_of_more_frames_come_as_close_as_one_likes_to_a_system_of_which_one_number_is_seen() -> None:
    noise = 0.7
    own, judged, test = (
        with_gaps(swings_with_noise(n, 24, seed)[..., :1], share=0.5, noise=noise, seed=seed, ring=False)
        for n, seed in ((1_000, 0), (100, 1), (400, 2))
    )
    inputs, true = asked(test)
    errors = []
    for order in (1, 2, 4, 8):
        surrogate = KalmanSmoother(KalmanSmoother.Settings(order=order))
        surrogate.fit(own, judged, seed=0)
        errors.append(float(((surrogate(inputs)["u"] - true).square().sum() / true.square().sum()).sqrt()))
    exact = exact_error(test, noise=noise)  # told of the number that is not seen, too
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 1.25 * exact
    assert exact < errors[3] < 1.005 * exact


def test_noise_that_is_given_is_not_measured_and_chosen_inflations_do_not_harm() -> None:
    told = trained(KalmanSmoother(KalmanSmoother.Settings(noise=0.5, inflations=(1.0,))))
    assert float(told.components.variance) == 0.25  # type: ignore[attr-defined]
    errors = {}
    for factors in ((1.0,), (8.0,), (1.0, 8.0)):
        surrogate = KalmanSmoother(KalmanSmoother.Settings(inflations=factors))
        record = surrogate.fit(waves(40, 0), waves(10, 1), seed=0)
        errors[factors] = record.validation_error
    assert errors[1.0, 8.0] == min(errors[1.0,], errors[8.0,])


def test_shrinking_takes_from_every_singular_value() -> None:
    for matrices in (rows(4), rows(4).mT):
        by = torch.tensor([0.0, 0.5, 1.5, 100.0], dtype=torch.float64)
        left, values, right = torch.linalg.svd(matrices, full_matrices=False)
        expected = left @ torch.diag_embed((values - by[:, None]).clamp(min=0)) @ right
        torch.testing.assert_close(shrunk(matrices, by), expected, rtol=0, atol=1e-12)


def test_one_iteration_is_the_shrunk_matrix_of_what_is_seen() -> None:
    surrogate = MatrixCompletion(MatrixCompletion.Settings(shares=(0.3,), iterations=1))
    trained(surrogate)
    inputs, _ = asked(waves(2, 2))
    left, values, right = np.linalg.svd(inputs[SEEN].numpy(), full_matrices=False)
    expected = left @ (np.maximum(values - 0.3 * values[:, :1], 0)[..., None] * right)
    np.testing.assert_allclose(surrogate(inputs)["u"], expected, rtol=0, atol=1e-11)


def test_a_matrix_of_low_rank_comes_back_from_enough_of_its_values() -> None:
    generator = np.random.default_rng(0)
    values = generator.normal(size=(3, 30, 2)) @ generator.normal(size=(3, 2, 40))
    # of fewer another matrix may have the smaller nuclear norm: at 0.6 one of these three has
    windows = with_gaps(values, share=0.7, noise=0.0)
    shares = tuple(0.5 * 0.5**k for k in range(16))
    surrogate = MatrixCompletion(MatrixCompletion.Settings(shares=shares, iterations=60))
    record = surrogate.fit(windows, windows, seed=0)
    assert surrogate.steps == len(shares)
    assert record.validation_error < 1e-4


def test_the_validation_windows_choose_how_much_is_shrunk() -> None:
    noisy, clean = MatrixCompletion(), MatrixCompletion()
    noisy.fit(waves(4, 0), waves(10, 1, noise=1.0), seed=0)
    clean.fit(waves(4, 0), waves(10, 1, noise=0.0), seed=0)
    assert 1 <= noisy.steps < clean.steps


def test_the_share_that_is_chosen_is_best_of_all_each_tried_alone() -> None:
    own, judged = waves(4, 0), waves(70, 1, noise=0.5)  # more than are rebuilt at once
    surrogate = MatrixCompletion()
    chosen = surrogate.fit(own, judged, seed=0).validation_error
    shares = surrogate.settings.shares
    alone = [
        MatrixCompletion(MatrixCompletion.Settings(shares=shares[:steps]))
        for steps in range(1, 1 + len(shares))
    ]
    errors = []
    for one in alone:
        one.fit(own, judged, seed=0)
        one.steps = len(one.settings.shares)
        errors.append(one.error(Windows.read(judged, dtype="float64")))
    assert surrogate.steps == 1 + int(np.argmin(errors))
    assert chosen == pytest.approx(min(errors), rel=1e-12)


@pytest.mark.parametrize("ring", [True, False])
def test_the_nearest_value_is_the_nearest(ring: bool) -> None:
    surrogate = NearestKnown(NearestKnown.Settings(frame=1.5))
    trained(surrogate, ring=ring)
    inputs, _ = asked(waves(3, 2, share=0.15, ring=ring))
    said = surrogate(inputs)["u"]
    t, x = np.meshgrid(np.arange(FRAMES), np.arange(POINTS), indexing="ij")
    for window in range(3):
        at = np.argwhere(inputs[KNOWN][window].numpy() == 1)
        across = np.abs(x[..., None] - at[:, 1])
        across = np.minimum(across, POINTS - across) if ring else across
        away = (1.5 * (t[..., None] - at[:, 0])) ** 2 + across**2
        values = inputs[SEEN][window].numpy()[at[:, 0], at[:, 1]]
        nearest = away == away.min(axis=-1, keepdims=True)
        assert (nearest & (values == said[window].numpy()[..., None])).any(axis=-1).all()


def test_where_nothing_is_known_the_nearest_is_zero() -> None:
    surrogate, nothing = trained(NearestKnown()), torch.zeros(1, FRAMES, POINTS, dtype=torch.float64)
    assert (surrogate({SEEN: nothing, KNOWN: nothing})["u"] == 0).all()


def test_regimes_are_found_again_wherever_they_stand() -> None:
    generator = np.random.default_rng(3)
    x = 2 * np.pi * np.arange(POINTS) / POINTS
    shapes = [np.cos(x) + a * np.cos(2 * x + b) for a, b in ((0.0, 0.0), (0.8, 1.0), (0.8, 4.0))]
    drawn = [np.roll(shapes[k], generator.integers(POINTS)) for k in generator.integers(3, size=60)]
    windows = with_gaps(np.repeat(np.array(drawn)[:, None], FRAMES, axis=1), noise=0.05)
    surrogate = Regimes(Regimes.Settings(regimes=3))
    record = surrogate.fit(windows, windows, seed=0)
    assert record.validation_error < 1e-6
    inputs, _ = asked(windows)
    moved = {name: values.roll(5, dims=2) for name, values in inputs.items()}
    torch.testing.assert_close(surrogate(moved)["u"], surrogate(inputs)["u"].roll(5, dims=2))


def test_regimes_on_a_grid_with_walls_stay_where_they_are() -> None:
    surrogate = trained(Regimes(Regimes.Settings(regimes=40)), ring=False)
    inputs, true = asked(waves(40, 0, share=1.0, noise=0.0, ring=False))
    torch.testing.assert_close(surrogate(inputs)["u"], true, rtol=0, atol=1e-5)
    moved = {name: values.roll(5, dims=2) for name, values in inputs.items()}
    assert float((surrogate(moved)["u"] - true.roll(5, dims=2)).abs().max()) > 0.1
    with pytest.raises(SurrogateError, match="aligned is for one periodic axis"):
        trained(Regimes(Regimes.Settings(aligned=True)), ring=False)


def test_other_windows_and_instruments_are_refused() -> None:
    surrogate, (inputs, _) = trained(GappyPOD()), asked(waves(2, 2))
    with pytest.raises(SurrogateError, match=r"expected 'known' of shape \(batch, 6, 12\), got nothing"):
        surrogate({SEEN: inputs[SEEN]})
    with pytest.raises(SurrogateError, match=r"'seen' of shape \(batch, 6, 12\), got shape \(2, 5, 12\)"):
        surrogate({name: values[:, 1:] for name, values in inputs.items()})
    coarse = Observations(
        waves(30, 0).source, field="u", instrument=Coarse(2), window=FRAMES, every=1, seed=0
    )
    with pytest.raises(SurrogateError, match="take the instrument Gappy"):
        GappyPOD().fit(coarse, coarse, seed=0)
    with pytest.raises(SurrogateError, match="steps are learned from windows of at least 3 frames, got 1"):
        KalmanSmoother().fit(waves(40, 0, window=1), waves(10, 1, window=1), seed=0)
    with pytest.raises(SurrogateError, match=r"more than 24 training frames.*got 18 frames"):
        GappyPOD().fit(waves(3, 0), waves(1, 1), seed=0)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: GappyPOD.Settings(lost=1.0), r"lost must lie in \[0, 1\)"),
        (lambda: KalmanSmoother.Settings(noise=-1.0), "noise be at least 0"),
        (lambda: KalmanSmoother.Settings(order=0), "order must be at least 1, got 0"),
        (lambda: KalmanSmoother.Settings(inflations=()), "one or more positive numbers"),
        (lambda: MatrixCompletion.Settings(shares=(0.1, 0.2)), "shares must fall"),
        (lambda: MatrixCompletion.Settings(iterations=0), "iterations must be at least 1"),
        (lambda: NearestKnown.Settings(frame=0.0), "frame must be positive"),
        (lambda: Regimes.Settings(regimes=0), "regimes and iterations must be at least 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: Any, sentence: str) -> None:
    with pytest.raises(SurrogateError, match=sentence):
        wrong()
