"""A set of vortices is sound, and gives pairs that know their grid and the roles of what is in them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from understudy.datasets.card import card
from understudy.datasets.check import check
from understudy.datasets.detections import Detecting, Detections
from understudy.datasets.generate import GenerateSettings, generate
from understudy.datasets.picture import draw_sample
from understudy.datasets.training_set import TrainingSet
from understudy.solvers.contract import SolverError
from understudy.solvers.pipe_flow import PipeFlow, WrightOmega
from understudy.solvers.vortices import Planted, Vortices

SYSTEM = Vortices(points=16, slots=3, most=2, least_radius=0.08, most_radius=0.12)
SMALL = GenerateSettings(
    train_trajectories=6,
    valid_trajectories=2,
    test_trajectories=2,
    train_frames=1,
    valid_frames=1,
    test_frames=1,
    interval=1.0,
)


@pytest.fixture(scope="module")
def fields(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    return generate(SYSTEM, Planted(SYSTEM), SMALL, folder=tmp_path_factory.mktemp("vortices") / "vortices")


def test_a_set_of_vortices_is_sound_has_a_card_and_a_picture(fields: TrainingSet, tmp_path: Path) -> None:
    assert check(fields.folder) == []
    assert "circulation" in card(fields)
    draw_sample(fields, tmp_path / "picture.png", trajectory=0)
    assert (tmp_path / "picture.png").stat().st_size > 2_000


def test_pairs_hold_what_is_seen_and_the_truth_and_know_their_cells(fields: TrainingSet) -> None:
    pairs = Detecting().examples(fields, "train")
    assert isinstance(pairs, Detections)
    assert len(pairs) == 6
    assert pairs.input_shapes == {"u": (16, 16), "v": (16, 16)}
    assert pairs.output_shapes["mask"] == (16, 16)
    assert pairs.output_shapes["centre_x"] == (3,)
    np.testing.assert_allclose(pairs.corner, 0, atol=1e-12)
    np.testing.assert_allclose(pairs.spacing, 1 / 16)
    queries = fields.split("train").queries()
    inputs, outputs = pairs[4]
    np.testing.assert_array_equal(inputs["u"], queries["u"][4])
    np.testing.assert_array_equal(outputs["circulation"], queries["drawn_circulation"][4])
    assert outputs["mask"].sum() > 0


def test_what_is_no_field_on_rows_and_columns_is_refused(fields: TrainingSet, tmp_path: Path) -> None:
    with pytest.raises(SolverError, match=r"has no axis 'row'; it has \['vortex', 'x', 'y'\]"):
        Detecting(axes=("row", "x")).examples(fields, "train")
    pipes = generate(PipeFlow(), WrightOmega(PipeFlow()), SMALL, folder=tmp_path / "pipes")
    with pytest.raises(SolverError, match="has no axis 'y'"):
        Detecting().examples(pipes, "train")
    longer = replace(SMALL, train_frames=2)
    moving = generate(SYSTEM, Planted(SYSTEM), longer, folder=tmp_path / "moving")
    with pytest.raises(SolverError, match="have 2 frames"):
        Detecting().examples(moving, "train")
