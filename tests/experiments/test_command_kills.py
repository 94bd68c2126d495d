"""A run killed at random moments and started again ends with the sets and weights of one that was not."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from understudy.datasets.check import check
from understudy.experiments.command import main
from understudy.surrogates.surrogate import load

SURROGATES = ("nvar", "reservoir", "mlp", "cnn", "learned-multistep")


def arguments(folder: Path) -> list[str]:
    return [
        *("train", "kuramoto-sivashinsky", "--preset", "quick", "--folder", str(folder), "--quiet"),
        *("--main.workers", "1", "--fine.workers", "1", "--workers", "1", "--surrogates", *SURROGATES),
    ]


def lasting(folder: Path) -> dict[str, bytes]:
    """All that two runs must have in common: sets and weights, not what they cost."""
    kept = (".hdf5", ".yaml", ".safetensors")
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        # a checkpoint also holds the seconds that were spent
        if path.suffix in kept and path.name != "checkpoint.safetensors"
    }


@pytest.mark.slow
def test_a_run_that_is_killed_at_twenty_random_moments_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    begin = time.monotonic()
    assert main(arguments(whole)) == 0
    seconds = time.monotonic() - begin
    expected = lasting(whole)
    script = "import sys; from understudy.experiments.command import main; print('begun', flush=True)\n"
    generator = np.random.default_rng(4)
    kills = 0
    for attempt in range(200):
        child = subprocess.Popen(
            [sys.executable, "-c", f"{script}sys.exit(main({arguments(broken)!r}))"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(generator.uniform(0, max(2.0, seconds / 2)))
        child.kill()
        child.wait()
        child.stdout.close()
        kills += child.returncode == -signal.SIGKILL
        for name, content in lasting(broken).items():
            assert content == expected[name], f"{name} is half-written after attempt {attempt}"
        for card in broken.glob("surrogates/*/*/surrogate.json"):
            load(card.parent)
        if kills >= 20:
            break
        if child.returncode == 0:  # begin anew, in another folder
            assert lasting(broken) == expected
            broken = tmp_path / f"broken-{attempt}"
    assert kills >= 20
    assert main(arguments(broken)) == 0
    assert lasting(broken) == expected
    assert all(check(broken / "sets" / name) == [] for name in ("main", "fine"))
