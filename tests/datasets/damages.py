"""Ways to damage a training set, each with what `check` must say about it."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import yaml
from travelling_wave import SMALL, Exact, TravellingWave
from understudy.datasets.generate import generate
from understudy.datasets.plan import FORMAT

TRAIN = "data/train/train-00001.hdf5"
VALID = "data/valid/valid-00000.hdf5"


def edit(change: Callable[[h5py.File], object]) -> Callable[[Path], None]:
    """Damage a train shard from inside."""

    def damage(folder: Path) -> None:
        with h5py.File(folder / TRAIN, "r+") as file:
            change(file)

    return damage


def replaced(place: str, new: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    """Damage by putting another array in place, attributes kept."""

    def change(file: h5py.File) -> None:
        values, attributes = file[place][()], dict(file[place].attrs)
        del file[place]
        file[place] = new(values)
        file[place].attrs.update(attributes)

    return edit(change)


def value(place: str, new: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    """Damage by other values of the same shape and type."""

    def change(file: h5py.File) -> None:
        file[place][...] = new(file[place][()])

    return edit(change)


def attribute(place: str, name: str, new: object) -> Callable[[Path], None]:
    """Damage by another attribute; None removes it."""

    def change(file: h5py.File) -> None:
        if new is None:
            del file[place].attrs[name]
        else:
            file[place].attrs[name] = new

    return edit(change)


def removed(*places: str) -> Callable[[Path], None]:
    """Damage by taking something out of a shard."""

    def change(file: h5py.File) -> None:
        for place in places:
            del file[place]

    return edit(change)


def truncated(folder: Path) -> None:
    os.truncate(folder / TRAIN, 30_000)


def emptied(folder: Path) -> None:
    os.truncate(folder / TRAIN, 0)


def not_hdf5(folder: Path) -> None:
    (folder / TRAIN).write_text("Dear reader")


def garbled_inside(folder: Path) -> None:
    content = bytearray((folder / TRAIN).read_bytes())
    content[96:2000] = bytes(1904)
    (folder / TRAIN).write_bytes(content)


def one_bit(folder: Path) -> None:
    with h5py.File(folder / TRAIN) as file:
        place = file["t0_fields/u"].id.get_chunk_info(0).byte_offset
    content = bytearray((folder / TRAIN).read_bytes())
    content[place] ^= 1
    (folder / TRAIN).write_bytes(content)


def foreign(folder: Path) -> None:
    with h5py.File(folder / TRAIN, "w") as file:
        file["spectrum"] = np.arange(5.0)


def foreign_beside(folder: Path) -> None:
    shutil.copy(folder / TRAIN, folder / "data/train/copy.hdf5")


def missing(folder: Path) -> None:
    (folder / TRAIN).unlink()


def record_missing(folder: Path) -> None:
    (folder / TRAIN).with_suffix(".json").unlink()


def record_damaged(folder: Path) -> None:
    (folder / TRAIN).with_suffix(".json").write_text('{"size": 3')


def splits_swapped(folder: Path) -> None:
    (folder / "data/train").rename(folder / "data/other")
    (folder / "data/test").rename(folder / "data/train")
    (folder / "data/other").rename(folder / "data/test")


def moved_to_another_split(folder: Path) -> None:
    shutil.copy(folder / TRAIN, folder / "data/valid")


def shards_swapped(folder: Path) -> None:
    shutil.copy(folder / "data/train/train-00000.hdf5", folder / TRAIN)


def same_trajectory_in_two_splits(folder: Path) -> None:
    with h5py.File(folder / TRAIN) as train, h5py.File(folder / VALID, "r+") as valid:
        for place in ("t0_fields/u", "t1_fields/flow", "t0_fields/medium"):
            valid[place][1] = train[place][0]


def same_trajectory_twice_in_a_split(folder: Path) -> None:
    with h5py.File(folder / TRAIN, "r+") as file:
        for place in ("t0_fields/u", "t1_fields/flow", "t0_fields/medium"):
            file[place][1] = file[place][0]


def from_another_set(folder: Path) -> None:
    system = TravellingWave(speed=0.7)
    other = generate(system, Exact(system), SMALL, folder=folder.parent / "other")
    shutil.copy(other.folder / TRAIN, folder / TRAIN)


def statistics(change: Callable[[dict], object]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        known = yaml.safe_load((folder / "stats.yaml").read_text())
        change(known)
        (folder / "stats.yaml").write_text(yaml.safe_dump(known))

    return damage


def no_statistics(folder: Path) -> None:
    (folder / "stats.yaml").unlink()


def garbled_statistics(folder: Path) -> None:
    (folder / "stats.yaml").write_text("mean: [1, ")


def interrupted(folder: Path) -> None:
    content = (folder / TRAIN).read_bytes()
    (folder / f"{TRAIN}.partial-4711").write_bytes(content[:5000])


def never_finished(folder: Path) -> None:
    interrupted(folder)
    (folder / TRAIN).unlink()
    (folder / "stats.yaml").unlink()


def no_card(folder: Path) -> None:
    (folder / "waves.yaml").unlink()


def garbled_card(folder: Path) -> None:
    (folder / "waves.yaml").write_text(f"understudy: {{format: {FORMAT}}}")


def newer_card(folder: Path) -> None:
    known = yaml.safe_load((folder / "waves.yaml").read_text())
    known["understudy"]["format"] = FORMAT + 1
    (folder / "waves.yaml").write_text(yaml.safe_dump(known))


def emptied_folder(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def unmarked_failure(file: h5py.File) -> None:
    file["t0_fields/u"][1] = np.nan
    file["t1_fields/flow"][1] = np.nan


def lost_sample(file: h5py.File) -> None:
    file["provenance/sample"][...] = [2, 2]


REMAKE = "delete it and run the same generate command again"
DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "truncated file": (truncated, f"{TRAIN} is cut short: it ends after 30000 bytes"),
    "empty file": (emptied, f"{TRAIN} is empty; {REMAKE}"),
    "not HDF5": (not_hdf5, f"{TRAIN} is not an HDF5 file; {REMAKE}"),
    "garbled inside": (garbled_inside, f"{TRAIN} is damaged"),
    "one bit": (one_bit, f"{TRAIN} was changed after it was written"),
    "foreign HDF5 file": (foreign, "is an HDF5 file, but not one of a training set of ours"),
    "one file too many": (foreign_beside, "copy.hdf5 does not belong to this set"),
    "missing file": (missing, f"{TRAIN} is missing; run the same generate command again"),
    "missing record": (record_missing, "train-00001.json is missing, the record of what"),
    "damaged record": (record_damaged, "train-00001.json is damaged"),
    "swapped splits": (splits_swapped, "the splits 'test' and 'train' of"),
    "file in two splits": (moved_to_another_split, "lies in split 'valid' but belongs to 'train'"),
    "swapped shards": (shards_swapped, f"{TRAIN} holds shard 0 of split 'train' by its own record"),
    "same trajectory in two splits": (
        same_trajectory_in_two_splits,
        "sample 2 of split 'train' and sample 1 of 'valid'",
    ),
    "same trajectory twice": (
        same_trajectory_twice_in_a_split,
        "sample 2 of split 'train' and sample 3 of 'train'",
    ),
    "file of another set": (from_another_set, f"{TRAIN} belongs to another set"),
    "wrong dtype": (
        replaced("t0_fields/u", lambda u: u.astype("f4")),
        "has field 'u' as float32 where float64 is expected",
    ),
    "wrong axis length": (replaced("dimensions/x", lambda x: x[:-1]), "axis 'x' of shape (15,) where (16,)"),
    "wrong field shape": (
        replaced("t0_fields/u", lambda u: u[:, :-1]),
        "field 'u' of shape (2, 39, 16) where (2, 40, 16) is expected",
    ),
    "axis that falls": (value("dimensions/x", lambda x: x[::-1]), "axis 'x' that does not rise"),
    "other coordinates": (value("dimensions/x", lambda x: x + 1), "other coordinates than most files"),
    "uneven time axis": (
        value("dimensions/time", lambda t: t**1.01),
        "time axis that does not run from 0 in steps of 0.1",
    ),
    "short time axis": (replaced("dimensions/time", lambda t: t[:9]), "axis 'time' of shape (9,)"),
    "missing group": (removed("boundary_conditions"), "lacks the group /boundary_conditions"),
    "missing groups": (removed("scalars", "failed"), "lacks the groups /scalars, /failed"),
    "missing axis": (removed("dimensions/x"), "lacks the axis 'x'"),
    "missing field": (removed("t0_fields/medium"), "lacks the field 'medium'"),
    "missing mask": (removed("boundary_conditions/x_periodic/mask"), "wrong mask of the boundary"),
    "wrong mask": (
        value("boundary_conditions/x_periodic/mask", lambda m: ~m),
        "wrong mask of the boundary 'x_periodic'",
    ),
    "unknown kind of boundary": (
        attribute("boundary_conditions/x_periodic", "bc_type", "CYCLIC"),
        "bc_type = 'CYCLIC' of 'x_periodic' where 'PERIODIC' is expected",
    ),
    "NaN": (value("t0_fields/u", lambda u: np.where(u == u.max(), np.nan, u)), "holds NaN or infinity"),
    "infinity": (
        value("t1_fields/flow", lambda u: np.where(u == u.max(), np.inf, u)),
        "NaN or infinity in flow of",
    ),
    "unmarked failure": (
        edit(unmarked_failure),
        "NaN or infinity in u and flow of trajectory 1 (sample 3), not marked as failed",
    ),
    "lost sample": (edit(lost_sample), "neither for nor against sample 3"),
    "lost part of a failed sample": (
        removed("failed/values/flow"),
        "does not hold what is known of 'flow' of the failed samples, of shape (0, 40, 16, 1)",
    ),
    "short measure": (
        replaced("provenance/measures/steps", lambda steps: steps[:1]),
        "has not as many error estimates or measures in /provenance as samples",
    ),
    "bad attribute": (attribute("/", "n_trajectories", 3), "'n_trajectories' = 3 where 2 is expected"),
    "attribute of another type": (attribute("/", "n_spatial_dims", "one"), "'n_spatial_dims' = 'one'"),
    "missing attribute": (attribute("/", "grid_type", None), "lacks the attribute 'grid_type'"),
    "wrong parameter": (attribute("/", "speed", 0.4), "'speed' = 0.4 where 0.3 is expected"),
    "wrong scalar": (value("scalars/speed", lambda s: s + 1), "no right value of the parameter 'speed'"),
    "wrong list of fields": (
        attribute("t0_fields", "field_names", ["u"]),
        "field_names = ['u'] of /t0_fields where ['u', 'medium'] is expected",
    ),
    "wrong flag": (
        attribute("t0_fields/u", "time_varying", False),
        "time_varying = False of field 'u', not True",
    ),
    "wrong dimensions of a field": (
        attribute("t0_fields/u", "dim_varying", [False]),
        "wrong dim_varying of field 'u'",
    ),
    "provenance without split": (attribute("provenance", "split", None), "lacks the attribute 'split'"),
    "statistics that do not match": (
        statistics(lambda s: s["std"].update(u=1.0)),
        "stats.yaml does not match the data: std of 'u' is",
    ),
    "statistics of one component": (
        statistics(lambda s: s["mean_delta"].update(flow=0.0)),
        "does not match the data: mean_delta of 'flow'",
    ),
    "statistics without a field": (
        statistics(lambda s: s["rms"].pop("medium")),
        "lacks a number for rms of 'medium'",
    ),
    "no statistics": (no_statistics, "stats.yaml is missing: the generation was interrupted"),
    "garbled statistics": (garbled_statistics, "stats.yaml cannot be read"),
    "interrupted shard": (interrupted, "partial-4711 was left half-written by an interrupted run"),
    "interrupted generation": (never_finished, "is not finished: 5 of 6 files are there"),
    "no card": (no_card, "has no card (waves.yaml)"),
    "garbled card": (garbled_card, "waves.yaml cannot be read as the card of a training set"),
    "card of another format": (
        newer_card,
        f"waves.yaml has format {FORMAT + 1}, this version reads {FORMAT}",
    ),
    "empty folder": (emptied_folder, "is empty; give the folder that `understudy generate` wrote"),
    "no folder": (shutil.rmtree, "does not exist; give the folder that `understudy generate` wrote"),
}
