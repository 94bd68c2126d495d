"""SOAP takes the steps of its definition."""

import torch
from torch import nn
from understudy.surrogates.soap import SOAP


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
