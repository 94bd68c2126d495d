"""Training that is killed at random moments ends, resumed, with the weights of a run that was not."""

import json
import multiprocessing
import random
import signal
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from safetensors.torch import load_file
from training_kill_target import CHECKS, die_at_change, train_briefly, train_into
from understudy.surrogates.checkpoints import read_checkpoint
from understudy.surrogates.surrogate import SurrogateError, load

# a server that has imported torch, and what its first optimiser imports, starts each process in no time
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["torch._dynamo", "understudy.surrogates.mlp"])


def start(folder: Path) -> ForkServerProcess:
    process = CONTEXT.Process(target=train_into, args=(folder,))
    process.start()
    return process


def complete(folder: Path) -> None:
    process = start(folder)
    process.join(timeout=300)
    assert process.exitcode == 0


def kill_after(folder: Path, checks: int, delay: float) -> None:
    """SIGKILL `delay` seconds after the log has that many lines."""
    process = start(folder)
    log, patience = folder / "log.jsonl", time.monotonic() + 120
    while not log.is_file() or log.read_text().count("\n") < checks:
        assert process.is_alive()
        assert time.monotonic() < patience
        time.sleep(0.0005)
    time.sleep(delay)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL, "it was done before the kill; let the target train for longer"


def steps(folder: Path) -> list[int]:
    return [json.loads(line)["step"] for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("kills", [3, pytest.param(25, marks=pytest.mark.slow)])
def test_a_killed_training_ends_with_the_weights_of_an_uninterrupted_one(kills: int, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    complete(whole)
    moments = random.Random(kills)
    for checks in sorted(moments.randint(1, CHECKS - 20) for _ in range(kills)):
        kill_after(broken, checks, moments.uniform(0, 0.03))
    complete(broken)
    assert "resumed the training" in (broken / "messages").read_text()
    assert (broken / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()
    first, second = (load_file(folder / "checkpoint.safetensors") for folder in (whole, broken))
    assert first.keys() == second.keys()
    assert all((first[key] == second[key]).all() for key in first)
    assert steps(broken) == steps(whole) == [10 * i for i in range(1, CHECKS + 1)]


@pytest.mark.slow
def test_a_kill_before_any_change_to_the_folder_leaves_nothing_half_written(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    train_briefly(whole)
    weights = (whole / "weights.safetensors").read_bytes()
    step, died = 0, True
    while died:
        step += 1
        folder = tmp_path / str(step)
        process = CONTEXT.Process(target=die_at_change, args=(folder, step))
        process.start()
        process.join(timeout=120)
        died = process.exitcode == -signal.SIGKILL
        assert died or process.exitcode == 0
        read_checkpoint(folder / "checkpoint.safetensors")  # None or whole, else it raises
        if (folder / "weights.safetensors").exists():
            assert (folder / "weights.safetensors").read_bytes() == weights
        if (folder / "surrogate.json").exists():
            load(folder)
        else:
            with pytest.raises(SurrogateError, match="no trained surrogate"):
                load(folder)
        train_briefly(folder)
        assert (folder / "weights.safetensors").read_bytes() == weights
        assert steps(folder) == [2, 4, 6]
    # three checks with a line and a checkpoint each, then weights and card, two changes each but the line
    assert step > 13
