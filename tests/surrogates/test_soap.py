"""SOAP takes the steps of its definition."""

import pytest
import torch
from torch import nn
from understudy.surrogates.soap import SOAP, _eigenvectors
from understudy.surrogates.surrogate import SurrogateError


def test_soap_is_adam_in_the_eigenbasis_of_the_gradients_moments() -> None:
    """Against a plain re-computation of one update from the definition."""
    generator = torch.Generator().manual_seed(0)
    weight = nn.Parameter(torch.randn(3, 5, generator=generator, dtype=torch.float64))
    gradients = torch.randn(3, 3, 5, generator=generator, dtype=torch.float64)
    optimiser = SOAP([weight], learning_rate=0.1, momentum=0.8, memory=0.7)
    start = weight.detach().clone()
    weight.grad = gradients[0]
    optimiser.step()
    assert torch.equal(weight, start)
    rows = torch.linalg.eigh(gradients[0] @ gradients[0].T)[1]
    columns = torch.linalg.eigh(gradients[0].T @ gradients[0])[1]
    expected, mean, square = start, torch.zeros(3, 5).double(), torch.zeros(3, 5).double()
    for i in (1, 2):
        weight.grad = gradients[i]
        optimiser.step()
        mean = 0.8 * mean + 0.2 * gradients[i]
        square = 0.7 * square + 0.3 * (rows.T @ gradients[i] @ columns) ** 2
        turned = rows.T @ mean @ columns / (1 - 0.8**i)
        update = turned / ((square / (1 - 0.7**i)).sqrt() + 1e-8)
        expected = expected - 0.1 * rows @ update @ columns.T
        torch.testing.assert_close(weight.detach(), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("seed", range(8))
def test_a_gradient_of_one_row_that_is_mostly_zero_has_a_basis(seed: int) -> None:
    """In single precision the products of such gradients have stopped an eigenvalue routine."""
    generator = torch.Generator().manual_seed(seed)
    gradient = torch.randn(1, 216, generator=generator)
    gradient *= 10.0 ** (-40 * torch.rand(1, 216, generator=generator))
    assert_finds_the_basis_of(gradient)


def test_where_an_eigenvalue_routine_gives_up_the_basis_is_that_of_the_singular_vectors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gives_up(matrix: torch.Tensor) -> None:
        raise torch.linalg.LinAlgError("failed to converge")

    monkeypatch.setattr(torch.linalg, "eigh", gives_up)
    gradient = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
    assert_finds_the_basis_of(gradient)
    gradient[1, 2] = float("nan")
    with pytest.raises(SurrogateError, match="gradient of the first step is not finite"):
        assert_finds_the_basis_of(gradient)


def assert_finds_the_basis_of(gradient: torch.Tensor) -> None:
    """Orthogonal, and its product diagonal in it, the largest eigenvalues first."""
    weight = nn.Parameter(torch.zeros_like(gradient))
    weight.grad = gradient
    optimiser = SOAP([weight], learning_rate=0.1)
    optimiser.step()
    basis = optimiser.state[weight]["columns_basis"]
    assert basis.dtype == gradient.dtype
    torch.testing.assert_close(basis.T @ basis, torch.eye(gradient.shape[1]), rtol=0, atol=1e-5)
    turned = gradient @ basis
    inside = turned.T @ turned
    size = float(gradient.square().sum())
    assert float((inside - inside.diag().diag()).abs().max()) < 1e-5 * size
    assert bool((inside.diag().diff() < 1e-5 * size).all())


def test_eigenvectors_that_a_library_answers_as_nan_are_found_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    across = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    product = across @ across.T
    expected = _eigenvectors(across, product)[:, :3]
    monkeypatch.setattr(torch.linalg, "eigh", lambda m: (m.diagonal(), torch.full_like(m, torch.nan)))
    found = _eigenvectors(across, product)
    torch.testing.assert_close(found.T @ found, torch.eye(6), rtol=0, atol=1e-5)
    torch.testing.assert_close((found[:, :3].T @ expected).abs(), torch.eye(3), rtol=0, atol=1e-4)
