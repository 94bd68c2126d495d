"""What networks of fields are shown, and what they lose by: written a second time, and back again."""

from typing import Any

import numpy as np
import pytest
import torch
from known_fields import shapes, tensors
from understudy.surrogates.field_fit import FieldFit
from understudy.surrogates.field_scaling import FieldScaling
from understudy.surrogates.field_settings import FieldSettings
from understudy.surrogates.surrogate import SurrogateError


def test_a_loss_that_is_not_known_is_refused() -> None:
    with pytest.raises(SurrogateError, match="mse, mae, rms or relative"):
        FieldSettings(loss="mean")  # type: ignore[arg-type]


def scaled(**settings: Any) -> FieldScaling:
    return FieldScaling.measure(shapes(20, 0).held(), FieldSettings(**settings))


def test_an_edge_is_shown_as_its_inside_and_as_what_rises_beyond() -> None:
    scaling = scaled(edge="distance", edge_scales=(0.0, 0.2))
    inputs, outputs = shapes(6, 1).batch(range(6))
    channels = scaling.channels(tensors(inputs))
    assert channels.shape == (6, scaling.inputs, 10, 14)
    np.testing.assert_array_equal(channels[:, 1], inputs["distance"] < 0)
    np.testing.assert_allclose(channels[:, 2], outputs["away"], atol=1e-12)
    alone = scaled(edge="distance", edge_scales=(0.0,), plain=False)
    assert alone.inputs == 3
    np.testing.assert_array_equal(alone.channels(tensors(inputs))[:, 0], inputs["distance"] < 0)


def test_an_edge_can_be_taken_between_points() -> None:
    scaling = scaled(edge="distance", edge_scales=(0.0,), edge_at=(0.5, 0.25))
    distance = np.tile(np.arange(14.0) - 6.5, (1, 10, 1)) + 0.5 * np.arange(10.0)[:, None]
    inside = scaling.channels({"distance": torch.from_numpy(distance)})[0, 1, :9, :13].numpy()
    np.testing.assert_array_equal(inside, (distance + 0.25 + 0.25 < 0)[0, :9, :13])


def test_a_number_that_is_always_positive_stays_so() -> None:
    scaling = scaled()
    said = scaling.named(torch.full((3, scaling.outputs, 10, 14), -50.0, dtype=torch.float64))
    assert (said["area"] > 0).all()
    assert (said["away"] < 0).any()


