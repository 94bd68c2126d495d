"""The card says what is in the files; the picture shows the sample, whatever its dimensions."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from channel_flow import STEADY, ChannelFlow, Flow
from growing_fields import Bodies, Box, Grow, Growing, Swing
from matplotlib.image import imread
from travelling_wave import SMALL, Exact, TravellingWave
from understudy.datasets.card import card
from understudy.datasets.generate import generate
from understudy.datasets.picture import draw_sample
from understudy.datasets.plan import DatasetError
from understudy.datasets.training_set import TrainingSet


def test_the_card_says_what_is_there(finished: TrainingSet) -> None:
    text = card(finished)
    for part in (
        "waves: a training set of Travelling wave",
        "travelling-wave (length 2, points 16, speed 0.3, damping 0.05, label toy)",
        "exact (patience 0, breaks_above inf)",
        "16 points from 0 to 1.875 m, periodic",
        "every 0.1 s, after a transient of 1 s",
        "failed       none",
        f"fingerprint  {finished.fingerprint}",
        f"{finished.seconds:.3g} s of the solver on one thread",
        "6 files, float64",
        f"NumPy {np.__version__}",
    ):
        assert part in text
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line}
    assert rows["train"] == ["5", "40", "3.9", "6.48", "k"]
    assert rows["test"][:3] == ["3", "60", "5.9"]
    assert rows["u"][:3] == [
        "m/s",
        f"{finished.statistics['mean']['u']:.3g}",
        f"{finished.statistics['std']['u']:.3g}",
    ]
    assert all(len(line) < 200 and line == line.rstrip() for line in text.splitlines())


def test_the_card_counts_failures(tmp_path: Path) -> None:
    system = TravellingWave()
    made = generate(system, Exact(system, breaks_above=2.0), SMALL, folder=tmp_path / "waves")
    failed = [f for f in made.failures if f.split == "train"]
    assert failed
    assert f"{len(failed)} of train diverged" in card(made)
    assert card(made).count("broke") == 1, "each kind of failure is said once, however many batches had it"


def inked(path: Path) -> float:
    """The share of pixels that are not white."""
    picture = imread(path)[..., :3]
    assert picture.shape[1] >= 1000
    return float((picture.min(axis=-1) < 0.99).mean())


def test_a_field_over_space_and_time_is_an_image(finished: TrainingSet, tmp_path: Path) -> None:
    path = draw_sample(finished, tmp_path / "new" / "sample.png", split="test", trajectory=2)
    assert inked(path) > 0.5


@pytest.mark.parametrize("system", [Swing(), Bodies(), Box(2), Box(3)], ids=["0d", "bodies", "2d", "3d"])
def test_other_dimensions_are_drawn_too(tmp_path: Path, system: Growing) -> None:
    made = generate(system, Grow(system), SMALL, folder=tmp_path / "set")
    first = draw_sample(made, tmp_path / "0.png", trajectory=0)
    second = draw_sample(made, tmp_path / "1.png", trajectory=1)
    assert inked(first) > 0.02
    assert not np.array_equal(imread(first), imread(second))


@pytest.mark.parametrize("frames", [1, 6])
def test_fields_off_the_grid_are_drawn_over_their_own_axes(tmp_path: Path, frames: int) -> None:
    system = ChannelFlow(pulse=0.5)
    made = generate(system, Flow(system), replace(STEADY, train_frames=frames), folder=tmp_path / "set")
    assert inked(draw_sample(made, tmp_path / "0.png")) > 0.02
    assert "axis x       5 points from 0 to 2 m, inflow and outflow" in card(made)


def test_drawing_leaves_no_figure_behind_and_needs_no_screen(finished: TrainingSet, tmp_path: Path) -> None:
    before = "matplotlib.pyplot" in sys.modules
    draw_sample(finished, tmp_path / "sample.png")
    if not before:
        assert "matplotlib.pyplot" not in sys.modules
    else:
        assert sys.modules["matplotlib.pyplot"].get_fignums() == []


def test_what_cannot_be_drawn_is_an_error_that_says_why(finished: TrainingSet, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no trajectory 5: split 'train' has 5"):
        draw_sample(finished, tmp_path / "sample.png", trajectory=5)
    with pytest.raises(DatasetError, match="no split 'tests'"):
        draw_sample(finished, tmp_path / "sample.png", split="tests")
    with pytest.raises(DatasetError, match=r"give a name that ends in \.png"):
        draw_sample(finished, tmp_path / "sample.docx")
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetError, match="lies below a file"):
        draw_sample(finished, tmp_path / "file" / "sample.png")
