"""Elimination on a grid against a general sparse solver."""

import numpy as np
import pytest
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import splu
from understudy.solvers.methods.nested_dissection import OFFSETS, dissection


def drawn(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    """Coefficients of a random, unsymmetric matrix whose diagonal keeps it regular."""
    coefficients = np.random.default_rng(seed).standard_normal((rows, columns, len(OFFSETS)))
    coefficients[..., OFFSETS.index((0, 0))] += 12
    return coefficients


def sparse(coefficients: np.ndarray) -> csc_matrix:
    """The same matrix, written out."""
    rows, columns, _ = coefficients.shape
    entries = [
        (r * columns + c, (r + dr) * columns + c + dc, coefficients[r, c, k])
        for r in range(rows)
        for c in range(columns)
        for k, (dr, dc) in enumerate(OFFSETS)
        if 0 <= r + dr < rows and 0 <= c + dc < columns
    ]
    i, j, value = zip(*entries, strict=True)
    return csc_matrix((value, (i, j)))


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (2, 3), (7, 7), (13, 40), (41, 22), (33, 64)])
@pytest.mark.parametrize("leaf", [4, 40])
def test_it_solves_as_a_general_sparse_solver_does(shape: tuple[int, int], leaf: int) -> None:
    coefficients = drawn(*shape)
    right = np.random.default_rng(1).standard_normal(shape)
    found = dissection(*shape, leaf=leaf).factorise(coefficients).solve(right)
    expected = splu(sparse(coefficients)).solve(right.ravel()).reshape(shape)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_factors_serve_many_right_hand_sides_and_orders_many_matrices() -> None:
    order = dissection(9, 14)
    first, second = (order.factorise(drawn(9, 14, seed)) for seed in (0, 1))
    for factors, seed in ((first, 0), (second, 1), (first, 0)):
        right = np.random.default_rng(seed).standard_normal((9, 14))
        missing = sparse(drawn(9, 14, seed)) @ factors.solve(right).ravel() - right.ravel()
        assert np.abs(missing).max() < 1e-12


def test_every_node_is_eliminated_once() -> None:
    order = dissection(40, 61)
    assert np.array_equal(np.sort(order.order), np.arange(40 * 61))
    assert order.pivots[-1] == 40 * 61


def test_a_singular_matrix_is_refused() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        dissection(8, 8).factorise(np.zeros((8, 8, 13)))


def test_coefficients_of_another_grid_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(8, 9, 13\)"):
        dissection(8, 9).factorise(np.zeros((8, 8, 13)))
