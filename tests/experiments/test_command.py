"""The command line from end to end at the quick preset, and what it says when something is wrong."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from few_readings import SHORT_FORECASTS
from understudy.experiments.command import main

SYSTEM = "kuramoto-sivashinsky"
CHEAP = ("--surrogates", "nvar", "cnn", "--seeds", "1", "--quiet")
Told = Callable[..., str]


@pytest.fixture(scope="module")
def finished(few_rungs: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run; tests that damage it work on a copy."""
    folder = tmp_path_factory.mktemp("runs") / "quick"
    assert (
        main(["run", SYSTEM, "--preset", "quick", "--folder", str(folder), "--quiet", *SHORT_FORECASTS]) == 0
    )
    return folder


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    """Runs a command that must fail with one sentence; returns it."""

    def run(*arguments: str | Path) -> str:
        assert main([str(a) for a in arguments]) == 1
        said = capsys.readouterr().err.strip().splitlines()[-1]
        assert said.startswith("error: ")
        return said

    return run


def test_a_run_leaves_results_figures_and_a_report_that_needs_no_network(finished: Path) -> None:
    results = json.loads((finished / "results.json").read_text())
    kinds = {row["label"]: row["kind"] for row in results["rows"]}
    assert {"reference", "ladder", "surrogate", "control", "null"} == set(kinds.values())
    judged = {verdict["label"] for verdict in results["verdicts"]}
    assert judged == {label for label, kind in kinds.items() if kind in ("surrogate", "control")}
    assert {"reservoir", "nvar", "cnn", "resnet", "mlp", "learned-multistep"} <= judged
    assert results["machine"]
    assert results["versions"]["torch"]
    assert len(list((finished / "figures").glob("*.png"))) == 6
    page = (finished / "report.html").read_text()
    assert page.count("data:image/png;base64") == 6
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert 'src="http' not in page


def test_the_same_command_again_trains_nothing_anew(finished: Path) -> None:
    cards = {p: p.stat().st_mtime_ns for p in finished.glob("surrogates/*/*/surrogate.json")}
    assert len(cards) >= 9
    assert main(["train", SYSTEM, "--preset", "quick", "--folder", str(finished), "--quiet"]) == 0
    assert {p: p.stat().st_mtime_ns for p in cards} == cards


def test_check_and_show_take_the_set_of_a_run(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(finished / "sets" / "main")]) == 0
    assert main(["show", str(finished / "sets" / "main")]) == 0
    assert "nothing wrong" in capsys.readouterr().out
    assert (finished / "sets" / "main" / "sample.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("run", "kuramoto-sivashinski"), "did you mean 'kuramoto-sivashinsky'?"),
        (("bench", "kuramoto"), "did you mean 'kuramoto-sivashinsky'?"),
        (("run", SYSTEM, "--preset", "quik"), "did you mean 'quick'?"),
        (("run", SYSTEM, "--surrogates", "reservior"), "did you mean 'reservoir'?"),
        (("run", SYSTEM, "--dtype", "float16"), "known: float32, float64"),
        (("show", "no/such/place"), "no such folder"),
        (("run", SYSTEM, "--preset", "quick", "--folder", "/proc/nothing"), "/proc/nothing"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_name_or_place_is_answered_with_what_would_be_right(
    told: Told, arguments: tuple[str, ...], sentence: str
) -> None:
    assert sentence in told(*arguments)


def test_a_folder_that_is_a_file_is_refused(told: Told, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert "is a file" in told("run", SYSTEM, "--preset", "quick", "--folder", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_comparing_before_training_says_what_to_do(told: Told, finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished / "sets", tmp_path / "run" / "sets")
    said = told("compare", SYSTEM, "--preset", "quick", "--folder", tmp_path / "run", *CHEAP)
    assert "run `understudy train` first" in said


def test_surrogates_of_another_set_or_other_settings_are_refused(
    told: Told, finished: Path, tmp_path: Path
) -> None:
    place = tmp_path / "run"
    shutil.copytree(finished / "surrogates", place / "surrogates")
    generate = ("generate", SYSTEM, "--preset", "quick", "--folder", place, "--quiet")
    assert main([str(a) for a in (*generate, "--main.seed", "5", "--fine.seed", "6")]) == 0
    other = ("--main.seed", "5", "--fine.seed", "6")
    said = told("compare", SYSTEM, "--preset", "quick", "--folder", place, "--quiet", *other)
    assert "was trained on the set" in said
    said = told("compare", SYSTEM, "--preset", "quick", "--folder", finished, "--quiet", "--dtype", "float32")
    assert "trained with another dtype" in said


def test_a_set_with_other_settings_is_refused_not_overwritten(told: Told, finished: Path) -> None:
    said = told("run", SYSTEM, "--preset", "quick", "--folder", finished, "--main.seed", "9")
    assert "settings.seed = 9 instead of 5" in said
    assert main(["check", str(finished / "sets" / "main")]) == 0


def test_a_full_disk_ends_with_a_sentence_and_no_half_file(tmp_path: Path) -> None:
    script = (
        "import resource, signal, sys\n"
        "from understudy.experiments.command import main\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        f"sys.exit(main(['generate', '{SYSTEM}', '--preset', 'quick', '--folder', {str(tmp_path / 'run')!r},"
        " '--main.workers', '1', '--quiet']))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "run").rglob("*.hdf5"))
