"""Full disks, closed folders, damaged numbers, foreign files, nonsense: each gets one sentence."""

import errno
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from understudy.experiments import command
from understudy.experiments.command import main
from understudy.surrogates.surrogate import FORMAT, load

SYSTEM = "kuramoto-sivashinsky"
SMALL = (
    *("--main.transient", "5", "--main.train-frames", "200", "--main.workers", "1"),
    *("--fine.transient", "5", "--fine.workers", "1"),
)
Told = Callable[..., str]


def asked(stage: str, folder: Path, *options: str) -> list[str]:
    return [stage, SYSTEM, "--preset", "quick", "--folder", str(folder), "--quiet", *SMALL, *options]


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has got as far as its training sets; copy it before doing anything to it."""
    folder = tmp_path_factory.mktemp("sets") / "run"
    assert main(asked("generate", folder)) == 0
    return folder


@pytest.fixture
def run(sets: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sets, tmp_path / "run")


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    """Runs a command that must fail with one sentence; returns it."""

    def tell(arguments: list[str]) -> str:
        assert main(arguments) == 1
        said = capsys.readouterr().err.strip().splitlines()[-1]
        assert said.startswith("error: ")
        return said

    return tell


def in_a_process(before: str, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own that first does `before`."""
    # all is imported first: compiled kernels are kept where nobody else may write
    imports = (
        "import os, sys, understudy.experiments.kuramoto_sivashinsky, understudy.experiments.command as c"
    )
    script = f"{imports}\n{before}\nsys.exit(c.main({arguments!r}))"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


def test_an_unknown_command_is_answered_with_the_nearest(told: Told) -> None:
    assert "there is no command 'trian'; did you mean 'train'?" in told(["trian", SYSTEM])


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--seeds", "0", "--seeds must be at least 1, got 0"),
        ("--workers", "-2", "--workers must be at least 1, got -2"),
        ("--comparison.threads", "0", "--comparison.threads must be a number of at least 1, got 0"),
        ("--device", "gpu", "there is no device 'gpu' here; this machine has cpu"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_solved(
    told: Told, tmp_path: Path, option: str, value: str, sentence: str
) -> None:
    assert sentence in told(asked("run", tmp_path / "run", option, value))
    assert not (tmp_path / "run").exists()


def test_comparing_in_a_wrong_place_makes_nothing_there(told: Told, tmp_path: Path) -> None:
    assert "no such folder" in told(asked("compare", tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("stage", ["generate", "train", "compare", "run"])
def test_sets_of_another_system_are_refused_and_their_record_stays(told: Told, run: Path, stage: str) -> None:
    record = (run / "settings.json").read_bytes()
    said = told(asked(stage, run, "--system.length", "23"))
    assert "length = 23.0 instead of 22.0" in said
    assert "another" in said
    assert (run / "settings.json").read_bytes() == record


def test_a_step_too_large_for_the_equation_is_reported_with_one_that_would_do(
    told: Told, tmp_path: Path
) -> None:
    violent = ("--system.forcing", "3e3", "--system.forcing-wavelength", "22", "--main.transient", "1")
    with np.errstate(all="ignore"):
        said = told(asked("generate", tmp_path / "run", *violent))
    assert "none of the 4 samples of split 'train' could be solved" in said
    assert "became infinite with ETDAB6 h=1/256" in said
    assert "survives (tried on the first of them)" in said


def test_a_forcing_that_no_step_survives_is_reported_in_seconds(told: Told, tmp_path: Path) -> None:
    violent = ("--system.forcing", "1e7", "--system.forcing-wavelength", "22", "--main.transient", "300")
    begin = time.monotonic()
    with np.errstate(all="ignore"):
        said = told(asked("generate", tmp_path / "run", *violent))
    assert "too violent for the grid" in said
    assert time.monotonic() - begin < 40, "some 3 s on an idle machine"


@pytest.mark.parametrize("surrogate", ["nvar", "reservoir", "mlp", "learned-multistep", "climatology"])
@pytest.mark.parametrize("split", ["train", "valid"])
def test_nan_in_a_set_is_named_before_training(told: Told, run: Path, surrogate: str, split: str) -> None:
    for name in ("main", "fine"):
        with h5py.File(run / "sets" / name / "data" / split / f"{split}-00000.hdf5", "r+") as file:
            file["t0_fields/u"][1, 7, 3] = np.nan
    said = told(asked("train", run, "--surrogates", surrogate))
    assert f"u of trajectory 1, split '{split}', holds NaN or infinity" in said
    assert "`understudy check" in said
    assert not list(run.glob("surrogates/*/*/surrogate.json"))


@pytest.mark.parametrize("surrogate", ["mlp", pytest.param("nvar", marks=pytest.mark.slow)])
def test_a_disk_that_fills_up_in_training_is_an_error_and_the_same_command_resumes(
    run: Path, surrogate: str
) -> None:
    # of nvar's files only the weights are larger than this; of the network's already the checkpoint
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1500, resource.RLIM_INFINITY))"
    arguments = asked("train", run, "--surrogates", surrogate, "--workers", "1")
    done = in_a_process(limit, arguments)
    assert done.returncode == 1
    assert "error: the disk is full" in done.stderr
    assert "run the same command again" in done.stderr
    assert "Traceback" not in done.stderr
    place = run / "surrogates" / surrogate / "seed-0"
    assert not (place / "surrogate.json").exists()
    assert main(arguments) == 0
    load(place)


def test_an_error_in_a_worker_is_one_sentence_and_leaves_no_warning(run: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1500, resource.RLIM_INFINITY))"
    done = in_a_process(limit, asked("train", run, "--surrogates", "mlp", "nvar", "--workers", "2"))
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("error: the disk is full")
    assert "Traceback" not in done.stderr
    assert "leaked" not in done.stderr


