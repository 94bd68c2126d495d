"""Settings that make no sense or do not fit one another are refused in words, before anything is solved."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from understudy.experiments import command
from understudy.experiments.command import main
from understudy.experiments.kuramoto_sivashinsky import PRESETS

Told = Callable[..., str]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Runs a command that must refuse its options before it solves; returns what it said, on one line."""

    def solved(*_: object, **__: object) -> None:
        raise AssertionError("it began to solve")

    monkeypatch.setattr(command, "generate_sets", solved)

    def tell(*options: str, stage: str = "run") -> str:
        place = tmp_path / "run"
        arguments = [stage, "kuramoto-sivashinsky", "--preset", "quick", "--folder", str(place), *options]
        try:
            assert main(arguments) == 1
        except SystemExit as ended:
            assert ended.code == 2
        assert not place.exists()
        said = capsys.readouterr().err
        return " ".join(said.translate(str.maketrans("│╭╮╰╯─", "      ")).split())

    return tell


MISFITS = {
    "an interval that the output cannot use": (
        "--main.interval 0.3",
        "--comparison.output-interval 1 must be a whole multiple of every surrogate's interval, but "
        "persistence steps by 0.3 (--main.interval 0.3)",
    ),
    "a fine interval that the output cannot use": ("--fine.interval 0.03", "but nvar steps by 0.0"),
    "an output interval between frames": ("--comparison.output-interval 0.1", "persistence steps by 0.25"),
    "a warm-up longer than what is known": (
        "--comparison.warm-up 500",
        "--comparison.warm-up of 500 is longer than the test trajectories (3",
    ),
    "a warm-up too short for memories": (
        "--comparison.warm-up 1",
        "reservoir needs 65 frames of history 0.25 apart, but --comparison.warm-up is 1; raise it to 16",
    ),
    "a horizon within one frame": ("--comparison.horizon 0.01", "holds 0 frames 1 apart"),
    "more free runs than starts": (
        "--comparison.free-runs 50",
        "needs twice as many starts, so that the solver can be held against itself, but "
        "--main.test-trajectories is 6",
    ),
    "no starts": ("--main.test-trajectories 0", "--main.test-trajectories is 0"),
    "nothing to validate on": (
        "--main.valid-trajectories 0",
        "--main.valid-trajectories is 0; ask for at least 1",
    ),
    "nothing to validate on, fine": ("--fine.valid-trajectories 0", "nvar is validated on the set 'fine'"),
    "trajectories shorter than a memory": (
        "--main.train-frames 5",
        "reservoir needs trajectories of at least 66 frames, but --main.train-frames is 5",
    ),
    "validation shorter than a memory": (
        "--fine.valid-frames 5",
        "frames, but --fine.valid-frames is 5",
    ),
    "trajectories shorter than a lesson": (
        "--fine.train-frames 100",
        "learned-multistep learns from forecasts of 20, for which --fine.train-frames 100 at",
    ),
    "forecasts that no memory holds": ("--comparison.horizon 1e9", "lower --comparison.horizon"),
    "free runs that no memory holds": (
        "--comparison.free-run 1e12",
        "lower --comparison.horizon or --comparison.free",
    ),
    "a grid too small": ("--system.points 8", "--system.points must lie between 16 and 4096 here, got 8"),
    "a grid too large": ("--system.points 1000000000", "must lie between 16 and 4096 here, got 1000000000"),
    "a line too long for the grid": (
        "--system.length 1e9",
        "--system.points 64 cannot resolve --system.length 1e+09",
    ),
    "a line on which all decays": ("--system.length 3", "below which every start decays, got 3"),
    "a surrogate that does not step": (
        "--surrogates training-mean",
        "TrainingMean learns pairs, but Autoregressive gives trajectories; choose another surrogate",
    ),
    "a device that computes nothing": ("--device meta --surrogates resnet", "there is no device 'meta' here"),
    "more threads than cores": (
        "--comparison.threads 100000",
        f"--comparison.threads is 100000, but this machine has {os.cpu_count()} cores",
    ),
}
NUMBERS = {
    "--comparison.warm-up -1": "--comparison.warm-up must be a number of at least 0, got -1",
    "--comparison.horizon 0": "--comparison.horizon must be a number above 0, got 0",
    "--comparison.horizon nan": "--comparison.horizon must be a number above 0, got nan",
    "--comparison.horizon inf": "--comparison.horizon must be a number above 0, got inf",
    "--comparison.output-interval 0": "--comparison.output-interval must be a number above 0, got 0",
    "--comparison.threshold -1": "--comparison.threshold must be a number above 0, got -1",
    "--comparison.free-run 0": "--comparison.free-run must be a number above 0, got 0",
    "--comparison.free-runs 0": "--comparison.free-runs must be a number of at least 1, got 0",
    "--comparison.rounds 0": "--comparison.rounds must be a number of at least 1, got 0",
    "--comparison.batches": "--comparison.batches must be one or more numbers of at least 1, got ()",
    "--comparison.batches 8 0": "--comparison.batches must be one or more numbers of at least 1, got (8, 0)",
    "--comparison.threads 0": "--comparison.threads must be a number of at least 1, got 0",
    "--main.transient -5": "main: transient must be zero or positive, and finite, got -5",
    "--main.transient nan": "main: transient must be zero or positive, and finite, got nan",
    "--fine.interval 0": "fine: interval must be positive and finite, got 0",
    "--main.interval inf": "main: interval must be positive and finite, got inf",
    "--main.train-trajectories 0": "main: train_trajectories must be a whole number of at least 1, got 0",
    "--main.train-frames 1.5": "--main.train-frames: invalid literal for int() with base 10: '1.5'",
    "--main.seed -1": "main: seed must be a whole number of at least 0, got -1",
    "--main.seed x": "--main.seed: invalid literal for int() with base 10: 'x'",
    "--main.seed": "Missing value for argument '--main.seed'",
    "--main.trajectories-per-shard 0": "trajectories_per_shard must be a whole number of at least 1, got 0",
    "--main.workers 0": "main: workers must be a whole number of at least 1, got 0",
    "--main.dtype float16": "invalid choice 'float16' for argument '--main.dtype'",
    "--system.points 63": "system: points must be an even whole number of at least 8, got 63",
    "--system.length 0": "system: length must be positive and finite, got 0",
    "--system.length nan": "system: length must be positive and finite, got nan",
    "--system.forcing nan": "system: forcing must be finite, got nan",
    "--system.forcing 0.1": "length (22) must be a whole multiple of forcing_wavelength (100)",
    "--main.intervall 0.25": "Perhaps you meant: --main.interval",
    "hello": "Unrecognized options: hello",
}


