"""Each kind of damage gets one sentence, which says what is wrong and what to do; a good set gets none."""

import json
import shutil
from pathlib import Path

import pytest
from damages import DAMAGES, TRAIN, VALID, truncated
from travelling_wave import SMALL, Exact, TravellingWave
from understudy.datasets.check import check
from understudy.datasets.generate import generate
from understudy.datasets.training_set import TrainingSet


def test_a_good_set_gets_no_sentence(finished: TrainingSet) -> None:
    assert check(finished.folder) == []


def test_a_good_set_with_failures_gets_no_sentence(tmp_path: Path) -> None:
    system = TravellingWave()
    made = generate(system, Exact(system, breaks_above=2.0), SMALL, folder=tmp_path / "waves")
    assert made.failures
    assert check(made.folder) == []


def test_a_good_set_may_be_renamed_and_moved(finished: TrainingSet, tmp_path: Path) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "elsewhere" / "ripples")
    assert check(folder) == []
    assert TrainingSet(folder).fingerprint == finished.fingerprint


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damage_gets_its_one_sentence(finished: TrainingSet, tmp_path: Path, damage: str) -> None:
    break_it, expected = DAMAGES[damage]
    folder = shutil.copytree(finished.folder, tmp_path / "waves")
    break_it(folder)
    faults = check(folder)
    assert len(faults) == 1, faults
    assert expected in faults[0]
    assert str(folder) in faults[0]
    assert "; " in faults[0], "says nothing of what to do"
    assert "\n" not in faults[0]


def test_a_path_to_a_file_gets_a_sentence(finished: TrainingSet) -> None:
    faults = check(finished.folder / TRAIN)
    assert len(faults) == 1
    assert "is a file; give the folder of the whole set" in faults[0]


def test_two_damages_get_two_sentences(finished: TrainingSet, tmp_path: Path) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "waves")
    truncated(folder)
    (folder / VALID).unlink()
    faults = check(folder)
    assert len(faults) == 2
    assert any(VALID in fault for fault in faults)
    assert any(TRAIN in fault for fault in faults)


@pytest.mark.parametrize(
    "damage", ["truncated file", "NaN", "one bit", "missing record", "wrong mask", "missing group"]
)
def test_what_the_sentence_advises_mends_the_set(finished: TrainingSet, tmp_path: Path, damage: str) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "waves")
    DAMAGES[damage][0](folder)
    (folder / TRAIN).unlink()
    system = TravellingWave()
    generate(system, Exact(system), SMALL, folder=folder)
    assert check(folder) == []
    assert TrainingSet(folder).fingerprint == finished.fingerprint


def test_every_bit_of_a_record_that_matters_is_held_against_the_file(
    finished: TrainingSet, tmp_path: Path
) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "waves")
    path = (folder / TRAIN).with_suffix(".json")
    record = json.loads(path.read_text())
    record["sha256"] = record["sha256"][::-1]
    path.write_text(json.dumps(record))
    faults = check(folder)
    assert len(faults) == 1
    assert "its bytes are not those on record" in faults[0]
