"""Chunks, statistics, and The Well's own reader on our files."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import h5py
import numpy as np
import pytest
import torch
from channel_flow import STEADY, ChannelFlow, Flow
from growing_fields import Bodies, Box, Grow, Growing, Swing
from hypothesis import given
from hypothesis import strategies as some
from travelling_wave import SMALL, Exact, TravellingWave
from understudy.datasets.check import check
from understudy.datasets.generate import generate
from understudy.datasets.plan import DatasetError
from understudy.datasets.schema import chunk_shape
from understudy.datasets.training_set import TrainingSet
from understudy.solvers.contract import Axis, Field, Queries, Solution, SolverError

KIB = 1024


@given(
    samples=some.integers(1, 200),
    frames=some.integers(1, 30000),
    points=some.integers(1, 3000),
    itemsize=some.sampled_from([4, 8]),
)
def test_chunks_hold_32_to_256_kib_along_time(samples: int, frames: int, points: int, itemsize: int) -> None:
    chunk = chunk_shape((samples, frames, points), itemsize)
    assert chunk is not None
    assert chunk[0] <= samples and chunk[1] <= frames and chunk[2] == points
    size = chunk[0] * chunk[1] * chunk[2] * itemsize
    trajectory = frames * points * itemsize
    assert size <= 256 * KIB
    if samples * trajectory >= 32 * KIB:
        assert size >= 32 * KIB
    if trajectory >= 32 * KIB:
        # one trajectory, and hardly more space than it needs
        assert chunk[0] == 1
        chunks = -(-frames // chunk[1])
        assert chunks * chunk[1] - frames < chunks


def test_nothing_is_not_chunked_and_a_giant_frame_is_a_chunk() -> None:
    assert chunk_shape((0, 10, 64), 8) is None
    assert chunk_shape((3, 10, 512, 512), 8) == (1, 1, 512, 512)


def test_values_are_stored_uncompressed_in_chunks_without_times_of_day(finished: TrainingSet) -> None:
    with h5py.File(finished.folder / "data/train/train-00000.hdf5") as file:
        values = file["t0_fields/u"]
        assert values.chunks == (2, 40, 16)
        assert values.compression is None
        assert values.dtype == np.float64


@pytest.mark.parametrize("field", ["u", "flow", "medium"])
def test_statistics_are_those_of_all_train_values_at_once(finished: TrainingSet, field: str) -> None:
    split = finished.split("train")
    values = np.stack([split.read(i, field=field) for i in range(len(split))])
    axes = (0, 1, 2)
    expected = {"mean": values.mean(axes), "std": values.std(axes), "rms": np.sqrt((values**2).mean(axes))}
    if field != "medium":
        steps = np.diff(values, axis=1)
        expected |= {
            "mean_delta": steps.mean(axes),
            "std_delta": steps.std(axes),
            "rms_delta": np.sqrt((steps**2).mean(axes)),
        }
    else:
        assert "medium" not in finished.statistics["std_delta"]
    for name, value in expected.items():
        assert np.allclose(finished.statistics[name][field], value, rtol=1e-12, atol=1e-14), name


@pytest.fixture(scope="module")
def plate(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    folder = tmp_path_factory.mktemp("plate") / "plate"
    return generate(Box(), Grow(Box()), replace(SMALL, dtype="float32"), folder=folder)


def test_a_set_of_two_dimensions_with_vectors_and_tensors_is_good(plate: TrainingSet) -> None:
    assert check(plate.folder) == []
    heat = plate.split("train").read(1, field="heat")
    assert heat.shape == (40, 3, 4)
    flux = plate.split("train").read(1, field="flux")
    assert np.allclose(flux, np.stack([heat, 2 * heat], axis=-1), rtol=1e-6)
    assert plate.split("train").read(1, field="stress").shape == (40, 3, 4, 2, 2)
    assert np.shape(plate.statistics["mean"]["stress"]) == (2, 2)


@pytest.mark.parametrize("system", [Swing(), Bodies(), Box(3)], ids=["0d", "bodies", "3d"])
def test_sets_of_other_dimensions_are_good(tmp_path: Path, system: Growing) -> None:
    made = generate(system, Grow(system), SMALL, folder=tmp_path / "set")
    assert check(made.folder) == []
    first = system.fields[0].name
    values = made.split("test").read(2, field=first)
    times = (SMALL.transient + made.split("test").times).reshape(-1, *(1,) * len(system.grid))
    assert np.allclose(values / values[0], (1 + times) / (1 + SMALL.transient), rtol=1e-12)


def test_components_must_be_as_many_as_axes(tmp_path: Path) -> None:
    class Flat(Grow):
        def __call__(self, queries: Queries, times: np.ndarray) -> Solution:
            good = super().__call__(queries, times)
            return replace(good, values={**good.values, "flux": good.values["flux"][..., :1]})

    with pytest.raises(DatasetError, match="as many components as there are axes"):
        generate(Box(), Flat(Box()), SMALL, folder=tmp_path / "plate")


@pytest.fixture(scope="module")
def channels(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    """A pulsing flow of six frames, whose fields and queries lie on two axes, on one, and on none."""
    system, folder = ChannelFlow(pulse=0.5), tmp_path_factory.mktemp("channels") / "channels"
    frames = {f"{split}_frames": 6 for split in ("train", "valid", "test")}
    return generate(system, Flow(system), replace(STEADY, **frames), folder=folder)  # type: ignore[arg-type]


def test_fields_on_some_axes_and_numbers_per_sample_come_back_as_they_were(channels: TrainingSet) -> None:
    assert check(channels.folder) == []
    split, system = channels.split("train"), ChannelFlow(pulse=0.5)
    queries = {f.name: split.read(3, field=f.name) for f in system.query_fields}
    assert {k: v.shape for k, v in queries.items()} == {
        "solid": (1, 5, 3),
        "inlet": (1, 3),
        "reynolds": (1,),
    }
    expected = Flow(system)(queries, split.times).values
    assert {f.name: f.axes for f in channels.fields} == {
        f.name: f.axes for f in (*system.fields, *system.query_fields)
    }
    for name in ("u", "p", "flux"):
        assert np.array_equal(split.read(3, field=name), expected[name][0])
        assert np.array_equal(split.read(3, 1, 6, step=2, field=name), expected[name][0, 1::2])
    assert np.array_equal(split.read(3, 2, 4, field="drag"), expected["drag"][0, :1])
    assert channels.statistics["mean"]["reynolds"] == pytest.approx(
        np.mean([split.read(i, field="reynolds") for i in range(5)])
    )


def test_a_field_lies_on_axes_that_the_system_has_in_their_order(tmp_path: Path) -> None:
    for axes in (("z",), ("y", "x")):

        class Misplaced(ChannelFlow):
            query_fields = (Field("solid", axes=axes),)

        system = Misplaced()
        with pytest.raises(
            DatasetError, match=r"'solid' must lie on axes out of \('x', 'y'\), in that order"
        ):
            generate(system, Flow(system), STEADY, folder=tmp_path / "channels")


def test_each_end_of_an_axis_has_its_condition(channels: TrainingSet) -> None:
    assert channels.axes == ChannelFlow().axes
    with h5py.File(channels.folder / "data/train/train-00000.hdf5") as file:
        written = {
            name: (group.attrs["bc_type"], group["mask"][:].nonzero()[0].tolist())
            for name, group in file["boundary_conditions"].items()
        }
    assert written == {
        "x_inflow": ("OPEN", [0]),
        "x_outflow": ("OPEN", [4]),
        "y_wall": ("WALL", [0]),
        "y_open": ("OPEN", [2]),
    }


@pytest.mark.parametrize(("place", "said"), [("x_outflow", "the last point"), ("y_wall", "the first point")])
def test_a_mask_at_the_wrong_end_is_found(
    channels: TrainingSet, tmp_path: Path, place: str, said: str
) -> None:
    folder = shutil.copytree(channels.folder, tmp_path / "channels")
    with h5py.File(folder / "data/train/train-00000.hdf5", "r+") as file:
        mask = file[f"boundary_conditions/{place}/mask"]
        mask[...] = mask[:][::-1]
    (fault,) = check(folder)
    assert f"wrong mask of the boundary {place!r}: it must be True at {said} and only there" in fault


@pytest.mark.parametrize("ends", [("wall",), ("wall", "door"), ("periodic", "wall"), ("open", "periodic")])
def test_ends_that_make_no_sense_are_refused(ends: Any) -> None:
    with pytest.raises(SolverError, match=r"axis 'x' must (have two ends|be periodic at both ends)"):
        Axis("x", (0.0, 1.0), ends=ends)


def test_a_query_of_another_shape_is_refused_with_the_shape_of_its_own_axes() -> None:
    system = ChannelFlow()
    queries = dict(system.draw([np.random.default_rng(0)]))
    assert system.check_queries(queries) == 1
    for name, expected in (("solid", "samples, 5, 3"), ("inlet", "samples, 3"), ("reynolds", "samples")):
        wrong = {**queries, name: np.zeros((1, 3, 5))}
        with pytest.raises(SolverError, match=rf"{name!r} must have shape \({expected}\), got \(1, 3, 5\)"):
            system.check_queries(wrong)


class TestTheWell:
    """Its reader loads our sets unchanged."""

    pytestmark: ClassVar[list[pytest.MarkDecorator]] = [
        pytest.mark.interop,
        # its own dependencies warn, which is not ours to mend
        pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    ]

    @pytest.fixture(autouse=True)
    def well(self) -> Iterator[None]:
        data = pytest.importorskip("the_well.data", reason="needs the extra `interop` (the_well)")
        self.reader: Any = data.WellDataset
        self.scaled = pytest.importorskip("the_well.data.normalization").ZScoreNormalization
        yield

    def opened(self, folder: Path, split: str = "train", **options: Any) -> Any:
        return self.reader(path=str(folder), well_split_name=split, n_steps_output=4, **options)

    def test_one_dimension(self, finished: TrainingSet) -> None:
        dataset = self.opened(finished.folder, n_steps_input=2)
        assert dataset.metadata.dataset_name == "travelling_wave"
        assert dataset.metadata.spatial_resolution == (16,)
        assert dataset.metadata.field_names == {0: ["u"], 1: ["flow_x"], 2: []}
        assert dataset.metadata.constant_field_names[0] == ["medium"]
        assert dataset.metadata.n_trajectories_per_file == [2, 2, 1]
        assert dataset.metadata.boundary_condition_types == ["PERIODIC"]
        windows = 40 - 6 + 1
        assert len(dataset) == 5 * windows
        split = finished.split("train")
        for index in (0, 17, windows, 3 * windows + 9, 5 * windows - 1):
            trajectory, start = divmod(index, windows)
            sample = dataset[index]
            frames = torch.cat([sample["input_fields"], sample["output_fields"]]).numpy()
            assert np.array_equal(frames[..., 0], split.read(trajectory, start, start + 6))
            assert np.array_equal(frames[..., 1:], split.read(trajectory, start, start + 6, field="flow"))
            assert np.array_equal(
                sample["constant_fields"][:, 0].numpy(), split.read(trajectory, field="medium")[0]
            )
            assert np.array_equal(sample["space_grid"][:, 0].numpy(), finished.axes[0].values)
            assert sample["boundary_conditions"].tolist() == [[2, 2]]
            given = dict(
                zip(dataset.metadata.constant_scalar_names, sample["constant_scalars"].tolist(), strict=True)
            )
            assert given == {"length": 2.0, "points": 16.0, "speed": 0.3, "damping": 0.05}

    def test_every_split(self, finished: TrainingSet) -> None:
        sizes = {split: self.opened(finished.folder, split).metadata for split in finished.splits}
        assert {k: sum(v.n_trajectories_per_file) for k, v in sizes.items()} == {
            "train": 5,
            "valid": 2,
            "test": 3,
        }
        assert sizes["test"].n_steps_per_trajectory == [60, 60]

    def test_its_scaling_uses_our_statistics(self, finished: TrainingSet) -> None:
        plain = self.opened(finished.folder)[3]["input_fields"].numpy()
        scaled = self.opened(finished.folder, use_normalization=True, normalization_type=self.scaled)
        statistics = finished.statistics
        expected = (plain[..., 0] - statistics["mean"]["u"]) / statistics["std"]["u"]
        # the reader keeps the constants in float32
        assert np.allclose(scaled[3]["input_fields"].numpy()[..., 0], expected, rtol=1e-6, atol=1e-6)

    def test_two_dimensions_with_vectors_and_tensors(self, plate: TrainingSet) -> None:
        dataset = self.opened(plate.folder, "test")
        sample = dataset[60]
        assert sample["input_fields"].dtype == torch.float32
        trajectory, start = divmod(60, 60 - 5 + 1)
        split = plate.split("test")
        expected = np.concatenate(
            [
                split.read(trajectory, start + 1, start + 5, field=name).reshape(4, 3, 4, -1)
                for name in ("heat", "flux", "stress")
            ],
            axis=-1,
        )
        assert np.array_equal(sample["output_fields"].numpy(), expected)
        assert sample["boundary_conditions"].tolist() == [[2, 2], [1, 1]]

    def test_fields_on_some_axes_are_filled_in_and_numbers_per_sample_are_scalars(
        self, channels: TrainingSet
    ) -> None:
        dataset = self.opened(channels.folder, n_steps_input=2)
        assert dataset.metadata.scalar_names == ["flux"]
        assert dataset.metadata.constant_scalar_names == ["pulse", "drag", "reynolds"]
        assert dataset.metadata.field_names[0] == ["u", "p"]
        assert dataset.metadata.constant_field_names[0] == ["solid", "inlet"]
        assert len(dataset) == 5
        split = channels.split("train")
        for trajectory, sample in enumerate(dataset):
            frames = torch.cat([sample["input_fields"], sample["output_fields"]]).numpy()
            assert np.array_equal(frames[..., 0], split.read(trajectory, field="u"))
            p = split.read(trajectory, field="p")
            assert np.array_equal(frames[..., 1], np.broadcast_to(p[:, :, None], (6, 5, 3)))
            inlet = split.read(trajectory, field="inlet")
            assert np.array_equal(sample["constant_fields"][..., 1], np.broadcast_to(inlet, (5, 3)))
            flux = torch.cat([sample["input_scalars"], sample["output_scalars"]])[:, 0]
            assert np.array_equal(flux, split.read(trajectory, field="flux"))
            numbers = [split.read(trajectory, field=name)[0] for name in ("drag", "reynolds")]
            assert sample["constant_scalars"].tolist() == [0.5, *numbers]
            assert sample["boundary_conditions"].tolist() == [[1, 1], [0, 1]]  # open, open; wall, open

    def test_samples_that_failed_are_not_seen(self, tmp_path: Path) -> None:
        system = TravellingWave()
        made = generate(system, Exact(system, breaks_above=2.0), SMALL, folder=tmp_path / "waves")
        seen = sum(self.opened(made.folder).metadata.n_trajectories_per_file)
        assert seen == len(made.split("train")) < 5
        dataset = self.opened(made.folder)
        assert all(torch.isfinite(dataset[i]["input_fields"]).all() for i in range(len(dataset)))
