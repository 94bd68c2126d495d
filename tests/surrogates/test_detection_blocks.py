"""Overlaps, suppression, heads and losses of detection, against what loops and formulae say."""

from typing import Any

import pytest
import torch
from torch.nn import functional
from understudy.surrogates.blocks.detection_head import Detected, DetectionHead, as_maps, from_maps
from understudy.surrogates.blocks.focal_loss import FocalLoss
from understudy.surrogates.blocks.intersection_over_union import box_overlaps, mask_overlaps
from understudy.surrogates.blocks.non_maximum_suppression import survivors
from understudy.surrogates.blocks.segmentation_head import SegmentationHead


def random_boxes(count: int, seed: int) -> torch.Tensor:
    """Of whole numbers, so that they can be counted cell by cell."""
    generator = torch.Generator().manual_seed(seed)
    low = torch.randint(0, 14, (count, 2), generator=generator)
    size = torch.randint(1, 9, (count, 2), generator=generator)
    return torch.cat([low, low + size], dim=1).double()


def cells_of(box: torch.Tensor) -> set[tuple[int, int]]:
    top, left, bottom, right = (int(side) for side in box)
    return {(row, column) for row in range(top, bottom) for column in range(left, right)}


def test_overlaps_of_boxes_are_those_that_counting_cells_gives() -> None:
    first, second = random_boxes(30, seed=0), random_boxes(20, seed=1)
    overlaps = box_overlaps(first, second)
    assert overlaps.shape == (30, 20)
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            one, other = cells_of(a), cells_of(b)
            assert float(overlaps[i, j]) == pytest.approx(len(one & other) / len(one | other), abs=1e-12)


def test_overlaps_of_masks_are_those_that_counting_cells_gives() -> None:
    generator = torch.Generator().manual_seed(2)
    first, second = (torch.rand(2, 12, 9, 7, generator=generator) < 0.4).double().unbind(0)
    for k, overlap in enumerate(mask_overlaps(first, second)):
        one, other = ({tuple(c.tolist()) for c in mask[k].nonzero()} for mask in (first, second))
        assert float(overlap) == pytest.approx(len(one & other) / len(one | other), abs=1e-12)
    nothing = torch.zeros(1, 4, 4)
    assert float(mask_overlaps(nothing, nothing)) == 1
    assert float(mask_overlaps(nothing, nothing + 1)) == 0


def test_boxes_without_area_overlap_nothing() -> None:
    point, box = torch.tensor([[1.0, 1, 1, 1]]), torch.tensor([[0.0, 0, 2, 2]])
    assert float(box_overlaps(point, point)) == 0
    assert float(box_overlaps(point, box)) == 0


def kept_by_loops(boxes: torch.Tensor, scores: torch.Tensor, most: float) -> list[bool]:
    kept: list[int] = []
    for i in sorted(range(len(scores)), key=lambda i: (-float(scores[i]), i)):
        cells = cells_of(boxes[i])
        others = (cells_of(boxes[j]) for j in kept)
        if all(len(cells & other) / len(cells | other) <= most for other in others):
            kept.append(i)
    return [i in kept for i in range(len(scores))]


@pytest.mark.parametrize("most", [0.0, 0.1, 0.3, 0.7, 1.0])
def test_suppression_keeps_what_loops_keep(most: float) -> None:
    boxes = torch.stack([random_boxes(25, seed) for seed in range(8)])
    # few different scores, so that there are equal ones
    scores = torch.randint(0, 12, (8, 25), generator=torch.Generator().manual_seed(9)).double() / 12
    kept = survivors(box_overlaps(boxes, boxes), scores, most=most)
    assert kept.tolist() == [kept_by_loops(b, s, most) for b, s in zip(boxes, scores, strict=True)]
    assert bool(kept.all()) == (most == 1.0)


