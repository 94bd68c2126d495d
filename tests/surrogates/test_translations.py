"""Translation between regimes, without pairs and with: closed forms, what is recovered, what stands aside."""

import dataclasses
import json
import time
from typing import Any

import numpy as np
import pytest
import torch
from known_translations import (
    DEVIATIONS,
    apart,
    archives,
    kinds_of,
    pairs_of,
    rotation,
    said,
    skewed,
    translations,
    turn,
)
from understudy.surrogates.alignment import WANTED_KIND, Alignment
from understudy.surrogates.blocks.shared_encoder import SharedEncoder
from understudy.surrogates.gaussian_transport import GaussianTransport
from understudy.surrogates.paired_translation import PairedTranslation
from understudy.surrogates.shared_translation import EncoderSettings
from understudy.surrogates.surrogate import SurrogateError, load
from understudy.surrogates.training import TrainingSettings
from understudy.surrogates.translation_fit import Aligned, MatchingFit, MatchSettings, RegressionFit
from understudy.surrogates.translation_regression import TranslationRegression
from understudy.surrogates.translator import likens
from understudy.surrogates.unchanged import Unchanged
from understudy.surrogates.unpaired_translation import UnpairedTranslation

SHORT = TrainingSettings(steps=300, batch=200, optimiser="adam", learning_rate=3e-3, clip=1.0, check_every=50)


def off(answers: np.ndarray, wanted: np.ndarray) -> float:
    """Relative error, root mean square."""
    return float(np.sqrt(((answers - wanted) ** 2).sum() / (wanted**2).sum()))


def learned(surrogate: Any, move: Any, deviations: tuple[float, ...]) -> float:
    """Its error after learning, without pairs, a map of skewed numbers."""
    own, other, judged, second, asked = (skewed(1_000, seed, deviations) for seed in range(5))
    surrogate.fit(apart(own, move(other)), apart(judged, move(second)), seed=0)
    assert surrogate.trusted
    return off(said(surrogate, asked), move(asked))


def network(**encoder: Any) -> UnpairedTranslation:
    return UnpairedTranslation(
        UnpairedTranslation.Settings(
            EncoderSettings(**{"hidden": (32,), **encoder}), MatchSettings(near=0.01), SHORT
        )
    )


# the network ------------------------------------------------------------------------------------------------


def test_the_encoder_is_shared_and_each_decoder_is_its_kinds_own() -> None:
    torch.manual_seed(0)
    module = SharedEncoder(numbers=3, hidden=(5,))
    for part in (module.encoder, *module.decoders):
        torch.nn.init.normal_(part.layers[-1].weight)
    for kind in (0, 1):
        module.zero_grad(set_to_none=True)
        module(torch.ones(2, 3), kind).square().sum().backward()
        assert all(weight.grad.abs().sum() > 0 for weight in module.encoder.parameters())
        assert all(weight.grad is not None for weight in module.decoders[kind].parameters())
        assert all(weight.grad is None for weight in module.decoders[1 - kind].parameters())
    with pytest.raises(ValueError, match="at least one number, got 0"):
        SharedEncoder(numbers=0, hidden=(5,))


@pytest.mark.parametrize("how", ["shift", "transport", "components"])
def test_a_new_network_translates_as_the_alignment_does(how: Any) -> None:
    given, wanted = skewed(60, 0), 2 * skewed(50, 1) + 1
    training = dataclasses.replace(SHORT, steps=1, learning_rate=1e-30)
    untrained = network(how=how)
    untrained.settings = dataclasses.replace(untrained.settings, training=training)
    closed = GaussianTransport(GaussianTransport.Settings(16, how=how))
    for surrogate in (untrained, closed):
        surrogate.fit(apart(given, wanted), apart(given, wanted), seed=0)
        assert surrogate.trusted
    np.testing.assert_allclose(said(untrained, given), said(closed, given), atol=1e-12)


def test_an_orthogonal_map_far_from_the_identity_is_recovered_without_pairs() -> None:
    def move(numbers: np.ndarray) -> np.ndarray:
        return np.asarray(numbers @ rotation(4, 5))

    asked = skewed(200, 9)
    assert off(asked, move(asked)) > 1
    assert learned(network(how="components"), move, DEVIATIONS) < 0.15
    assert learned(GaussianTransport(GaussianTransport.Settings(how="components")), move, DEVIATIONS) < 0.15


def test_of_a_turn_that_no_covariance_tells_the_network_finds_a_part() -> None:
    def move(numbers: np.ndarray) -> np.ndarray:
        return np.asarray(numbers @ turn(0.5))

    asked, even = skewed(200, 9, (1.5, 1.5)), (1.5, 1.5)
    # where all variances are equal, the shortest map is none
    assert off(asked, move(asked)) == pytest.approx(2 * np.sin(0.25))
    assert learned(network(), move, even) < 0.8 * 2 * np.sin(0.25)


