"""A perceptron's derivatives, carried along, against nested differentiation."""

import pytest
import torch
from understudy.surrogates.blocks.jet_perceptron import SMOOTH, JetPerceptron, streams_of


def make(activation: str = "gelu", hidden: tuple[int, ...] = (9, 7)) -> JetPerceptron:
    torch.manual_seed(0)
    network = JetPerceptron(inputs=2, hidden=hidden, outputs=3, activation=activation, gain=1.6).double()
    for layer in network.layers:
        torch.nn.init.normal_(layer.bias)  # type: ignore[arg-type]
    return network


def jets(
    network: JetPerceptron, x: torch.Tensor, orders: tuple[int, ...]
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Values (batch, outputs), and for each input its derivatives (orders, batch, outputs)."""
    found = network.jets(streams_of(x, orders), orders)
    return found[0], list(found[1:].split(list(orders)))


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
    value, both = jets(network, x, (4, 2))
    torch.testing.assert_close(value, network(x), rtol=1e-12, atol=1e-12)
    for along, derivatives in enumerate(both):
        assert len(derivatives) == (4, 2)[along]
        for n, found in enumerate(derivatives, start=1):
            if hidden:
                expected = nested(network, x, along=along, order=n)
            else:  # torch refuses to differentiate a constant
                slope = network.layers[0].weight[:, along].expand(5, 3)  # type: ignore[union-attr,index]
                expected = slope if n == 1 else torch.zeros(5, 3, dtype=torch.float64)
            torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("activation", SMOOTH)
def test_a_loss_of_derivatives_has_the_gradient_of_nested_differentiation(activation: str) -> None:
    network = make(activation)
    x = torch.randn(5, 2, dtype=torch.float64, requires_grad=True)
    gradients = []
    for way in ("jets", "nested"):
        if way == "jets":
            value, (along_time, along_x) = jets(network, x, (1, 4))
            parts = value, along_time[0], along_x[1], along_x[2], along_x[3]
        else:
            higher = (nested(network, x, along=1, order=n) for n in (2, 3, 4))
            parts = network(x), nested(network, x, along=0, order=1), *higher
        loss = sum(((n + 1) * part**2).sum() for n, part in enumerate(parts))
        assert isinstance(loss, torch.Tensor)
        found = torch.autograd.grad(loss, [x, *network.parameters()], allow_unused=True)
        gradients.append([torch.zeros(()) if g is None else g for g in found])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other.expand_as(one), rtol=1e-9, atol=1e-9)


def test_streams_along_any_direction_are_those_of_what_the_inputs_depend_on() -> None:
    network = make("sine")
    way = torch.randn(4, 1, dtype=torch.float64, requires_grad=True)
    x = torch.cat([way**2, torch.sin(way)], dim=1)
    along = torch.stack([x, torch.cat([2 * way, way.cos()], 1), torch.cat([2 + 0 * way, -way.sin()], 1)])
    found = network.jets(along, (2,))
    for output in range(3):
        of = network(x)[:, output]
        for n in (1, 2):
            of = torch.autograd.grad(of.sum(), way, create_graph=True)[0][:, 0]
            torch.testing.assert_close(found[n, :, output], of, rtol=1e-10, atol=1e-10)


def test_only_what_is_asked_for_is_computed() -> None:
    network = make("tanh")
    x = torch.randn(4, 2, dtype=torch.float64)
    value, (none, one) = jets(network, x, (0, 1))
    assert (len(none), len(one)) == (0, 1)
    torch.testing.assert_close(value, network(x))


def test_a_factorised_network_says_the_same_at_first_and_learns_scales() -> None:
    torch.manual_seed(3)
    plain = JetPerceptron(inputs=2, hidden=(5,), outputs=1)
    torch.manual_seed(3)
    factorised = JetPerceptron(inputs=2, hidden=(5,), outputs=1, factorised=True)
    x = torch.randn(4, 2)
    torch.testing.assert_close(factorised(x), plain(x))
    (jets(factorised, x, (1, 2))[1][1] ** 2).sum().backward()
    scale = factorised.layers[0].scale
    assert isinstance(scale, torch.Tensor)
    assert scale.grad is not None
    assert scale.grad.abs().min() > 0


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="second derivative of a relu is zero"):
        JetPerceptron(inputs=2, hidden=(4,), outputs=1, activation="relu")
    with pytest.raises(ValueError, match="must be one of gelu"):
        JetPerceptron(inputs=2, hidden=(4,), outputs=1, activation="step")
    with pytest.raises(ValueError, match="widths"):
        JetPerceptron(inputs=2, hidden=(0,), outputs=1)
    for orders in ((1,), (5, 0), (-1, 0)):
        with pytest.raises(ValueError, match="orders from 0 to 4 and a stream for each"):
            make().jets(torch.zeros(6, 1, 2, dtype=torch.float64), orders)