def test_components_of_one_vector_have_one_unit() -> None:
    apart, together = (scaled(together=answer, centred=False) for answer in (False, True))
    assert apart.scale[0] > 2 * apart.scale[1]
    assert together.scale[0] == together.scale[1]
    np.testing.assert_allclose(together.scale[0] ** 2, (apart.scale**2).mean())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ending": "sigmoid"}, "none, relu or tanh"),
        ({"edge": "distance"}, "an edge needs scales"),
        ({"edge_scales": (0.1,)}, "scales need an edge"),
        ({"edge": "distance", "edge_scales": (-1.0,)}, "at least 0"),
        ({"edge_at": (2.0, 0.0)}, "two numbers from 0 to 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: Any, said: str) -> None:
    with pytest.raises(SurrogateError, match=said):
        FieldSettings(**settings)


def test_fields_that_are_not_there_are_refused_by_name() -> None:
    with pytest.raises(SurrogateError, match="slopes names 'distance'"):
        scaled(slopes=("distance",))
    with pytest.raises(SurrogateError, match="edge names 'away'"):
        scaled(edge="away", edge_scales=(0.1,))


SCALED = {"scaled": ("away", "twist"), "scaled_by": "area"}


def test_what_is_scaled_comes_back_as_it_was() -> None:
    pairs = shapes(8, 1)
    scaling = FieldScaling.measure(pairs.held(), FieldSettings(**SCALED))  # type: ignore[arg-type]
    seen = scaling.encoded(pairs.held(), device=torch.device("cpu"))
    grid = torch.ones(1, 1, 10, 14)
    said = scaling.named(torch.cat([seen.fields, seen.numbers[..., None, None] * grid], dim=1).double())
    for name, true in pairs.batch(range(8))[1].items():
        np.testing.assert_allclose(said[name].numpy(), true, rtol=1e-4, atol=1e-4)
    held = pairs.held()
    held.outputs["area"][3] = 0.0
    with pytest.raises(SurrogateError, match="not always positive"):
        FieldScaling.measure(held, FieldSettings(**SCALED))  # type: ignore[arg-type]


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("loss", ["mse", "mae", "rms", "relative"])
def test_the_loss_is_what_the_settings_say(loss: Any, together: bool) -> None:
    """Written a second time, of a network that answers nothing, so that the wanted fields are the errors."""
    slopes = () if together else ("away",)
    settings = FieldSettings(loss=loss, others=0.3, together=together, slopes=slopes)
    held = shapes(6, 1).held(dtype="float32")
    scaling = FieldScaling.measure(held, settings)
    seen = scaling.encoded(held, device=torch.device("cpu"))
    nothing = torch.nn.Conv2d(scaling.inputs, scaling.outputs, 1)
    torch.nn.init.zeros_(nothing.weight)
    torch.nn.init.zeros_(nothing.bias)  # type: ignore[arg-type]
    fit = FieldFit(seen, seen, scaling=scaling)
    found = float(fit.loss(nothing, torch.arange(6), torch.Generator()).detach())

    wanted, offset = seen.fields.numpy(), (scaling.mean / scaling.scale[:, None, None]).numpy()
    away, twist = ([wanted[:, k]] for k in (0, 1))
    whole = [[(wanted + offset)[:, k]] for k in (0, 1)]
    unit = 1.0
    if slopes:
        whole[0] = [np.diff(whole[0][0], axis=axis) for axis in (1, 2)]
        unit = _flat([np.diff(away[0], axis=axis) for axis in (1, 2)]).std(mean=0.0)
        away = [np.diff(away[0], axis=axis, prepend=0.0) for axis in (1, 2)]
    groups = (
        [(away + twist, whole[0] + whole[1], 1.0)]
        if together
        else [
            (away, whole[0], unit),
            (twist, whole[1], 1.0),
        ]
    )
    parts = []
    for error, true, own in groups:
        squares, sizes = ([sum((p[i] ** 2).sum() for p in of) for i in range(6)] for of in (error, true))
        points = sum(p[0].size for p in error)
        parts.append(
            {
                "mse": (_flat(error) ** 2).mean() / own**2,
                "mae": np.abs(_flat(error)).mean() / own,
                "rms": np.sqrt(np.array(squares) / points).mean() / own,
                "relative": np.sqrt(np.array(squares) / np.array(sizes)).mean(),
            }[loss]
        )
    expected = parts[0] + 0.3 * sum(parts[1:]) + 0.3 * float((seen.numbers**2).mean())
    assert found == pytest.approx(expected, rel=1e-4)


def _flat(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([part.ravel() for part in parts])


def test_what_a_set_takes_in_memory_is_known_beforehand() -> None:
    held = shapes(300, 1).held(dtype="float32")  # more than a block
    scaling = FieldScaling.measure(held, FieldSettings(edge="distance", edge_scales=(0.0, 0.2)))
    seen = scaling.encoded(held, device=torch.device("cpu"))
    assert scaling.bytes_encoded(300) == seen.planes.nbytes + seen.fields.nbytes
    inputs = {name: torch.from_numpy(v).double() for name, v in held.inputs.items()}
    np.testing.assert_allclose(
        scaling.image(seen.planes, seen.levels).numpy(), scaling.channels(inputs).numpy(), atol=1e-5
    )
    wanted = np.stack([v[:, 0] for v in held.outputs.values() if v.ndim == 4], axis=1)
    found = scaling.mean.numpy() + scaling.scale[:, None, None].numpy() * seen.fields.numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-5)