def test_of_a_bend_that_transport_cannot_make_the_network_finds_a_good_part() -> None:
    def move(numbers: np.ndarray) -> np.ndarray:
        return np.stack([numbers[:, 0] + 0.4 * numbers[:, 0].clip(0) ** 2, numbers[:, 1] + 1], axis=1)

    closed = learned(GaussianTransport(), move, (1.0, 1.0))
    assert closed > 0.2
    assert learned(network(), move, (1.0, 1.0)) < 0.7 * closed


@torch.no_grad()
def test_each_part_of_the_loss_is_zero_for_the_exact_translation_and_not_for_others() -> None:
    generator = torch.Generator().manual_seed(0)
    numbers = torch.from_numpy(skewed(400, 0))
    same = Aligned((numbers, numbers.clone()), torch.eye(4).double().expand(2, 4, 4))
    off_by_one = Aligned((numbers, numbers + 1), same.decodings)
    module = SharedEncoder(numbers=4, hidden=(8,)).double()
    some = torch.arange(400)
    none = dict.fromkeys(("reconstruct", "match", "code", "cycle", "near"), 0.0)
    for part in none:
        fit = MatchingFit(same, same, MatchSettings(**{**none, part: 1.0}))
        # wanted fields are drawn, so that even equal clouds are not the same points
        assert float(fit.loss(module, some, generator)) < (1.5 if part in ("match", "code") else 1e-9)
        assert fit.validate(module) == pytest.approx(0, abs=1e-9)
    for part in ("match", "code"):
        fit = MatchingFit(off_by_one, off_by_one, MatchSettings(**{**none, part: 1.0}))
        assert float(fit.loss(module, some, generator)) > 3
        assert fit.validate(module) > 0.02
    torch.nn.init.constant_(module.decoders[WANTED_KIND].layers[-1].bias, 1.0)
    for part, size in (("reconstruct", 4.0), ("near", 4.0), ("cycle", 8.0)):
        fit = MatchingFit(same, same, MatchSettings(**{**none, part: 1.0}))
        assert float(fit.loss(module, some, generator)) == pytest.approx(size)


# never worse than the identity ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))])
def test_where_there_is_nothing_to_learn_it_answers_what_it_was_given_bit_for_bit(seed: int) -> None:
    parts = [skewed(150, 10 * seed + i) for i in range(5)]
    for surrogate in (network(), GaussianTransport()):
        record = surrogate.fit(apart(*parts[:2]), apart(*parts[2:4]), seed=seed)
        assert not surrogate.trusted
        assert "stands aside" in record.note
        assert np.array_equal(said(surrogate, parts[4]), parts[4])


def test_a_translation_is_believed_only_if_it_is_nearer_beyond_chance() -> None:
    given, wanted, more = (torch.from_numpy(skewed(100, seed)) for seed in range(3))
    assert likens(given + 1, given, wanted + 1, seed=0)
    assert not likens(given + 1, given, wanted, seed=0)
    assert not likens(given, given, wanted, seed=0)
    assert not likens(more, given, wanted, seed=0)


def test_whether_it_stands_aside_comes_back_from_disk(tmp_path: Any) -> None:
    parts = [skewed(60, i) for i in range(4)]
    surrogate = GaussianTransport()
    record = surrogate.fit(apart(*parts[:2]), apart(*parts[2:]), seed=0)
    surrogate.save(tmp_path, fingerprint="a" * 64, record=record)
    back, _ = load(tmp_path)
    assert isinstance(back, GaussianTransport)
    assert not back.trusted
    assert np.array_equal(said(back, parts[0]), parts[0])


def test_the_contract_is_asked_of_translators_that_do_not_stand_aside() -> None:
    for surrogate in (GaussianTransport(), network(components=3)):
        surrogate.fit(archives(20, 0), archives(6, 1), seed=3)
        assert surrogate.trusted


# what learning costs ----------------------------------------------------------------------------------------


def test_the_bill_holds_the_alignment_and_what_was_resumed(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure, validate = Alignment.measure, MatchingFit.validate
    waited = 0.5

    def slow_measure(*args: Any, **how: Any) -> Alignment:
        time.sleep(waited)
        return measure(*args, **how)

    def slow_validate(*args: Any) -> float:
        time.sleep(waited)
        return validate(*args)

    monkeypatch.setattr(Alignment, "measure", slow_measure)
    monkeypatch.setattr(MatchingFit, "validate", slow_validate)
    parts = apart(skewed(60, 0), skewed(60, 1)), apart(skewed(60, 2), skewed(60, 3))

    def spent(seconds: float | None) -> tuple[float, float]:
        """Seconds on the clock and in the record."""
        surrogate = network()
        training = dataclasses.replace(SHORT, seconds=seconds)
        surrogate.settings = dataclasses.replace(surrogate.settings, training=training)
        begin = time.perf_counter()
        record = surrogate.fit(*parts, seed=0, folder=tmp_path)
        assert record.finished == (seconds is None)
        return time.perf_counter() - begin, record.seconds

    clock, first = spent(1e-6)
    assert 3 * waited < first <= clock, "the alignment, the untrained network, and that after one step"
    kept = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])["seconds"]
    assert kept > waited
    waited = 0.0
    again, both = spent(None)
    assert both == pytest.approx(again + kept, abs=0.2)


