"""Coordinates on an affine span: what is dependent is dropped, comes back exactly, and is guarded."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from understudy.surrogates.affine_span import AffineSpan
from understudy.surrogates.surrogate import SurrogateError

SHAPES = {"place": (3,), "size": (2,), "number": ()}


def bodies(samples: int, seed: int = 0) -> np.ndarray:
    """Three places that add up to nothing, two sizes that never vary, and twice the first place plus 5."""
    two = np.random.default_rng(seed).normal(size=(samples, 2)) * [1.0, 0.1]
    return np.column_stack([two, -two.sum(axis=1), np.full((samples, 2), 3.0), 2 * two[:, 0] + 5])


def span(values: np.ndarray, blocks: int = 3) -> AffineSpan:
    def parts() -> Iterator[np.ndarray]:
        yield from np.array_split(values, blocks)

    return AffineSpan.measure(parts, SHAPES)


def test_what_is_constant_or_follows_from_the_rest_has_no_coordinate() -> None:
    values = bodies(200)
    found = span(values)
    assert found.coordinates == 2
    coordinates = found.encode(torch.from_numpy(values))
    torch.testing.assert_close(coordinates.std(dim=0, correction=0), torch.ones(2).double())
    torch.testing.assert_close(coordinates.mean(dim=0), torch.zeros(2).double(), rtol=0, atol=1e-12)


def test_what_was_dropped_comes_back_exactly() -> None:
    found, other = span(bodies(200)), torch.from_numpy(bodies(50, seed=1))
    torch.testing.assert_close(found.decode(found.encode(other)), other, rtol=0, atol=1e-13)
    invented = found.decode(torch.randn(20, 2, dtype=torch.float64))
    assert invented[:, :3].sum(dim=1).abs().max() < 1e-13
    assert (invented[:, 3:5] - 3).abs().max() < 1e-13


def test_the_rounding_of_single_precision_is_no_direction() -> None:
    assert span(bodies(500).astype(np.float32).astype(np.float64)).coordinates == 2


@pytest.mark.parametrize(
    ("number", "name"), [(0, "place"), (2, "place"), (3, "size"), (5, "number")], ids=str
)
def test_a_sample_off_the_span_is_refused_by_the_name_of_its_field(number: int, name: str) -> None:
    found, values = span(bodies(200)), torch.from_numpy(bodies(5, seed=1))
    found.refuse_off(values)
    found.refuse_off(values.float())
    values[3, number] += 0.01
    with pytest.raises(SurrogateError, match=r"sample 3 has a '(place|number|size)' unlike any"):
        found.refuse_off(values)
    if name == "size":
        with pytest.raises(SurrogateError, match=r"'size' was constant there.*off by 0\.01"):
            found.refuse_off(values)


def test_few_samples_prove_no_dependence() -> None:
    """Twelve random samples of six numbers span them all, four of them would not."""
    values = np.random.default_rng(0).normal(size=(5, 6))
    found = span(values, blocks=1)
    assert found.coordinates == 6
    found.refuse_off(torch.randn(3, 6, dtype=torch.float64))


def test_fields_go_side_by_side_and_come_apart_again() -> None:
    found = span(bodies(20))
    fields = {"number": torch.arange(4.0), "size": torch.ones(4, 2), "place": torch.zeros(4, 3)}
    flat = found.flatten(fields)
    assert flat[:, 5].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert all(torch.equal(v, fields[k]) for k, v in found.fields(flat).items())
    with pytest.raises(SurrogateError, match=r"expected 'size' of shape \(batch, 2\), got shape \(4, 3\)"):
        found.flatten({**fields, "size": torch.ones(4, 3)})
    with pytest.raises(SurrogateError, match=r"expected 'place' of shape \(batch, 3\), got nothing"):
        found.flatten({})


def test_all_fields_weigh_alike_whatever_their_points() -> None:
    weights = span(bodies(20)).field_weights
    assert weights.mean() == pytest.approx(1.0)
    assert weights[:3].sum() == pytest.approx(float(weights[3:5].sum()))
    assert weights[3:5].sum() == pytest.approx(float(weights[5]))


def test_samples_that_are_no_numbers_are_refused() -> None:
    values = bodies(20)
    values[3, 1] = np.nan
    with pytest.raises(SurrogateError, match="NaN or infinity"):
        span(values)
    with pytest.raises(SurrogateError, match="nothing to learn from"):
        span(values[:0], blocks=1)


def test_gradients_flow_through_it_after_it_has_answered_without() -> None:
    found, values = span(bodies(200)), torch.from_numpy(bodies(5, seed=1))
    with torch.inference_mode():
        found.decode(found.encode(values))
    asked = values.clone().requires_grad_()
    found.decode(found.encode(asked)).square().sum().backward()
    assert asked.grad is not None
    assert asked.grad.abs().max() > 0
