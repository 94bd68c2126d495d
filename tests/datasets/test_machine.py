"""What stands beside every number is the machine's and the source's own."""

import shutil
import subprocess
from pathlib import Path

import numpy
import pytest
from understudy.datasets import machine


def test_versions_are_those_of_what_is_installed() -> None:
    assert machine.version("numpy") == numpy.__version__
    assert machine.version("no-such-distribution") is None


def test_the_processor_is_named_with_its_vectors() -> None:
    assert machine.processor().endswith((", avx512f)", ", avx2)", ", avx)", "no AVX)"))


def test_the_commit_is_that_of_a_tree_which_holds_our_source_and_of_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*arguments: str) -> str:
        who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
        done = subprocess.run(
            ["git", *who, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    ours = tmp_path / "machine.py"
    shutil.copy(machine.__file__, ours)
    monkeypatch.setattr(machine, "__file__", str(ours))
    assert machine.source_commit() is None
    git("init", "--quiet")
    git("commit", "--quiet", "--allow-empty", "-m", "another project's")
    assert machine.source_commit() is None
    git("add", "machine.py")
    git("commit", "--quiet", "-m", "ours")
    head = git("rev-parse", "HEAD")[:12]
    assert machine.source_commit() == head
    ours.write_text("changed")
    assert machine.source_commit() == f"{head}+"
