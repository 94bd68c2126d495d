"""The layers that have the last word are found, and learn alone where heads are trained."""

from typing import Any

import pytest
import torch
from known_dynamics import obstacles
from known_fields import shapes
from torch import nn
from torch.nn import functional
from understudy.surrogates.adapting import Adapters, Head, Whole
from understudy.surrogates.blocks.low_rank_adapter import adapt_layer
from understudy.surrogates.field_cnn import FieldCNN
from understudy.surrogates.field_mixer import FieldMixer
from understudy.surrogates.last_layers import last_layers
from understudy.surrogates.mixture import Mixture
from understudy.surrogates.training import TrainingSettings

SHORT = TrainingSettings(steps=30, batch=16, check_every=10)


class Forked(nn.Module):
    """Two heads on one trunk, one of them beside a layer that is never run."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(4, 1), nn.Linear(4, 2)
        self.trunk = nn.Sequential(nn.Linear(3, 4), nn.GELU(), nn.Linear(4, 4))
        self.idle = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = functional.gelu(self.trunk(x))
        return torch.cat([self.left(hidden), self.right(hidden).square()], dim=-1)


def test_the_last_layers_are_those_that_no_other_hears() -> None:
    network, x = Forked(), torch.randn(2, 3)
    assert last_layers(network, lambda: network(x)) == ["left", "right"]
    with torch.no_grad():  # whoever asks
        assert last_layers(network, lambda: network(x)) == ["left", "right"]
    # asked again and again, the first time counts
    square = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 3))
    assert last_layers(square, lambda: square(square(x))) == ["2"]
    assert not square[0]._forward_hooks
    with pytest.raises(ValueError, match="nothing has the last word"):
        last_layers(nn.GELU(), lambda: None)


def test_the_only_layer_has_the_last_word() -> None:
    alone = nn.Linear(3, 2)
    assert last_layers(alone, lambda: alone(torch.randn(2, 3))) == [""]


class Asking(nn.Module):
    """One of four experts, in pairs, is asked; beside them is a layer that is never run."""

    def __init__(self) -> None:
        super().__init__()
        self.experts = nn.ModuleList(
            nn.ModuleList(nn.Sequential(nn.Linear(3, 4), nn.GELU(), nn.Linear(4, 3)) for _ in range(2))
            for _ in range(2)
        )
        self.idle = nn.ModuleList([nn.Linear(3, 3)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.experts[1][0](x)  # type: ignore[index]
        return answer


def test_experts_that_nobody_asked_have_the_last_word_as_those_that_were() -> None:
    network = Asking()
    found = last_layers(network, lambda: network(torch.randn(2, 3)))
    assert {*found} == {f"experts.{i}.{j}.2" for i in range(2) for j in range(2)}


def test_of_a_mixture_the_heads_of_all_experts_and_the_gate_are_trained() -> None:
    """Its first example asks one expert alone."""
    settings = Mixture.Settings(experts=6, active=1, hidden=(8,), training=SHORT)
    mixture = Mixture(settings)
    mixture.fit(obstacles(40, 0), obstacles(9, 1), seed=0)
    module, objective = mixture.module, mixture.objective(obstacles(40, 5), obstacles(9, 6))
    assert module is not None
    changed = Head().begin(
        module, lambda: objective.loss(module, torch.arange(1), torch.Generator().manual_seed(0))
    )
    heads = {name for name, weight in module.named_parameters() if weight.requires_grad}
    assert heads == changed
    assert {name.split("mixture.")[1] for name in heads} == {
        *(f"experts.{i}.layers.2.{own}" for i in range(6) for own in ("weight", "bias")),
        "gate.weight",
        "gate.bias",
    }


def test_the_heads_of_each_network_are_found() -> None:
    mixer = FieldMixer(FieldMixer.Settings(channels=4, layers=1, training=SHORT))
    decoders = FieldCNN(
        FieldCNN.Settings(encoder=(4, 4), strides=(2, 2), code=8, decoder=(4, 4), training=SHORT)
    )
    wanted = {
        mixer: {"head.smooth", "head.patches"},
        # one of each output's own decoder
        decoders: {f"decoders.{i}.5" for i in range(3)},
    }
    for network, heads in wanted.items():
        network.fit(shapes(12, 0), shapes(4, 1), seed=0)
        objective = network.objective(shapes(12, 0), shapes(4, 1))
        module = network.module
        assert module is not None

        def run(objective: Any = objective, module: Any = module) -> torch.Tensor:
            return objective.loss(module, torch.arange(2), torch.Generator().manual_seed(0))  # type: ignore[no-any-return]

        assert {*last_layers(module, run)} == heads


def test_ways_say_which_numbers_they_change_and_leave_the_module_as_it_was() -> None:
    module, x = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)), torch.randn(2, 3)
    names = [name for name, _ in module.named_parameters()]
    for way, changed in (
        (Whole(), {*names}),
        (Head(), {"2.weight", "2.bias"}),
        (Adapters(1), {"0.weight", "2.weight"}),
    ):
        before = module(x).detach()
        assert way.begin(module, lambda: module(x)) == changed
        assert torch.equal(module(x), before)
        way.end(module)
        assert {name for name, _ in module.named_parameters()} == {*names}
        module.requires_grad_(True)
    adapter = adapt_layer(module[0], rank=1)
    assert adapter.down.requires_grad
