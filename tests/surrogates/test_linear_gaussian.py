"""Filter and smoother equal the conditional distribution of one large normal vector, solved densely."""

from typing import NamedTuple

import numpy as np
import pytest
import torch
from understudy.surrogates.blocks.linear_gaussian import (
    Filtered,
    filtered,
    smoothed_covariances,
    smoothed_means,
)

SIZE, FRAMES, VALUES = 3, 6, 2


class Model(NamedTuple):
    """x_t = a x_(t-1) + N(0, q), y_t = h_t x_t + N(0, r), and one set of measurements with gaps."""

    a: np.ndarray
    q: np.ndarray
    start: np.ndarray
    h: np.ndarray
    r: np.ndarray
    y: np.ndarray
    known: np.ndarray

    def found(self) -> Filtered:
        precision, information = self.said()
        return filtered(
            torch.from_numpy(precision)[None],
            torch.from_numpy(information)[None],
            transition=torch.from_numpy(self.a),
            process_noise=torch.from_numpy(self.q),
            initial=torch.from_numpy(self.start),
        )

    def said(self) -> tuple[np.ndarray, np.ndarray]:
        weights = self.known / self.r
        precision = np.einsum("tmi,tm,tmj->tij", self.h, weights, self.h)
        return precision, np.einsum("tmi,tm,tm->ti", self.h, weights, self.y)

    def posterior(self, until: int = FRAMES) -> tuple[np.ndarray, np.ndarray]:
        """Mean (FRAMES, SIZE) and covariance (FRAMES * SIZE, both ways) given the first measurements."""
        forward = np.eye(FRAMES * SIZE)
        for t in range(1, FRAMES):
            here, before = slice(t * SIZE, (t + 1) * SIZE), slice((t - 1) * SIZE, t * SIZE)
            forward[here] += self.a @ forward[before]
        pushes = np.kron(np.eye(FRAMES), self.q)
        pushes[:SIZE, :SIZE] = self.start
        prior = forward @ pushes @ forward.T
        rows, values, noises = [], [], []
        for t in range(until):
            for m in np.flatnonzero(self.known[t]):
                row = np.zeros(FRAMES * SIZE)
                row[t * SIZE : (t + 1) * SIZE] = self.h[t, m]
                rows.append(row)
                values.append(self.y[t, m])
                noises.append(self.r[t, m])
        if not rows:
            return np.zeros((FRAMES, SIZE)), prior
        see = np.array(rows)
        gain = prior @ see.T @ np.linalg.inv(see @ prior @ see.T + np.diag(noises))
        return (gain @ np.array(values)).reshape(FRAMES, SIZE), prior - gain @ see @ prior


@pytest.fixture(scope="module", params=[0, 1, 2])
def model(request: pytest.FixtureRequest) -> Model:
    generator = np.random.default_rng(request.param)
    a, root, other = generator.normal(size=(3, SIZE, SIZE))
    return Model(
        a=0.6 * a,
        q=root @ root.T + 0.1 * np.eye(SIZE),
        start=other @ other.T + 0.1 * np.eye(SIZE),
        h=generator.normal(size=(FRAMES, VALUES, SIZE)),
        r=generator.uniform(0.1, 2.0, size=(FRAMES, VALUES)),
        y=generator.normal(size=(FRAMES, VALUES)),
        known=(generator.random((FRAMES, VALUES)) < 0.6).astype(float),
    )


def blocks(covariance: np.ndarray) -> np.ndarray:
    """(FRAMES, SIZE, SIZE) of each state alone."""
    return np.stack([covariance[t : t + SIZE, t : t + SIZE] for t in range(0, FRAMES * SIZE, SIZE)])


def test_the_smoother_is_the_exact_posterior(model: Model) -> None:
    found, (mean, covariance) = model.found(), model.posterior()
    transition, process_noise = torch.from_numpy(model.a), torch.from_numpy(model.q)
    means = smoothed_means(found, transition=transition)
    covariances = smoothed_covariances(found, transition=transition, process_noise=process_noise)
    np.testing.assert_allclose(means[0], mean, rtol=0, atol=1e-10)
    np.testing.assert_allclose(covariances[0], blocks(covariance), rtol=0, atol=1e-10)


def test_the_filter_is_the_exact_posterior_of_what_came_until_then(model: Model) -> None:
    found = model.found()
    for t in range(FRAMES):
        mean, covariance = model.posterior(until=t + 1)
        np.testing.assert_allclose(found.means[0, t], mean[t], rtol=0, atol=1e-10)
        np.testing.assert_allclose(found.covariances[0, t], blocks(covariance)[t], rtol=0, atol=1e-10)
        mean, covariance = model.posterior(until=t)
        root = found.predicted_roots[0, t]
        np.testing.assert_allclose(found.predicted_means[0, t], mean[t], rtol=0, atol=1e-10)
        np.testing.assert_allclose(root @ root.T, blocks(covariance)[t], rtol=0, atol=1e-10)


def test_with_nothing_known_the_smoother_gives_the_prior(model: Model) -> None:
    blind = model._replace(known=np.zeros((FRAMES, VALUES)))
    found, (_, prior) = blind.found(), blind.posterior()
    transition, process_noise = torch.from_numpy(model.a), torch.from_numpy(model.q)
    assert (smoothed_means(found, transition=transition) == 0).all()
    covariances = smoothed_covariances(found, transition=transition, process_noise=process_noise)
    np.testing.assert_allclose(covariances[0], blocks(prior), rtol=1e-12, atol=1e-12)


def test_covariances_stay_symmetric_and_positive_where_almost_everything_is_certain() -> None:
    generator = np.random.default_rng(5)
    size, frames = 6, 200
    a = torch.from_numpy(0.99 * np.linalg.qr(generator.normal(size=(size, size)))[0])
    eye = torch.eye(size, dtype=torch.float64)
    precision = torch.zeros(1, frames, size, size, dtype=torch.float64)
    precision[0, ::3, 0, 0] = 1e12  # one number is seen almost exactly, now and then
    information = torch.zeros(1, frames, size, dtype=torch.float64)
    found = filtered(precision, information, transition=a, process_noise=1e-10 * eye, initial=eye)
    smoothed = smoothed_covariances(found, transition=a, process_noise=1e-10 * eye)
    for covariances in (found.covariances, smoothed):
        assert (
            torch.equal(covariances, covariances.mT)
            or float((covariances - covariances.mT).abs().max()) < 1e-15
        )
        assert float(torch.linalg.eigvalsh(covariances).min()) > -1e-16
    assert bool(
        (smoothed.diagonal(dim1=2, dim2=3) <= found.covariances.diagonal(dim1=2, dim2=3) + 1e-12).all()
    )