# with pairs -------------------------------------------------------------------------------------------------


def test_with_pairs_the_loss_is_plain_regression_on_fields() -> None:
    given, wanted = skewed(40, 0), skewed(40, 1) @ rotation(4, 0)
    pairs = pairs_of(given, wanted)
    surrogate = PairedTranslation(
        PairedTranslation.Settings(EncoderSettings(hidden=(8,)), training=dataclasses.replace(SHORT, steps=5))
    )
    record = surrogate.fit(pairs, pairs, seed=0)
    error = ((said(surrogate, given) - wanted) ** 2).sum()
    size = ((wanted - wanted.mean(axis=0)) ** 2).sum()
    alignment, module = surrogate.alignment, surrogate.module
    assert alignment is not None
    assert module is not None
    own = surrogate._aligned(alignment, kinds_of(given, wanted), kinds_of(given, wanted), torch.float64)
    fit = RegressionFit(own, own)
    with torch.no_grad():
        loss = float(fit.loss(module, torch.arange(40), torch.Generator()))
        assert loss == pytest.approx(error / size, rel=1e-6)
        assert fit.validate(module) == pytest.approx(loss**0.5)
    assert record.validation_error == pytest.approx(np.sqrt(error / (wanted**2).sum()), rel=1e-6)


def test_ridge_regression_finds_any_linear_map_from_pairs() -> None:
    move = np.random.default_rng(0).normal(size=(4, 4))
    given, asked = skewed(100, 0), skewed(30, 1)
    ridge = TranslationRegression(TranslationRegression.Settings(ridge=0.0))
    record = ridge.fit(pairs_of(given, given @ move + 2), pairs_of(asked, asked @ move + 2), seed=0)
    np.testing.assert_allclose(said(ridge, asked), asked @ move + 2, atol=1e-9)
    assert record.validation_error < 1e-9


def test_with_pairs_the_network_learns_what_no_covariance_tells() -> None:
    given, wanted = skewed(500, 0), skewed(500, 0) @ rotation(4, 5)
    asked = skewed(100, 1)
    surrogate = PairedTranslation(
        PairedTranslation.Settings(EncoderSettings(how="shift", hidden=(32,)), training=SHORT)
    )
    surrogate.fit(pairs_of(given, wanted), pairs_of(given, wanted), seed=0)
    assert off(said(surrogate, asked), asked @ rotation(4, 5)) < 0.25


# refusals ---------------------------------------------------------------------------------------------------


def test_settings_that_make_no_sense_are_refused() -> None:
    settings: Any
    for settings, changes, sentence in (
        (GaussianTransport.Settings, {"components": 0}, "components must be at least 1, got 0"),
        (GaussianTransport.Settings, {"how": "magic"}, "shift, transport or components, got 'magic'"),
        (EncoderSettings, {"hidden": (0,)}, "hidden must be widths"),
        (EncoderSettings, {"activation": "sine"}, "activation one of"),
        (MatchSettings, {"near": -1.0}, "weight near must be at least 0"),
        (TranslationRegression.Settings, {"ridge": -1.0}, "ridge at least 0"),
    ):
        with pytest.raises(SurrogateError, match=sentence):
            settings(**changes)
    with pytest.raises(SurrogateError, match="got 'magic'"):
        Alignment.measure(kinds_of(skewed(5, 0), skewed(5, 1)), components=2, how="magic")  # type: ignore[arg-type]


def test_data_that_cannot_be_learned_from_is_refused() -> None:
    good, alike = skewed(10, 0), np.ones((10, 4))
    for bad, sentence in (
        (apart(good, good[:1]), "at least 2 samples each to learn from, got 10 and 1"),
        (apart(alike, alike), "nothing to translate"),
        (apart(good, np.full_like(good, np.nan)), "NaN or infinity"),
        (apart(good, good[:0]), "needs training and validation pairs, got 0 and 10"),
    ):
        with pytest.raises(SurrogateError, match=sentence):
            GaussianTransport().fit(bad, apart(good, good), seed=0)
    surrogate = Unchanged()
    assert surrogate.fit(translations(10, 0), translations(5, 1), seed=0).note == ""
    with pytest.raises(SurrogateError, match=r"expected 'given/u' of shape \(batch, 6, 4\), got nothing"):
        surrogate({"u": torch.zeros(2, 6, 4)})
