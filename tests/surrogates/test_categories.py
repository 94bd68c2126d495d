"""Codes are looked up and embedded, decades are seen by their logarithm; unused, nothing has changed."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import obstacles
from known_tables import MAKES, falling, makes, of, tensors
from understudy.surrogates import span_map
from understudy.surrogates.affine_span import AffineSpan
from understudy.surrogates.answer_network import AnswerNetwork
from understudy.surrogates.answering import AnsweringSettings
from understudy.surrogates.categories import MOST, Categories
from understudy.surrogates.dense import Dense
from understudy.surrogates.interpolation import Interpolation
from understudy.surrogates.mixture import Mixture
from understudy.surrogates.residual_dense import ResidualDense
from understudy.surrogates.surrogate import SurrogateError, load
from understudy.surrogates.training import TrainingSettings

SEEN = AnsweringSettings(frames=4, categories=("make",), logarithmic=("size", "price"))
SHORT = TrainingSettings(steps=300, batch=64, check_every=100, learning_rate=1e-2)
SMALL: dict[type[AnswerNetwork], dict[str, Any]] = {
    Dense: {"hidden": (16,), "activation": "tanh"},
    Mixture: {"hidden": (8,), "experts": 3, "active": 2},
    ResidualDense: {"width": 16, "blocks": 1, "query_features": 4, "time_features": 4},
}
KINDS = pytest.mark.parametrize("kind", SMALL, ids=lambda kind: kind.__name__)


def make(kind: Any, *, answering: AnsweringSettings = SEEN, training: TrainingSettings = SHORT) -> Any:
    return kind(kind.Settings(**SMALL[kind], answering=answering, training=training))


# categories -------------------------------------------------------------------------------------------


def test_a_code_is_its_place_among_those_that_were_seen() -> None:
    found = Categories.measure({"make": np.array([30.0, 10.0, 20.0, 10.0])}, ("make",))
    assert found.known == {"make": (10.0, 20.0, 30.0)}
    assert found.sizes == (3,)
    asked = torch.tensor([20.0, 30.0, 10.0])
    assert found.places({"make": asked}).tolist() == [[1.0], [2.0], [0.0]]
    assert found.places({"make": asked.double()}).dtype == torch.float64


@pytest.mark.parametrize("wrong", [15.0, 9.0, 31.0, float("nan")])
def test_a_code_that_was_not_seen_is_refused_by_name(wrong: float) -> None:
    found = Categories.measure({"make": np.array([30.0, 10.0, 20.0])}, ("make",))
    with pytest.raises(SurrogateError, match=rf"sample 1 has 'make' = {wrong:g}.*knows 10, 20, 30"):
        found.places({"make": torch.tensor([10.0, wrong])})
    with pytest.raises(SurrogateError, match=r"expected 'make' of shape \(batch\), got nothing"):
        found.places({})


def test_codes_are_what_single_precision_tells_apart() -> None:
    with pytest.raises(SurrogateError, match=r"'make' has codes that single precision cannot tell apart"):
        Categories.measure({"make": np.array([16777216.0, 16777217.0])}, ("make",))
    with pytest.raises(SurrogateError, match="cannot tell apart"):
        Categories.measure({"make": np.array([1.0, 1e300])}, ("make",))
    # learned in single precision, asked in double, and the other way round
    for learned, asked in ((np.float32, torch.float64), (np.float64, torch.float32)):
        found = Categories.measure({"make": np.array([0.1, 0.2], dtype=learned)}, ("make",))
        places = found.places({"make": torch.tensor([0.2, 0.1], dtype=asked)})
        assert (places.dtype, places.tolist()) == (asked, [[1.0], [0.0]])
    found = Categories.measure({"make": np.array([16777216.0, 16777218.0])}, ("make",))
    with pytest.raises(SurrogateError, match=r"'make' = 16777220, .* knows 16777216, 16777218"):
        found.places({"make": torch.tensor([16777220.0])})


def test_what_is_no_category_is_refused() -> None:
    with pytest.raises(SurrogateError, match=r"no input 'maker' to be a category; there are \['make'\]"):
        Categories.measure({"make": np.zeros(3)}, ("maker",))
    with pytest.raises(SurrogateError, match=r"'make' has shape \(2,\)"):
        Categories.measure({"make": np.zeros((3, 2))}, ("make",))
    with pytest.raises(SurrogateError, match=rf"256 different values; a category has at most {MOST}"):
        Categories.measure({"make": np.arange(256.0)}, ("make",))


# logarithms -------------------------------------------------------------------------------------------


def span(values: np.ndarray, *names: str) -> AffineSpan:
    return AffineSpan.measure(lambda: iter([values]), {"a": (2,), "b": ()}, logarithmic=names)


def test_a_span_of_logarithms_is_the_span_of_the_logarithms() -> None:
    generator = np.random.default_rng(0)
    values = np.exp(generator.normal(size=(60, 3)) * [1.0, 3.0, 0.5])
    plain = values.copy()
    plain[:, :2] = np.log(values[:, :2])
    found, other = span(values, "a"), span(plain)
    x = torch.from_numpy(values)
    torch.testing.assert_close(found.encode(x), other.encode(torch.from_numpy(plain)), rtol=0, atol=1e-12)
    torch.testing.assert_close(found.decode(found.encode(x)), x, rtol=1e-12, atol=0)
    assert found.logarithmic == ("a",)
    back = AffineSpan.from_tensors(found.tensors("s"), "s", found.shapes, logarithmic=("a",))
    assert torch.equal(back.encode(x), found.encode(x))


def test_what_follows_linearly_in_the_logarithm_has_no_coordinate() -> None:
    generator = np.random.default_rng(0)
    first = np.exp(generator.normal(size=60))
    values = np.stack([first, 5 * first**-2, first**0.5], axis=1)
    assert span(values, "a", "b").coordinates == 1
    assert span(values).coordinates == 3
    found, wrong = span(values, "a", "b"), torch.from_numpy(values[:3].copy())
    found.refuse_off(wrong)
    wrong[1, 1] *= 1.1
    with pytest.raises(SurrogateError, match=r"sample 1 has a '[ab]' unlike.*in its logarithm"):
        found.refuse_off(wrong)


def test_what_is_not_positive_has_no_logarithm() -> None:
    values = np.abs(np.random.default_rng(0).normal(size=(20, 3)))
    found = span(values, "b")
    values[3, 2] = 0.0
    with pytest.raises(SurrogateError, match="b must be positive"):
        span(values, "b")
    for ask in (found.encode, found.refuse_off):
        with pytest.raises(SurrogateError, match="b must be positive"):
            ask(torch.from_numpy(values))


def test_gradients_flow_through_logarithms() -> None:
    values = np.exp(np.random.default_rng(0).normal(size=(20, 3)))
    values[:, 2] -= 0.7  # some of it negative, and no logarithm is taken of it
    found, x = span(values, "a"), torch.from_numpy(values).requires_grad_()
    found.decode(found.encode(x)).sum().backward()
    torch.testing.assert_close(x.grad, torch.ones_like(x), rtol=0, atol=1e-10)


# networks ---------------------------------------------------------------------------------------------


@KINDS
def test_codes_and_decades_are_learned(kind: Any) -> None:
    network = make(kind)
    record = network.fit(makes(300, 0), makes(60, 1), seed=0)
    assert network.asked.coordinates == 2
    inputs, outputs = makes(50, 2).batch(range(50))
    said = network(tensors(inputs))["price"].numpy()
    error = np.abs(said / outputs["price"] - 1)
    assert np.median(error) < 0.1
    plain = make(kind, answering=dataclasses.replace(SEEN, categories=(), logarithmic=()))
    plain.fit(makes(300, 0), makes(60, 1), seed=0)
    worse = np.abs(plain(tensors(inputs))["price"].numpy() / outputs["price"] - 1)
    assert np.median(worse) > 5 * np.median(error)
    assert 0 < record.validation_error < 0.3, "of prices, not of their logarithms"


@KINDS
def test_it_comes_back_from_disk_with_its_codes(kind: Any, tmp_path: Path) -> None:
    network = make(kind, training=dataclasses.replace(SHORT, steps=20, check_every=10))
    record = network.fit(makes(60, 0), makes(20, 1), seed=0)
    network.save(tmp_path, fingerprint="makes", record=record)
    back, _ = load(tmp_path)
    asked = tensors(makes(9, 2).batch(range(9))[0])
    assert torch.equal(back(asked)["price"], network(asked)["price"])
    asked["make"][4] = 25.0
    with pytest.raises(SurrogateError, match=r"sample 4 has 'make' = 25, which .* knows 10, 20, 30"):
        back(asked)


@KINDS
def test_one_hot_codes_are_learned_and_come_back_from_disk(kind: Any, tmp_path: Path) -> None:
    network = make(kind, answering=dataclasses.replace(SEEN, embedding=None))
    record = network.fit(makes(300, 0), makes(60, 1), seed=0)
    assert not any("embedding" in name for name in network.tensors())
    inputs, outputs = makes(50, 2).batch(range(50))
    said = network(tensors(inputs))["price"]
    assert np.median(np.abs(said.numpy() / outputs["price"] - 1)) < 0.1
    network.save(tmp_path, fingerprint="makes", record=record)
    assert torch.equal(load(tmp_path)[0](tensors(inputs))["price"], said)


@KINDS
def test_timed_pairs_have_categories_too_and_start_exactly(kind: Any) -> None:
    answering = dataclasses.replace(SEEN, logarithmic=("u",), confidence=True, confidence_training=SHORT)
    network = make(kind, answering=answering)
    network.fit(falling(200, 0), falling(40, 1), seed=0)
    pairs = falling(5, 2)
    inputs, outputs = (tensors(part) for part in pairs.batch(range(5 * 9)))
    said = network(inputs)["u"]
    assert float((said / outputs["u"] - 1).abs().mean()) < 0.05
    torch.testing.assert_close(said[::9], inputs["u"][::9], rtol=1e-12, atol=0)
    mixed = torch.randperm(45, generator=torch.Generator().manual_seed(0))
    apart = network({name: values[mixed] for name, values in inputs.items()})["u"]
    torch.testing.assert_close(apart, said[mixed], rtol=0, atol=1e-12)
    expected, found = network.expected_error(inputs), (said - outputs["u"]).abs()
    assert 0.2 < float(expected.mean() / found.mean()) < 5, "in the output's own unit"


def test_queries_that_differ_in_their_code_alone_are_different_queries() -> None:
    network = make(Dense)
    network.fit(makes(300, 0), makes(60, 1), seed=0)
    asked = {"size": torch.ones(3).double(), "make": torch.tensor([10.0, 20.0, 30.0]).double()}
    said = network(asked)["price"]
    for code, price in zip((10.0, 20.0, 30.0), said, strict=True):
        assert float(price) == pytest.approx(10 ** MAKES[code], rel=0.3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"categories": ("maker",)}, "no input 'maker'"),
        ({"logarithmic": ("prize",)}, r"'prize' in `logarithmic` is no number.*\['price', 'size'\]"),
        ({"logarithmic": ("make",)}, "'make' in `logarithmic` is no number"),
        ({"embedding": 0}, "embedding must be at least 1"),
    ],
)
def test_names_that_are_not_there_are_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(SurrogateError, match=said):
        make(Dense, answering=dataclasses.replace(SEEN, **change)).fit(makes(30, 0), makes(9, 1), seed=0)


def test_codes_without_a_number_are_refused() -> None:
    pairs = of(makes(30, 0), inputs=("make",), outputs=("price",))
    answering = dataclasses.replace(SEEN, logarithmic=("price",))
    with pytest.raises(SurrogateError, match=r"all inputs are categories \(make\), and Dense needs"):
        make(Dense, answering=answering).fit(pairs, pairs, seed=0)


def test_an_output_that_is_negative_is_refused_where_its_logarithm_counts() -> None:
    negative = of(makes(30, 0), inputs=("size", "make"), outputs=("shift",))
    with pytest.raises(SurrogateError, match="shift must be positive"):
        make(Dense, answering=dataclasses.replace(SEEN, logarithmic=("shift",))).fit(
            negative, negative, seed=0
        )


def test_a_table_is_linear_between_logarithms() -> None:
    pairs, valid = (of(makes(n, s), inputs=("size",), outputs=("size",)) for n, s in ((40, 0), (9, 1)))
    errors = []
    for names in ((), ("size",)):
        table = Interpolation(Interpolation.Settings(logarithmic=names))
        table.fit(pairs, valid, seed=0)
        asked = torch.logspace(-1.5, 1.5, 50, dtype=torch.float64)
        errors.append(float((table({"size": asked})["size"] / asked - 1).abs().max()))
    assert errors[1] < 1e-12
    power = of(makes(40, 0), inputs=("size",), outputs=("size",))
    table = Interpolation(Interpolation.Settings(logarithmic=("size",)))
    table.fit(power, valid, seed=0)
    assert table.asked is not None
    assert table.asked.logarithmic == ("size",)


def test_a_mixture_says_who_answered_and_learns_the_same_with_noise() -> None:
    training = dataclasses.replace(SHORT, steps=30, check_every=10)
    settings = Mixture.Settings(**SMALL[Mixture], noise=0.5, answering=SEEN, training=training)
    state = torch.get_rng_state()
    first, again = Mixture(settings), Mixture(settings)
    for network in (first, again):
        network.fit(makes(100, 0), makes(20, 1), seed=2)
    assert torch.equal(torch.get_rng_state(), state)
    for name, tensor in first.tensors().items():
        assert torch.equal(tensor, again.tensors()[name]), name
    asked = tensors(makes(40, 2).batch(range(40))[0])
    chosen = first.chosen(asked)
    assert chosen.shape == (40, 2)
    alone = torch.cat([first.chosen({n: v[i : i + 1] for n, v in asked.items()}) for i in range(40)])
    assert torch.equal(chosen, alone)
    assert first.mixture.active_weights < first.mixture.stored_weights < first.parameters_count


def test_a_mixture_says_what_share_each_expert_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Mixture.Settings(
        **SMALL[Mixture], answering=SEEN, training=dataclasses.replace(SHORT, steps=5)
    )
    network = Mixture(settings)
    network.fit(makes(100, 0), makes(20, 1), seed=2)
    asked = tensors(makes(40, 2).batch(range(40))[0])
    monkeypatch.setattr(span_map, "_ROWS", 7)  # several batches
    wanted = torch.bincount(network.chosen(asked).flatten(), minlength=3) / 80
    assert wanted.count_nonzero() > 1
    torch.testing.assert_close(network.load(asked), wanted.double())


def test_the_balance_keeps_more_experts_at_work() -> None:
    loads = []
    for balance in (0.0, 1.0):
        settings = Mixture.Settings(
            experts=6, active=1, hidden=(8,), balance=balance, answering=SEEN, training=SHORT
        )
        network = Mixture(settings)
        network.fit(makes(300, 0), makes(60, 1), seed=0)
        chosen = network.chosen(tensors(makes(200, 2).batch(range(200))[0]))
        loads.append(torch.bincount(chosen.flatten(), minlength=6) / 200)
    assert loads[1].max() < loads[0].max()
    assert loads[1].min() > 0.03


def test_mixtures_that_make_no_sense_are_refused() -> None:
    with pytest.raises(SurrogateError, match="active must be at least 1 and at most experts = 3"):
        Mixture.Settings(experts=3, active=4)
    with pytest.raises(SurrogateError, match="balance and noise must not be negative"):
        Mixture.Settings(balance=-0.1)


def test_without_categories_and_logarithms_nothing_is_other_than_before() -> None:
    """A network of plain pairs has the parameters that it always had, and no embedding."""
    plain = make(Dense, answering=AnsweringSettings(frames=1), training=dataclasses.replace(SHORT, steps=5))
    plain.fit(obstacles(20, 0), obstacles(6, 1), seed=0)
    assert isinstance(plain.asked, AffineSpan)
    assert not any("embedding" in name for name in plain.tensors())
    assert plain.noted()["known"] == {}
