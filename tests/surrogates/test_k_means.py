"""Groups about means: those of an independent implementation, and of samples whose groups are plain."""

import itertools

import numpy as np
import pytest
import torch
from understudy.surrogates.blocks.k_means import k_means, spread_start


def heaps(seed: int, *, samples: int = 300, clusters: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    """Samples about far points, and to which each belongs."""
    generator = np.random.default_rng(seed)
    centres = 200 * np.eye(clusters, 6) + generator.normal(size=6)
    members = generator.integers(clusters, size=samples)
    return torch.from_numpy(centres[members] + generator.normal(size=(samples, 6))), torch.from_numpy(members)


def test_it_equals_scikit_learn_from_the_same_start() -> None:
    cluster = pytest.importorskip("sklearn.cluster")
    samples = torch.from_numpy(np.random.default_rng(0).normal(size=(500, 4)))
    start = samples[:7].clone()
    centres, members = k_means(samples, start, iterations=300)
    other = cluster.KMeans(7, init=start.numpy(), n_init=1, max_iter=300, tol=0, algorithm="lloyd")
    other.fit(samples.numpy())
    assert (members.numpy() == other.labels_).all()
    np.testing.assert_allclose(centres, other.cluster_centers_, rtol=0, atol=1e-10)


def test_plain_groups_are_found_from_a_start_that_is_spread() -> None:
    samples, true = heaps(1)
    start = spread_start(samples, clusters=5, generator=torch.Generator().manual_seed(0))
    centres, members = k_means(samples, start)
    for label in range(5):
        own = true == label
        assert len(members[own].unique()) == 1
        torch.testing.assert_close(centres[members[own][0]], samples[own].mean(dim=0))


def test_each_iteration_goes_to_means_and_none_makes_it_worse() -> None:
    samples = torch.from_numpy(np.random.default_rng(2).normal(size=(200, 3)))
    centres, costs = samples[:6].clone(), []
    for _ in range(10):
        nearest = torch.cdist(samples, centres).argmin(dim=1)
        means = torch.stack([samples[nearest == k].mean(dim=0) for k in range(6)])
        centres, members = k_means(samples, centres, iterations=1)
        torch.testing.assert_close(centres, means)
        costs.append(float((samples - centres[members]).square().sum()))
    assert all(after <= before for before, after in itertools.pairwise(costs))


def test_the_first_centres_are_samples_and_lie_in_different_groups() -> None:
    samples, true = heaps(3)
    for seed in range(5):
        start = spread_start(samples, clusters=5, generator=torch.Generator().manual_seed(seed))
        places = [int((samples == centre).all(dim=1).nonzero()) for centre in start]
        assert len(set(true[places].tolist())) == 5


def test_a_centre_that_no_sample_is_near_takes_the_farthest_sample() -> None:
    samples = torch.tensor([[0.0], [0.1], [5.0], [9.0]])
    centres, members = k_means(samples, torch.tensor([[0.0], [100.0]]), iterations=1)
    assert centres[1] == 9.0
    assert members.tolist() == [0, 0, 0, 1]


def test_more_clusters_than_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="between 1 and the 3 samples, got 4"):
        spread_start(torch.zeros(3, 2), clusters=4, generator=torch.Generator())
