"""A trained surrogate whose network has fewer or shorter numbers: less memory, sometimes less time."""

from __future__ import annotations

from collections.abc import Callable
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
from .last_layers import last_layers
from .surrogate import Surrogate, SurrogateError

__all__ = ["LOWERINGS", "Lowering", "lowered", "of_whole_numbers", "stored_bytes"]

Lowering = Literal["bfloat16", "int8", "pruned", "narrowed", "ternary"]
LOWERINGS: tuple[Lowering, ...] = get_args(Lowering)
Kind = TypeVar("Kind", bound=Surrogate)


def lowered(
    surrogate: Kind,
    kind: Lowering,
    *,
    share: float = 0.5,
    asked: Callable[[Kind], object] | None = None,
) -> Kind:
    """A copy whose networks multiply by other matrices. All else keeps the precision of the surrogate given:
    scalings, linear parts, spans, waves, and what lies between the layers.

    - `bfloat16`: 16 bits with the range of 32, weights and inputs of each layer. Faster where the processor
      has such products, in batches above all; 2 to 3 digits.
    - `int8`: whole numbers, with a scale for each output of a layer; inputs are rounded sample by sample.
      Layers for which there is no such product keep the rounded weights in 8 bits and multiply in full.
    - `pruned`: the `share` of each matrix that is smallest becomes zero; a bit for each weight and the others
      are kept. Layers with the last word are left whole: their rows make unlike outputs, so that the smallest
      weights may be all that makes one of them. `asked` finds these layers (see `last_layers`). Slower: the
      matrix is written out for each product.
    - `narrowed`: the `share` of neurons that is weakest is left out, where two linear layers follow one
      another with an activation between them; their matrices are smaller, and faster.
    - `ternary`: -1, 0 and 1 times one scale for each matrix, 2 bits. Ruins a network that was not trained for
      it (`low_precision_training`). Slower: there is no kernel for it, so they are unpacked for each product.

    The same surrogate gives the same bits each time, so a lowered one is not saved (`save` says so): save
    what it was made of.

    Arguments:
        surrogate: that has learned.
        kind: the form.
        share: that is left out, of `pruned` and `narrowed`.
        asked: asks a surrogate anything that it answers, with the whole of its networks: for `pruned` alone.

    Raises `SurrogateError` for a surrogate without such a network, for one that was lowered already, for
    another kind, for a share that is not in [0, 1), and for `pruned` without a question.
    """
    if kind not in LOWERINGS:
        raise SurrogateError(f"a surrogate is lowered to one of {', '.join(LOWERINGS)}, got {kind!r}")
    if not 0 <= share < 1:
        raise SurrogateError(f"the share that is left out must lie in [0, 1), got {share}")
    result = copied(surrogate)
    changed = 0
    whole = _last_of_all(result, asked) if kind == "pruned" else {}
    for path, network in result.networks().items():
        network.requires_grad_(False)
        if kind == "narrowed":
            for first, second in neuron_pairs(network):
                remove_neurons(first, second, share=share)
                changed += 1
            continue
        for name, layer in matrix_layers(network).items():
            if name in whole.get(path, ()):
                continue
            _lower(result, f"{path}.{name}" if name else path, layer, kind, share)
            changed += 1
    if not changed:
        what = WITHOUT.get(kind, "network of linear maps or convolutions")
        raise SurrogateError(
            f"{type(surrogate).__name__} has no {what}, so it cannot be lowered to {kind}"
            + ("; take pruned" if kind == "narrowed" and result.networks() else "")
        )
    result.lowering = f"{kind} {share:.0%}" if kind in ("pruned", "narrowed") else kind
    return result


WITHOUT = {
    "narrowed": "two linear layers with nothing but an activation between them",
    "pruned": "network of linear maps or convolutions that are heard by others",
}
"""What a surrogate lacks that cannot be lowered to such a form."""


def _last_of_all(surrogate: Kind, asked: Callable[[Kind], object] | None) -> dict[str, list[str]]:
    """Of each network that has layers those with the last word, by its path."""
    found = {}
    for path, network in surrogate.networks().items():
        if not matrix_layers(network):
            continue
        if asked is None:
            raise SurrogateError(
                "pruning leaves the layers with the last word whole, and finds them by a question: give "
                "asked=lambda surrogate: surrogate(inputs), with inputs that it can answer"
            )
        try:
            found[path] = last_layers(network, lambda: asked(surrogate))
        except ValueError as error:
            raise SurrogateError(
                f"{error}; ask {type(surrogate).__name__} for what its {path} says"
            ) from error
    return found


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
