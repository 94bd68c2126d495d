"""A trained surrogate whose network has fewer or shorter numbers: less memory, sometimes less time."""

from __future__ import annotations

from functools import reduce
from typing import Any, Literal, TypeVar, get_args

import torch
from torch import nn
from torch.nn.utils.parametrize import register_parametrization

from .blocks.magnitude_pruning import StoredPruned, neuron_pairs, remove_neurons
from .blocks.matrix_layers import matrix_layers, output_axes, weights_of
from .blocks.quantised_convolution import QuantisedConvolution
from .blocks.quantised_linear import QuantisedLinear, StoredQuantised
from .blocks.rounded_layer import RoundedLayer
from .blocks.ternary_linear import StoredTernary
from .copies import copied
from .surrogate import Surrogate, SurrogateError

__all__ = ["LOWERINGS", "Lowering", "lowered", "of_whole_numbers", "stored_bytes"]

Lowering = Literal["bfloat16", "int8", "pruned", "narrowed", "ternary"]
LOWERINGS: tuple[Lowering, ...] = get_args(Lowering)
Kind = TypeVar("Kind", bound=Surrogate)


def lowered(surrogate: Kind, kind: Lowering, *, share: float = 0.5) -> Kind:
    """A copy whose networks multiply by other matrices. All else keeps the precision of the surrogate given:
    scalings, linear parts, spans, waves, and what lies between the layers.

    - `bfloat16`: 16 bits with the range of 32, weights and inputs of each layer. Faster where the processor
      has such products, in batches above all; 2 to 3 digits.
    - `int8`: whole numbers, with a scale for each output of a layer; inputs are rounded sample by sample.
      Layers for which there is no such product keep the rounded weights in 8 bits and multiply in full.
    - `pruned`: the `share` of each matrix that is smallest becomes zero; a bit for each weight and the others
      are kept. Not faster: a product with a matrix of zeros takes as long.
    - `narrowed`: the `share` of neurons that is weakest is left out, where two linear layers follow one
      another with an activation between them; their matrices are smaller, and faster.
    - `ternary`: -1, 0 and 1 times one scale for each matrix, 2 bits. Ruins a network that was not trained for
      it (`low_precision_training`). Slower: there is no kernel for it, so they are unpacked for each product.

    The same surrogate gives the same bits each time, so a lowered one is not saved (`save` says so): save
    what it was made of. Raises `SurrogateError` for a surrogate without such a network, for one that was
    lowered already, for another kind, and for a share that is not in [0, 1).
    """
    if kind not in LOWERINGS:
        raise SurrogateError(f"a surrogate is lowered to one of {', '.join(LOWERINGS)}, got {kind!r}")
    if not 0 <= share < 1:
        raise SurrogateError(f"the share that is left out must lie in [0, 1), got {share}")
    result = copied(surrogate)
    changed = 0
    for path, network in result.networks().items():
        network.requires_grad_(False)
        if kind == "narrowed":
            for first, second in neuron_pairs(network):
                remove_neurons(first, second, share=share)
                changed += 1
            continue
        for name, layer in matrix_layers(network).items():
            _lower(result, f"{path}.{name}" if name else path, layer, kind, share)
            changed += 1
    if not changed:
        what = (
            "two linear layers with nothing but an activation between them"
            if kind == "narrowed"
            else "network of linear maps or convolutions"
        )
        raise SurrogateError(
            f"{type(surrogate).__name__} has no {what}, so it cannot be lowered to {kind}"
            + ("; take pruned" if kind == "narrowed" and result.networks() else "")
        )
    result.lowering = f"{kind} {share:.0%}" if kind in ("pruned", "narrowed") else kind
    return result


def stored_bytes(surrogate: Surrogate) -> int:
    """Bytes that the numbers of its networks take in memory, in the form in which they are held there."""
    return sum(
        tensor.numel() * tensor.element_size()
        for network in surrogate.networks().values()
        for tensor in network.state_dict().values()
    )


def _lower(owner: Surrogate, path: str, layer: nn.Module, kind: Lowering, share: float) -> None:
    """Put another layer in this one's place, or its weights into another form."""
    if kind == "bfloat16":
        _put(owner, path, RoundedLayer(layer, dtype=torch.bfloat16))
        return
    if kind == "int8" and (rounded := of_whole_numbers(layer)) is not None:
        _put(owner, path, rounded)
        return
    for name in weights_of(layer):
        weight = getattr(layer, name)
        if kind == "int8":
            form: nn.Module = StoredQuantised(outputs=output_axes(layer, name))
        elif kind == "pruned":
            form = StoredPruned(weight, share=share)
        else:
            form = StoredTernary(weight)
        # unsafe: a check would unpack what has just been packed
        register_parametrization(layer, name, form, unsafe=True)


def of_whole_numbers(layer: nn.Module) -> nn.Module | None:
    """The layer with products of 8 bits; None where it has none."""
    if isinstance(layer, nn.Linear):
        return QuantisedLinear(weight=layer.weight, bias=layer.bias)
    try:
        return QuantisedConvolution(layer)
    except ValueError:
        return None


def _put(owner: Any, path: str, layer: nn.Module) -> None:
    *way, name = path.split(".")
    setattr(reduce(getattr, way, owner), name, layer)
