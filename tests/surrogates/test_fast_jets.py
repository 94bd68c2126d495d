"""Compiled jets are those of torch, and so are their gradients."""

import pytest
import torch
from understudy.surrogates.blocks.jet_perceptron import SMOOTH, JetPerceptron
from understudy.surrogates.fast_jets import jets


def made(activation: str, *, factorised: bool = False) -> JetPerceptron:
    torch.manual_seed(0)
    network = JetPerceptron(
        inputs=3, hidden=(9, 7), outputs=2, activation=activation, gain=1.6, factorised=factorised
    ).double()
    for layer in network.layers:
        torch.nn.init.normal_(layer.bias)  # type: ignore[arg-type]
    return network


@pytest.mark.parametrize("orders", [(), (0, 1), (1, 2), (3, 1), (4, 4), (2, 0, 4)])
@pytest.mark.parametrize("activation", SMOOTH)
def test_streams_and_gradients_are_those_of_torch(activation: str, orders: tuple[int, ...]) -> None:
    network = made(activation)
    generator = torch.Generator().manual_seed(1)
    shape = 1 + sum(orders), 300, 3  # more points than go through the kernels at a time
    streams = torch.randn(shape, dtype=torch.float64, generator=generator).requires_grad_()
    weights = torch.randn(1 + sum(orders), 300, 2, dtype=torch.float64, generator=generator)
    found = []
    for way in (jets, JetPerceptron.jets):
        said = way(network, streams, orders)
        of = [streams, *network.parameters()]
        found.append([said, *torch.autograd.grad((weights * said).sum(), of, allow_unused=True)])
    for one, other in zip(*found, strict=True):
        assert one is not None
        assert other is not None
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-9)


def test_factorised_weights_learn_through_them() -> None:
    network = made("gelu", factorised=True)
    streams = torch.randn(4, 20, 3, dtype=torch.float64)
    found = []
    for way in (jets, JetPerceptron.jets):
        loss = way(network, streams, (1, 2)).square().sum()
        found.append(torch.autograd.grad(loss, list(network.parameters())))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


def test_single_precision_stays_single() -> None:
    network = made("tanh").float()
    streams = torch.randn(3, 10, 3)
    said = jets(network, streams, (2,))
    assert said.dtype == torch.float32
    torch.testing.assert_close(said, network.jets(streams, (2,)))