@pytest.mark.parametrize(("options", "sentence"), MISFITS.values(), ids=MISFITS)
def test_settings_that_do_not_fit_one_another_are_refused(told: Told, options: str, sentence: str) -> None:
    assert sentence in told(*options.split())


@pytest.mark.parametrize(("options", "sentence"), NUMBERS.items(), ids=NUMBERS)
def test_numbers_that_make_no_sense_are_refused(told: Told, options: str, sentence: str) -> None:
    assert sentence in told(*options.split())


def test_training_refuses_what_could_not_be_compared_and_generating_warns(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    misfit = ("--main.interval", "0.3")
    assert "must be a whole multiple" in told(*misfit, stage="train")
    with pytest.raises(AssertionError, match="it began to solve"):
        told(*misfit, stage="generate")
    assert "will not do for a comparison as it stands: --comparison.output-interval 1 must be" in caplog.text


@pytest.mark.parametrize("preset", PRESETS)
def test_what_the_presets_ask_for_fits(preset: str) -> None:
    settings = PRESETS[preset]
    settings.check(settings.candidates)


def test_only_the_surrogates_that_are_asked_for_must_fit(told: Told) -> None:
    short = ("--comparison.warm-up", "1")
    with pytest.raises(AssertionError, match="it began to solve"):
        told(*short, "--surrogates", "mlp", "nvar")
    assert "reservoir needs" in told(*short, "--surrogates", "reservoir")
