"""One recurrent network for all places: what it sees, what it cannot see, and what a new one is."""

from typing import Any

import pytest
import torch
from torch import nn
from understudy.surrogates.blocks.patchwise_lstm import PatchwiseLSTM

POINTS, FRAMES = 12, 5


def network(**changes: Any) -> PatchwiseLSTM:
    """With random weights everywhere."""
    chosen = {
        "points": POINTS,
        "channels": 2,
        "patch": 3,
        "reach": 1,
        "width": 4,
        "layers": 1,
        "directions": 2,
    }
    torch.manual_seed(0)
    made = PatchwiseLSTM(**{**chosen, **changes}).double()
    for parameter in made.parameters():
        nn.init.normal_(parameter)
    return made


def channels(batch: int = 2) -> torch.Tensor:
    return torch.randn(batch, FRAMES, 2, POINTS, generator=torch.Generator().manual_seed(1)).double()


def changed(made: PatchwiseLSTM, frame: int, point: int) -> torch.Tensor:
    """(FRAMES, POINTS) whether an answer changes with one value that is seen."""
    before, given = made(channels(1)), channels(1)
    given[0, frame, 0, point] += 1
    return (made(given) != before)[0]


@pytest.mark.parametrize("layers", [1, 2])
def test_a_shift_by_a_patch_shifts_the_answer(layers: int) -> None:
    made, given = network(layers=layers), channels()
    torch.testing.assert_close(made(given.roll(3, dims=3)), made(given).roll(3, dims=2))


def test_a_patch_sees_its_points_and_its_reach_around_the_end() -> None:
    seen = network().seen(channels(1))
    assert seen.shape == (1, FRAMES, 4, 10)
    for place, points in enumerate(([11, 0, 1, 2, 3], [2, 3, 4, 5, 6], [5, 6, 7, 8, 9], [8, 9, 10, 11, 0])):
        assert torch.equal(seen[0, :, place], channels(1)[0][:, :, points].flatten(1))


def test_further_layers_hear_of_their_neighbours() -> None:
    near, far = changed(network(), 2, 7), changed(network(layers=2), 2, 7)
    assert near[:, 6:9].all() and not near[:, :6].any() and not near[:, 9:].any()
    assert far[:, 3:].all() and not far[:, :3].any()


def test_one_direction_knows_nothing_of_later_frames_and_two_do() -> None:
    forward, both = changed(network(directions=1), 2, 7), changed(network(), 2, 7)
    assert not forward[:2].any() and forward[2:, 6:9].all()
    assert both[:, 6:9].all()


def test_a_new_one_is_its_linear_reading_of_each_frame() -> None:
    torch.manual_seed(0)
    made = PatchwiseLSTM(
        points=POINTS, channels=2, patch=3, reach=1, width=4, layers=2, directions=2
    ).double()
    nn.init.normal_(made.reading.weight)
    expected = made.reading(made.seen(channels())).flatten(2)
    assert torch.equal(made(channels()), expected)
    biases = made.layers[0].bias_ih_l0 + made.layers[0].bias_hh_l0
    assert biases[4:8].tolist() == [1.0] * 4  # of the forget gates


def test_one_patch_is_torchs_own_lstm_of_whole_frames() -> None:
    made, given = network(patch=POINTS, reach=0), channels()
    hidden = made.layers[0](given.flatten(2))[0]
    expected = made.reading(given.flatten(2)) + made.readout(hidden)
    torch.testing.assert_close(made(given), expected)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"patch": 5}, "one or at least three equal parts, got patch 5"),
        ({"patch": 6}, "one or at least three equal parts, got patch 6"),
        ({"reach": 13}, "between 0 and the 12 points"),
        ({"patch": 12, "reach": 1}, "be 0 where one patch has them all, got 1"),
        ({"directions": 3}, "directions 1 or 2, got 4, 1 and 3"),
        ({"width": 0}, "width and layers must be at least 1"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(changes: dict[str, int], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        network(**changes)
