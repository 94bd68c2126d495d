"""Streaming ridge regression against the textbook formula and the stacked least-squares problem."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from understudy.surrogates.gram import GramMatrix, has_wide_vectors
from understudy.surrogates.ridge import NormalEquations, RidgeError

KINDS = [False, pytest.param(True, marks=pytest.mark.skipif(not has_wide_vectors(), reason="no AVX-512"))]


def stacked(features: np.ndarray, targets: np.ndarray, ridge: float) -> np.ndarray:
    """The same W from QR of [X; sqrt(ridge) I], which never squares X."""
    count = features.shape[1]
    tall = np.concatenate([features, np.sqrt(ridge) * np.eye(count)])
    right = np.concatenate([targets, np.zeros((count, targets.shape[1]))])
    return np.linalg.lstsq(tall, right, rcond=None)[0]


@pytest.mark.parametrize("compiled", KINDS)
@pytest.mark.parametrize("columns", [1, 7, 24, 25, 191, 200, 417])
def test_the_gram_matrix_of_any_number_of_columns_is_the_plain_product(compiled: bool, columns: int) -> None:
    generator = np.random.default_rng(columns)
    gram, total = GramMatrix(columns, compiled=compiled), np.zeros((columns, columns))
    for samples in (1, 255, 300, 40):
        rows = generator.normal(size=(samples, columns))
        gram.add(rows)
        total += rows.T @ rows
    np.testing.assert_allclose(np.tril(gram.lower()), np.tril(total), rtol=0, atol=1e-12 * 600)


@pytest.mark.skipif(not has_wide_vectors(), reason="no AVX-512")
def test_threads_do_not_change_the_gram_matrix() -> None:
    import torch

    rows = np.random.default_rng(0).normal(size=(300, 500))
    before, results = torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            gram = GramMatrix(500, compiled=True)
            gram.add(rows)
            results.append(np.tril(gram.lower()))
    finally:
        torch.set_num_threads(before)
    assert np.array_equal(*results)


@settings(max_examples=30, deadline=None)
@given(
    samples=st.integers(1, 60),
    features=st.integers(1, 40),
    targets=st.integers(1, 3),
    blocks=st.integers(1, 5),
    ridge=st.sampled_from([1e-6, 1e-2, 3.0]),
)
def test_blocks_in_any_number_give_the_least_squares_solution(
    samples: int, features: int, targets: int, blocks: int, ridge: float
) -> None:
    generator = np.random.default_rng(samples * 100 + features)
    x, y = generator.normal(size=(samples, features)), generator.normal(size=(samples, targets))
    equations = NormalEquations(features, targets)
    for part in np.array_split(np.arange(samples), blocks):
        equations.add(x[part], y[part])
    expected = stacked(x, y, ridge)
    scale = np.abs(expected).max() + 1
    np.testing.assert_allclose(equations.solve(ridge), expected, rtol=0, atol=1e-7 * scale)


def test_a_linear_map_is_recovered_without_ridge() -> None:
    generator = np.random.default_rng(1)
    x, w = generator.normal(size=(500, 30)), generator.normal(size=(30, 4))
    equations = NormalEquations(30, 4)
    equations.add(x, x @ w)
    np.testing.assert_allclose(equations.solve(0.0), w, rtol=0, atol=1e-12)


def test_solving_twice_and_adding_between_leaves_the_sums_intact() -> None:
    generator = np.random.default_rng(2)
    x, y = generator.normal(size=(80, 10)), generator.normal(size=(80, 2))
    whole, parted = NormalEquations(10, 2), NormalEquations(10, 2)
    whole.add(x, y)
    parted.add(x[:5], y[:5])
    parted.solve(1.0)
    parted.add(x[5:50], y[5:50])
    first = parted.solve(1.0)
    assert np.array_equal(first, parted.solve(1.0))
    parted.add(x[50:], y[50:])
    np.testing.assert_allclose(parted.solve(1.0), whole.solve(1.0), rtol=0, atol=1e-13)


def test_features_that_depend_on_each_other_need_a_ridge_and_the_error_says_how_much() -> None:
    x = np.random.default_rng(3).normal(size=(200, 3))
    x = np.concatenate([x, x @ np.ones((3, 1)), -x], axis=1)
    equations = NormalEquations(7, 1)
    equations.add(x, x[:, :1])
    with pytest.raises(RidgeError, match="not positive definite with ridge 0") as caught:
        equations.solve(0.0)
    enough = float(str(caught.value).split("a ridge of ")[1].split()[0])
    assert np.isfinite(equations.solve(enough)).all()


def test_nan_and_wrong_shapes_are_refused() -> None:
    equations = NormalEquations(3, 1)
    with pytest.raises(RidgeError, match="NaN or infinity"):
        equations.add(np.full((4, 3), np.nan), np.ones((4, 1)))
    with pytest.raises(ValueError, match=r"expected shapes \(samples, 3\)"):
        equations.add(np.ones((4, 2)), np.ones((4, 1)))
    with pytest.raises(ValueError, match="no examples"):
        equations.solve(1.0)
    with pytest.raises(ValueError, match="at least 0"):
        equations.solve(-1.0)


def test_memory_is_one_square_matrix_however_many_examples_come() -> None:
    equations = NormalEquations(50, 2)
    for seed in range(20):
        equations.add(np.random.default_rng(seed).normal(size=(100, 50)), np.ones((100, 2)))
    held = sum(a.nbytes + b.nbytes for a, b in equations._held)
    assert held == 0 and equations.samples == 2000
