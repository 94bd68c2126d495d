"""A perceptron's derivatives, carried along, against nested differentiation."""

import pytest
import torch
from understudy.surrogates.blocks.jet_perceptron import SMOOTH, JetPerceptron


def make(activation: str = "gelu", hidden: tuple[int, ...] = (9, 7)) -> JetPerceptron:
    torch.manual_seed(0)
    network = JetPerceptron(inputs=2, hidden=hidden, outputs=3, activation=activation, gain=1.6).double()
    for layer in network.layers:
        torch.nn.init.normal_(layer.bias)  # type: ignore[arg-type]
    return network


def nested(network: JetPerceptron, x: torch.Tensor, *, along: int, order: int) -> torch.Tensor:
    """(batch, outputs) by differentiating again and again, output by output."""
    found = []
    for output in range(3):
        of = network(x)[:, output]
        for _ in range(order):
            of = torch.autograd.grad(of.sum(), x, create_graph=True)[0][:, along]
        found.append(of)
    return torch.stack(found, dim=1)


@pytest.mark.parametrize("hidden", [(9, 7), (8,), ()])
@pytest.mark.parametrize("activation", SMOOTH)
def test_derivatives_are_those_of_nested_differentiation(activation: str, hidden: tuple[int, ...]) -> None:
    network = make(activation, hidden)
    x = torch.randn(5, 2, dtype=torch.float64, requires_grad=True)
    value, (first, second) = network.jets(x, (4, 2))
    torch.testing.assert_close(value, network(x), rtol=1e-12, atol=1e-12)
    for along, jets in enumerate((first, second)):
        assert len(jets) == (4, 2)[along]
        for n, found in enumerate(jets, start=1):
            if hidden:
                expected = nested(network, x, along=along, order=n)
            else:  # torch refuses to differentiate a constant
                slope = network.layers[0].weight[:, along].expand(5, 3)  # type: ignore[union-attr,index]
                expected = slope if n == 1 else torch.zeros(5, 3, dtype=torch.float64)
            torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


def test_a_loss_of_derivatives_has_the_gradient_of_nested_differentiation() -> None:
    network = make("gelu")
    x = torch.randn(5, 2, dtype=torch.float64, requires_grad=True)
    gradients = []
    for way in ("jets", "nested"):
        if way == "jets":
            _, (along_time, along_x) = network.jets(x, (1, 3))
            parts = along_time[0], along_x[2]
        else:
            parts = nested(network, x, along=0, order=1), nested(network, x, along=1, order=3)
        loss = ((parts[0] + parts[1]) ** 2).sum()
        network.zero_grad()
        loss.backward()
        gradients.append([None if p.grad is None else p.grad.clone() for p in network.parameters()])
    for one, other in zip(*gradients, strict=True):
        if other is None:
            assert one is None or not one.any()
        else:
            torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def test_only_what_is_asked_for_is_computed() -> None:
    network = make("tanh")
    x = torch.randn(4, 2, dtype=torch.float64)
    value, jets = network.jets(x, (0, 1))
    assert [len(along) for along in jets] == [0, 1]
    torch.testing.assert_close(value, network(x))


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="second derivative of a relu is zero"):
        JetPerceptron(inputs=2, hidden=(4,), outputs=1, activation="relu")
    with pytest.raises(ValueError, match="must be one of gelu"):
        JetPerceptron(inputs=2, hidden=(4,), outputs=1, activation="step")
    with pytest.raises(ValueError, match="widths"):
        JetPerceptron(inputs=2, hidden=(0,), outputs=1)
    for orders in ((1,), (5, 0), (-1, 0)):
        with pytest.raises(ValueError, match="an order from 0 to 4 for each input"):
            make().jets(torch.zeros(1, 2, dtype=torch.float64), orders)
