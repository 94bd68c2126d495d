"""What an answer costs in products, bytes and joules, by hand and by the surrogate."""

from typing import Any

import pytest
import torch
from known_fields import shapes
from known_small_steppers import START, TRAINING, fitted, matrices, said
from understudy.surrogates.blocks.axial_mixing import AxialMixing
from understudy.surrogates.cnn import CNN
from understudy.surrogates.energy import ARITHMETIC, BYTE, Products, energy, operations, zero_share
from understudy.surrogates.field_mixer import FieldMixer
from understudy.surrogates.low_precision import lowered
from understudy.surrogates.mlp import MLP
from understudy.surrogates.surrogate import SurrogateError


@pytest.fixture(scope="module")
def mlp() -> MLP:
    return fitted(MLP, hidden=(32, 24))  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def cnn() -> CNN:
    return fitted(CNN, channels=6, width=5)  # type: ignore[no-any-return]


def test_operations_are_those_of_all_layers_in_an_answer(mlp: MLP, cnn: CNN) -> None:
    assert operations(mlp, {"frame": START}) == (16 * 32 + 32 * 24 + 24 * 16, 0)
    three = {"frame": START.expand(3, 1, 16)}
    assert sum(operations(mlp, three)) == 3 * sum(operations(mlp, {"frame": START}))
    # two gated convolutions, which have twice the outputs, and the last one
    assert operations(cnn, {"frame": START}) == (16 * 5 * (1 * 12 + 6 * 12 + 6 * 1), 0)
    half = lowered(mlp, "narrowed", share=0.5)
    assert operations(half, {"frame": START}) == (16 * 16 + 16 * 12 + 12 * 16, 0)
    with pytest.raises(SurrogateError, match="counted before lowering, and this MLP was lowered to int8"):
        operations(lowered(mlp, "int8"), {"frame": START})


def test_energy_is_by_hand_what_it_is() -> None:
    # Horowitz: 3.7 and 0.9 pJ; 100 pJ for eight bytes
    assert energy(Products(700, 300), 400, "float32") == pytest.approx(1000 * 4.6e-12 + 400 * 12.5e-12)
    assert energy(Products(1000), 100, "int8", share=0.5) == pytest.approx(500 * 0.3e-12 + 1250e-12)
    # those that are not of whole numbers, in full
    both = Products(rounded=700, others=300)
    assert energy(both, 0, "int8") == pytest.approx(700 * 0.3e-12 + 300 * 4.6e-12)
    assert energy(both, 0, "int8", otherwise="float64") == pytest.approx(700 * 0.3e-12 + 300 * 20e-12)
    assert pytest.approx(12.5e-12) == BYTE
    each = [ARITHMETIC[name].multiply_add for name in ("float64", "float32", "bfloat16", "ternary", "int8")]
    assert each == sorted(each, reverse=True)


def test_products_that_no_whole_numbers_have_are_charged_in_full() -> None:
    mixer = FieldMixer(FieldMixer.Settings(channels=4, layers=1, training=TRAINING))
    mixer.fit(shapes(12, 0), shapes(4, 1), seed=0)
    asked = {name: torch.from_numpy(values) for name, values in shapes(1, 2).batch([0])[0].items()}
    found = operations(mixer, asked)
    (network,) = mixer.networks().values()
    mixing = [layer for layer in network.modules() if isinstance(layer, AxialMixing)]
    # each point of each channel hears its row and its column
    assert found.others == sum(
        layer.along.shape[0]
        * layer.along.shape[1]
        * layer.across.shape[1]
        * (layer.along.shape[1] + layer.across.shape[1])
        for layer in mixing
    )
    assert found.rounded > 0
    assert found.others > 0


def test_products_by_zeros_are_counted_layer_by_layer(mlp: MLP) -> None:
    asked = {"frame": START}
    assert zero_share(mlp, asked) == 0
    pruned = lowered(mlp, "pruned", share=0.75, asked=said)
    inner, last = 16 * 32 + 32 * 24, 24 * 16
    assert zero_share(pruned, asked) == pytest.approx(0.75 * inner / (inner + last))
    ternary = lowered(mlp, "ternary")
    zeros = sum(int((weight == 0).sum()) for weight in matrices(ternary))
    assert zero_share(ternary, asked) == pytest.approx(zeros / (inner + last))
    with pytest.raises(SurrogateError, match="multiplies by no matrix whose zeros are known"):
        zero_share(lowered(mlp, "int8"), asked)


def test_of_axial_mixing_each_matrix_counts_by_the_points_that_it_joins() -> None:
    mixer = FieldMixer(FieldMixer.Settings(channels=4, layers=1, training=TRAINING))
    mixer.fit(shapes(12, 0), shapes(4, 1), seed=0)
    asked = {name: torch.from_numpy(values) for name, values in shapes(1, 2).batch([0])[0].items()}
    (network,) = mixer.networks().values()
    (mixing,) = (layer for layer in network.modules() if isinstance(layer, AxialMixing))
    before = zero_share(mixer, asked)
    with torch.no_grad():
        mixing.along.zero_()
    columns, rows = mixing.along.shape[-1], mixing.across.shape[-1]
    assert columns != rows
    idle = mixing.along.shape[0] * rows * columns * columns
    assert zero_share(mixer, asked) - before == pytest.approx(idle / sum(operations(mixer, asked)))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"numbers": "int4"}, "energy is known of float64, .* got 'int4'"),
        ({"numbers": "int8", "otherwise": "half"}, "got 'half'"),
        ({"numbers": "float32", "share": 1.0}, r"must lie in \[0, 1\), got 1\.0"),
        ({"numbers": "float32", "share": -0.5}, r"must lie in \[0, 1\), got -0\.5"),
    ],
    ids=str,
)
def test_energy_of_other_numbers_and_shares_is_refused(wrong: Any, words: str) -> None:
    with pytest.raises(SurrogateError, match=words):
        energy(Products(10), 10, **wrong)
