"""Surrogates of fewer and shorter numbers: what changes and what does not."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from known_dynamics import obstacles
from known_fields import shapes
from known_small_steppers import OTHERS, START, TRAINING, WAVES, fitted, matrices, said, waves_of
from torch import nn
from understudy.surrogates.blocks.matrix_layers import matrix_layers, weights_of
from understudy.surrogates.blocks.ternary_linear import ternarised
from understudy.surrogates.climatology import Climatology
from understudy.surrogates.cnn import CNN
from understudy.surrogates.copies import copied
from understudy.surrogates.dense import Dense
from understudy.surrogates.field_mixer import FieldMixer
from understudy.surrogates.latent_stepper import LatentStepper
from understudy.surrogates.low_precision import LOWERINGS, lowered, stored_bytes
from understudy.surrogates.low_precision_training import train_for
from understudy.surrogates.mlp import MLP
from understudy.surrogates.surrogate import SurrogateError, load
from understudy.surrogates.training import TrainingSettings


@pytest.fixture(scope="module")
def mlp() -> MLP:
    return fitted(MLP, hidden=(32, 24))  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def cnn() -> CNN:
    return fitted(CNN, channels=6, width=5)  # type: ignore[no-any-return]


def test_networks_are_found_without_the_physics_around_them(mlp: MLP) -> None:
    assert mlp.module is not None
    assert mlp.networks() == {"module.network": mlp.module.network}
    assert MLP().networks() == {}
    dense = Dense(Dense.Settings(hidden=(8,), training=TRAINING))
    dense.fit(obstacles(20, 0), obstacles(6, 1), seed=0)
    assert [type(network).__name__ for network in dense.networks().values()] == ["_Beside"]


@pytest.mark.parametrize("kind", LOWERINGS)
def test_the_linear_part_stays_to_the_last_bit(kind: Any) -> None:
    """A network that says nothing leaves nothing but physics: in any form."""
    one = TrainingSettings(steps=1, check_every=1, learning_rate=1e-30)
    stepper = MLP(MLP.Settings(hidden=(32, 24), training=one))
    stepper.fit(WAVES, OTHERS, seed=0)
    assert stepper.module is not None
    last = stepper.module.network[1].layers[-1]  # type: ignore[index, union-attr]
    nn.init.zeros_(last.weight)  # type: ignore[arg-type]
    nn.init.zeros_(last.bias)  # type: ignore[arg-type]
    assert torch.equal(said(lowered(stepper, kind, asked=said)), said(stepper))
    assert (said(stepper) - START).abs().max() > 1e-3


def test_each_form_is_what_it_says(mlp: MLP, cnn: CNN) -> None:
    for surrogate in (mlp, cnn):
        full, exact = matrices(surrogate), said(surrogate)
        for share in (0.5, 0.9):
            pruned = lowered(surrogate, "pruned", share=share, asked=said)
            *inner, last = zip(matrices(pruned), full, strict=True)
            for now, before in inner:
                assert int((now == 0).sum()) == round(share * before.numel())
                assert torch.equal(now[now != 0], before[now != 0])
            assert torch.equal(*last)
        for now, before in zip(matrices(lowered(surrogate, "ternary")), full, strict=True):
            values, scale = ternarised(before)
            assert torch.equal(now, values * scale)
        errors = {k: float((said(lowered(surrogate, k)) - exact).abs().max()) for k in ("bfloat16", "int8")}
        moved = float((exact - START).abs().max())
        for kind, error in errors.items():
            assert 1e-6 * moved < error < 0.1 * moved, kind


def test_bytes_are_those_that_the_numbers_take(mlp: MLP) -> None:
    single = copied(mlp, dtype=torch.float32)
    weights, biases = 16 * 32 + 32 * 24 + 24 * 16, 32 + 24 + 16
    assert stored_bytes(mlp) == 8 * (weights + biases)
    assert stored_bytes(single) == 4 * (weights + biases)
    assert stored_bytes(lowered(single, "bfloat16")) == 2 * (weights + biases)
    # a scale for each output besides
    assert stored_bytes(lowered(single, "int8")) == weights + 8 * biases
    inner, last = 16 * 32 + 32 * 24, 24 * 16
    quarter = lowered(single, "pruned", share=0.75, asked=lambda one: one({"frame": START.float()}))
    assert stored_bytes(quarter) == inner // 8 + inner + 4 * (last + biases)
    assert stored_bytes(lowered(single, "ternary")) == weights // 4 + 4 * 3 + 4 * biases
    fewer = 16 * 16 + 16 * 12 + 12 * 16 + 16 + 12 + 16
    assert stored_bytes(lowered(single, "narrowed", share=0.5)) == 4 * fewer


def test_the_first_surrogate_is_left_alone_and_the_same_bits_come_out_again(mlp: MLP) -> None:
    before, tensors = said(mlp), {name: t.clone() for name, t in mlp.tensors().items()}
    for kind in LOWERINGS:
        first, second = (lowered(mlp, kind, asked=said) for _ in range(2))
        assert torch.equal(said(first), said(second))
        assert first.lowering.startswith(kind)
    assert mlp.lowering == ""
    assert torch.equal(said(mlp), before)
    assert all(torch.equal(t, tensors[name]) for name, t in mlp.tensors().items())


def test_a_lowered_one_is_not_saved_nor_lowered_again(mlp: MLP, tmp_path: Path) -> None:
    record = waves_of(MLP, hidden=(4,)).fit(WAVES, OTHERS, seed=0)
    low = lowered(mlp, "pruned", share=0.9, asked=said)
    with pytest.raises(
        SurrogateError, match=r"lowered to pruned 90%, which is not saved: save what it was made of"
    ):
        low.save(tmp_path, fingerprint="waves", record=record)
    assert not list(tmp_path.iterdir())
    with pytest.raises(SurrogateError, match=r"was lowered to pruned 90% already; give the one"):
        lowered(low, "int8")
    # what it was made of is saved, and gives the same bits when it is loaded
    mlp.save(tmp_path, fingerprint="waves", record=record)
    back, _ = load(tmp_path)
    assert torch.equal(said(lowered(back, "int8")), said(lowered(mlp, "int8")))


def test_what_cannot_be_lowered_says_why(mlp: MLP, cnn: CNN) -> None:
    with pytest.raises(SurrogateError, match=r"CNN has no two linear layers .* narrowed; take pruned"):
        lowered(cnn, "narrowed")
    mean = Climatology()
    mean.fit(WAVES, OTHERS, seed=0)
    with pytest.raises(SurrogateError, match="Climatology has no network of linear maps or convolutions"):
        lowered(mean, "int8")
    with pytest.raises(SurrogateError, match="one of bfloat16, int8, pruned, narrowed, ternary, got 'int4'"):
        lowered(mlp, "int4")  # type: ignore[arg-type]
    with pytest.raises(SurrogateError, match=r"must lie in \[0, 1\), got 1"):
        lowered(mlp, "pruned", share=1.0)
    with pytest.raises(SurrogateError, match=r"finds them by a question: give asked=lambda surrogate:"):
        lowered(mlp, "pruned")
    with pytest.raises(SurrogateError, match=r"was run: .*; ask MLP for what its module\.network says"):
        lowered(mlp, "pruned", asked=lambda _: None)
    with pytest.raises(SurrogateError, match="has not learned yet"):
        lowered(MLP(), "int8")


def test_all_networks_of_a_surrogate_are_lowered() -> None:
    settings = LatentStepper.Settings(
        latent=3, hidden=(16,), stepping=(12,), reduction=TRAINING, training=TRAINING
    )
    stepper = LatentStepper(settings)
    stepper.fit(WAVES, OTHERS, seed=0)
    assert list(stepper.networks()) == ["autoencoder", "module.network"]
    low = lowered(stepper, "int8")
    assert stored_bytes(low) < 0.4 * stored_bytes(stepper)
    far = (low.forecast(START[None], 3) - stepper.forecast(START[None], 3)).abs().max()
    assert 0 < far < 0.3


def test_a_copy_answers_the_same_and_shares_nothing(mlp: MLP) -> None:
    copy = copied(mlp)
    assert torch.equal(said(copy), said(mlp))
    theirs = {t.data_ptr() for t in mlp.tensors().values()}
    assert not theirs & {t.data_ptr() for t in copy.tensors().values()}
    single = copied(mlp, dtype=torch.float32)
    assert single.dtype == torch.float32
    answer = single({"frame": START.float()})["frame"]
    torch.testing.assert_close(answer, said(mlp).float(), rtol=1e-4, atol=1e-4)


# trained for it ---------------------------------------------------------------------------------------------


def test_ternary_weights_learn_what_rounding_forgets(cnn: CNN) -> None:
    training = TrainingSettings(steps=200, batch=32, check_every=25, learning_rate=3e-3)
    ready, record = train_for(cnn, "ternary", WAVES, OTHERS, training=training)
    error = error_of_one_step(lowered(ready, "ternary"))
    assert error < 0.6 * error_of_one_step(lowered(cnn, "ternary"))
    # what answered in training is what answers now
    assert record.validation_error == pytest.approx(error, rel=1e-3)


def error_of_one_step(surrogate: Any) -> float:
    """As `Rollout` validates: over all pairs, in units of the deviation about the mean."""
    wrong = whole = 0.0
    for i in range(len(OTHERS)):
        truth = torch.from_numpy(OTHERS[i])
        answer = surrogate({"frame": truth[:-1]})["frame"]
        wrong += float((answer - truth[1:]).square().sum())
        whole += float((truth[1:] - surrogate.scaling.mean).square().sum())
    return float((wrong / whole) ** 0.5)


def test_pruned_weights_stay_zero_and_the_others_make_up_for_them(cnn: CNN) -> None:
    training = TrainingSettings(steps=100, batch=32, check_every=20, learning_rate=3e-3)
    ready, record = train_for(cnn, "pruned", WAVES, OTHERS, share=0.8, training=training)
    before = error_of_one_step(lowered(cnn, "pruned", share=0.8, asked=said))
    after = lowered(ready, "pruned", share=0.8, asked=said)
    assert error_of_one_step(after) < 0.8 * before
    assert error_of_one_step(after) == pytest.approx(record.validation_error, rel=1e-3)
    *inner, (last, first) = zip(matrices(ready), matrices(cnn), strict=True)
    for now, before_it in inner:
        gone = before_it.abs().flatten().argsort(stable=True)[: round(0.8 * before_it.numel())]
        assert not now.flatten()[gone].any()
    assert (last != 0).all()
    assert not torch.equal(last, first)


def test_outputs_of_very_unlike_weights_all_outlive_pruning_and_learn_on() -> None:
    """One output's weights are so small that they are all among the nine tenths that are smallest."""
    settings = FieldMixer.Settings(channels=8, layers=1, training=dataclasses.replace(TRAINING, steps=120))
    mixer = FieldMixer(settings)
    examples, validation = shapes(24, 0), shapes(8, 1)
    mixer.fit(examples, validation, seed=0)
    inputs = {name: torch.from_numpy(values) for name, values in validation.batch(range(8))[0].items()}
    (network,) = mixer.networks().values()
    rows = network.head.smooth.weight  # type: ignore[union-attr]
    with torch.no_grad():
        rows[0] *= 1e-2
    low = lowered(mixer, "pruned", share=0.9, asked=lambda one: one(inputs))
    (pruned,) = low.networks().values()
    for name in ("smooth", "patches"):
        whole, kept = (getattr(net.head, name).weight for net in (network, pruned))  # type: ignore[union-attr]
        assert torch.equal(whole, kept)
    assert all(
        int((weight == 0).sum()) == round(0.9 * weight.numel())
        for name, layer in matrix_layers(pruned).items()
        if not name.startswith("head.")
        for weight in (getattr(layer, own) for own in weights_of(layer))
    )
    ready, record = train_for(mixer, "pruned", examples, validation, share=0.9, training=settings.training)
    after = lowered(ready, "pruned", share=0.9, asked=lambda one: one(inputs))

    def wrong(surrogate: FieldMixer) -> float:
        return float(surrogate.objective(examples, validation).validate(surrogate.module))

    assert wrong(after) == pytest.approx(record.validation_error, rel=1e-3)
    assert wrong(after) < 0.8 * wrong(low)


def test_nothing_else_is_trained_for(mlp: MLP) -> None:
    with pytest.raises(SurrogateError, match="ternary or pruned weights, got 'int8'"):
        train_for(mlp, "int8", WAVES, OTHERS)  # type: ignore[arg-type]
    with pytest.raises(SurrogateError, match=r"must lie in \[0, 1\), got -1"):
        train_for(mlp, "pruned", WAVES, OTHERS, share=-1)