def test_a_disk_that_is_full_for_the_results_is_said_in_words(
    told: Told, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, results: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(command, "write_json", full)
    said = told(asked("generate", run))
    assert "the disk is full: a file of this run could not be written; free some space" in said


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everyone may enter (not so pytest's)."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_folder_that_may_only_be_read_is_an_error(open_folder: Path) -> None:
    nobody = "os.geteuid() or (os.setegid(65534), os.seteuid(65534))"
    if os.geteuid() != 0:
        open_folder.chmod(0o555)
    done = in_a_process(nobody, asked("run", open_folder / "run"))
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("error: ")
    assert "Permission denied" in done.stderr
    assert str(open_folder) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_where_a_file_should_go_is_named(told: Told, run: Path) -> None:
    (run / "settings.json").unlink()
    (run / "settings.json").mkdir()
    assert "Is a directory" in told(asked("generate", run))


def test_foreign_files_in_the_place_of_a_surrogate_are_named(told: Told, run: Path) -> None:
    assert main(asked("train", run, "--surrogates", "nvar", "--seeds", "1")) == 0
    place, other = (run / "surrogates" / name / "seed-0" for name in ("nvar", "climatology"))
    again = asked("train", run, "--surrogates", "nvar", "--seeds", "1")
    weights, card = place / "weights.safetensors", place / "surrogate.json"
    whole, said_before = weights.read_bytes(), card.read_text()
    for content in ((other / "weights.safetensors").read_bytes(), b"", b"mine", b"\xff" * 100):
        weights.write_bytes(content)
        assert f"{weights} is damaged or missing" in told(again)
        assert weights.read_bytes() == content, "what is not ours is not overwritten"
    weights.write_bytes(whole)
    for text, word in (
        ("[1, 2]", "is not ours"),
        ('{"hello": 1}', "is not ours"),
        (f'{{"format": {FORMAT}}}', "lacks dtype"),
        (said_before.replace(f'"format": {FORMAT}', '"format": 9'), "has format 9"),
        ("", "is not valid JSON"),
    ):
        card.write_text(text)
        said = told(again)
        assert f"{card} {word}" in said
    card.write_bytes(b"\xff\xfe\x00")
    assert "is not valid JSON" in told(again)
    card.write_text(said_before)
    assert main(again) == 0


def test_a_damaged_checkpoint_is_named_and_not_trained_from(told: Told, run: Path) -> None:
    place = run / "surrogates" / "mlp" / "seed-0"
    place.mkdir(parents=True)
    (place / "checkpoint.safetensors").write_bytes(b"half a checkp")
    said = told(asked("train", run, "--surrogates", "mlp", "--workers", "1"))
    assert f"the checkpoint {place / 'checkpoint.safetensors'} cannot be read" in said
    assert "delete it to begin the training again" in said


@pytest.mark.parametrize(
    ("stage", "what"), [("run", "experiment"), ("generate", "experiment"), ("bench", "benchmark")]
)
def test_a_system_without_an_experiment_is_told_from_one_that_is_not_there(
    stage: str, what: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "system_names", lambda: ["kuramoto_sivashinsky", "new_waves"])
    assert main([stage, "new-waves"]) != 0
    said = capsys.readouterr().err
    assert f"new-waves has solvers (understudy.solvers.new_waves) and no {what} yet" in said
    assert "kuramoto-sivashinsky" in said
    assert main([stage, "old-waves"]) != 0
    assert "there is no system 'old-waves'" in capsys.readouterr().err
