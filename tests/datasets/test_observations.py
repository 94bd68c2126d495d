"""An instrument sees parts of frames; pairs of what it sees and what was there."""

from typing import Any

import numpy as np
import pytest
import torch
from channel_flow import STEADY, ChannelFlow, Flow
from understudy.datasets.generate import generate
from understudy.datasets.observations import KNOWN, SEEN, Coarse, Gappy, Observed
from understudy.datasets.training_set import TrainingSet
from understudy.solvers.contract import SolverError


def waves(points: int, *numbers: int) -> np.ndarray:
    """Two frames of waves of these wavenumbers."""
    x = 2 * np.pi * np.arange(points) / points
    return np.stack([sum(np.cos(k * x + k + frame) for k in numbers) for frame in range(2)])


def test_a_coarse_view_is_the_field_itself_where_its_waves_are_long_enough() -> None:
    fine = waves(24, 1, 2)
    seen = Coarse(4)(fine, np.random.default_rng())[SEEN]
    np.testing.assert_allclose(seen, fine[:, ::4], atol=1e-14)


def test_waves_that_are_too_short_leave_nothing_instead_of_passing_for_longer_ones() -> None:
    seen = Coarse(4)(waves(24, 5, 7, 11), np.random.default_rng())[SEEN]
    np.testing.assert_allclose(seen, 0, atol=1e-14)
    assert np.abs(waves(24, 7)[:, ::4]).max() > 0.5  # what every fourth point would have shown


def test_a_coarse_view_along_two_axes() -> None:
    x, y = np.meshgrid(2 * np.pi * np.arange(12) / 12, 2 * np.pi * np.arange(16) / 16, indexing="ij")
    fine = (np.cos(x) * np.sin(2 * y) + np.sin(5 * x) + np.cos(7 * y))[None]
    seen = Coarse(2)(fine, np.random.default_rng())[SEEN]
    np.testing.assert_allclose(seen, (np.cos(x) * np.sin(2 * y))[None, ::2, ::2], atol=1e-14)


def test_gaps_are_zero_and_named_and_what_is_seen_has_the_noise_asked_for() -> None:
    frames = np.full((50, 400), 3.0)
    found = Gappy(share=0.25, noise=0.5)(frames, np.random.default_rng(0))
    known = found[KNOWN] == 1
    assert set(np.unique(found[KNOWN])) == {0.0, 1.0}
    assert known.mean() == pytest.approx(0.25, abs=0.01)
    assert (found[SEEN][~known] == 0).all()
    assert found[SEEN][known].mean() == pytest.approx(3.0, abs=0.03)
    assert found[SEEN][known].std() == pytest.approx(0.5, rel=0.05)
    everything = Gappy(share=1.0, noise=0.0)(frames, np.random.default_rng(0))
    assert (everything[SEEN] == frames).all() and (everything[KNOWN] == 1).all()


def test_pairs_are_windows_of_the_trajectories_in_order(finished: TrainingSet) -> None:
    pairs = Observed("u", Gappy(1.0, 0.0), window=3, every=2).examples(finished, "train")
    split = finished.split("train")
    places = 1 + (split.frames - 3) // 2
    assert len(pairs) == len(split) * places
    inputs, outputs = pairs[places + 1]
    true = split.read(1, 2, 5, field="u").astype(np.float64)
    assert (outputs["u"] == true).all() and (inputs[SEEN] == true).all()
    assert pairs.input_shapes == {SEEN: true.shape, KNOWN: true.shape}
    assert pairs.output_shapes == {"u": true.shape}
    held = pairs.held()
    assert held.trajectories == len(pairs)
    assert (held.outputs["u"][places + 1, 0] == true).all()


def test_what_is_random_depends_on_seed_split_and_window_alone(finished: TrainingSet) -> None:
    def seen(index: int, *, split: str = "train", seed: int = 0) -> np.ndarray:
        task = Observed("u", Gappy(0.5, 0.1), window=2, seed=seed)
        return task.examples(finished, split)[index][0][KNOWN]

    assert (seen(1) == seen(1)).all()
    assert (seen(1) != seen(0)).any()
    assert (seen(1) != seen(1, seed=1)).any()
    assert (seen(1) != seen(1, split="test")).any()


class Echo:
    """Answers what it sees."""

    device, dtype = torch.device("cpu"), torch.float64

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.input_shapes = {SEEN: shape}

    def __call__(self, inputs: Any) -> dict[str, torch.Tensor]:
        return {"u": torch.where(inputs[SEEN] > 5, torch.nan, inputs[SEEN])}


def test_an_answer_is_a_solution_of_all_frames_of_the_window(finished: TrainingSet) -> None:
    task = Observed("u", Gappy(1.0, 0.0), window=3)
    queries, truth = task.questions(finished, "test")
    assert truth.solved.all() and len(truth.times) == 3
    answer = task.answer(Echo(queries[SEEN].shape[1:]))
    solution = answer(queries, truth.times)
    assert (solution.values["u"] == truth.values["u"]).all() and solution.solved.all()
    queries[SEEN][0, 0, 0] = 9.0
    assert solution.solved[0] and not answer(queries, truth.times).solved[0]
    assert solution.notes == ()
    assert answer(queries, truth.times).notes == ("1 windows became infinite or NaN",)
    with pytest.raises(SolverError, match="ask for 3 times, got 1"):
        answer(queries, truth.times[:1])


def test_instruments_and_windows_that_make_no_sense_are_refused(finished: TrainingSet) -> None:
    with pytest.raises(SolverError, match="at least 2, got 1"):
        Coarse(1)
    with pytest.raises(SolverError, match=r"share must lie in \(0, 1\]"):
        Gappy(share=0.0)
    with pytest.raises(SolverError, match=r"factor 5 must divide the points of the grid \(16,\)"):
        Observed("u", Coarse(5)).examples(finished, "train")
    with pytest.raises(SolverError, match=r"factor 8 must divide .* at least 3"):
        Observed("u", Coarse(8)).examples(finished, "train")
    with pytest.raises(SolverError, match=r"windows must have 1 to \d+ frames.*got 1000 and 1"):
        Observed("u", Coarse(2), window=1000).examples(finished, "train")
    for field in ("flow", "medium", "nothing"):
        with pytest.raises(SolverError, match=f"'{field}' cannot be observed"):
            Observed(field, Coarse(2)).examples(finished, "train")


def test_a_coarse_view_of_a_channel_is_refused(tmp_path: Any) -> None:
    system = ChannelFlow()
    with generate(system, Flow(system), STEADY, folder=tmp_path / "channel") as channel:
        name = next(f.name for f in channel.fields if not f.rank and f.varies_in_time)
        with pytest.raises(SolverError, match=r"Coarse sees periodic grids.*take Gappy"):
            Observed(name, Coarse(2)).examples(channel, "train")