def things(samples: int = 5, slots: int = 4, grid: tuple[int, int] = (6, 8)) -> Detected:
    """Each in a cell of its own, the last slot of each sample empty."""
    generator = torch.Generator().manual_seed(4)
    cells = torch.stack(
        [torch.randperm(grid[0] * grid[1], generator=generator)[:slots] for _ in range(samples)]
    )
    corners = torch.stack([cells // grid[1], cells % grid[1]], dim=-1)
    places = corners + torch.rand(samples, slots, 2, generator=generator, dtype=torch.float64)
    numbers = torch.randn(samples, slots, 3, generator=generator, dtype=torch.float64)
    scores = torch.ones(samples, slots, dtype=torch.float64)
    scores[:, -1] = 0
    return Detected(scores, places, numbers)


def test_reading_maps_undoes_writing_them() -> None:
    true = things()
    maps = as_maps(true, grid=(6, 8))
    assert maps.shape == (5, 6, 6, 8)
    assert maps[:, 0].sum(dim=(1, 2)).tolist() == [3] * 5
    assert float(maps[:, 1:3].abs().max()) <= 0.5
    said = from_maps(torch.cat([40 * maps[:, :1] - 20, maps[:, 1:]], dim=1), slots=3)
    assert (said.scores > 0.99).all()
    for k in range(5):
        order, known = said.places[k, :, 0].argsort(), true.places[k, :3, 0].argsort()
        torch.testing.assert_close(said.places[k, order], true.places[k, :3][known])
        torch.testing.assert_close(said.numbers[k, order], true.numbers[k, :3][known])


def test_of_two_in_one_cell_the_earlier_slot_stays_and_places_beyond_count_for_the_edge() -> None:
    places = torch.tensor([[[1.2, 2.9], [1.8, 2.1], [-0.3, 8.4]]])
    maps = as_maps(Detected(torch.ones(1, 3), places, torch.tensor([[[1.0], [2.0], [3.0]]])), grid=(6, 8))
    assert float(maps[0, 0].sum()) == 2
    torch.testing.assert_close(maps[0, :, 1, 2], torch.tensor([1.0, -0.3, 0.4, 1.0]))
    torch.testing.assert_close(maps[0, :, 0, 7], torch.tensor([1.0, -0.8, 0.9, 3.0]))


def test_heads_have_the_promised_shapes_and_expect_little() -> None:
    features = torch.randn(2, 6, 5, 4, generator=torch.Generator().manual_seed(0))
    maps = DetectionHead(channels=6, numbers=2)(features)
    assert maps.shape == (2, 5, 5, 4)
    torch.testing.assert_close(maps[:, 0].sigmoid(), torch.full((2, 5, 4), 0.05))
    assert SegmentationHead(channels=6, finer=4)(features).shape == (2, 20, 16)


def test_a_mask_s_fine_cells_come_from_their_own_coarse_cell() -> None:
    head = SegmentationHead(channels=2, finer=3)
    features = torch.zeros(1, 2, 6, 6)
    other = features.clone()
    other[0, :, 0, 0] = 5.0
    changed = (head(features) != head(other))[0]
    assert changed[:6, :6].any()
    assert not changed[6:].any()
    assert not changed[:, 6:].any()


def test_the_focal_loss_is_its_formula_and_without_focus_the_cross_entropy() -> None:
    generator = torch.Generator().manual_seed(1)
    logits = 3 * torch.randn(40, generator=generator, dtype=torch.float64)
    truth = (torch.rand(40, generator=generator) < 0.2).double()
    p = torch.where(truth > 0, logits.sigmoid(), 1 - logits.sigmoid())
    expected = -((1 - p) ** 2 * p.log()).sum() / truth.sum()
    torch.testing.assert_close(FocalLoss(focus=2.0)(logits, truth), expected)
    whole = functional.binary_cross_entropy_with_logits(logits, truth, reduction="sum") / truth.sum()
    torch.testing.assert_close(FocalLoss(focus=0.0)(logits, truth), whole)
    assert float(FocalLoss()(logits, 0 * truth)) > 0  # where nothing is, over one


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: box_overlaps(torch.zeros(2, 3), torch.zeros(2, 4)), "4 numbers"),
        (lambda: survivors(torch.zeros(3, 2), torch.zeros(3), most=0.5), "overlaps of each pair"),
        (lambda: survivors(torch.zeros(3, 3), torch.zeros(3), most=1.5), r"in \[0, 1\]"),
        (lambda: FocalLoss(focus=-1.0), "focus"),
        (lambda: DetectionHead(channels=0), "channels"),
        (lambda: SegmentationHead(channels=2, finer=0), "finer"),
        (lambda: from_maps(torch.zeros(1, 3, 2, 2), slots=5), "one for each cell"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()
