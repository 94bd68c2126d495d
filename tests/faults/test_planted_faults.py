"""The tests notice mistakes: each fault of the list is planted in a copy, and a named test must turn red."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from planted_faults import FAULTS, Fault

ROOT = Path(__file__).parents[2]
PACKAGES = ("solvers", "datasets", "surrogates", "experiments")
SKIPPED = shutil.ignore_patterns("__pycache__", "results", "runs")
IDS = [f"{fault.file}: {fault.wrong.strip()}" for fault in FAULTS]


@pytest.mark.parametrize("fault", FAULTS, ids=IDS)
def test_each_fault_fits_the_code_as_it_stands(fault: Fault) -> None:
    assert (ROOT / fault.file).read_text().count(fault.right) == 1, f"not once in {fault.file}: {fault.right}"
    assert fault.right != fault.wrong
    assert (ROOT / fault.tests).exists()


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the sources that is imported instead of the installed ones; compiled kernels are shared."""
    place = tmp_path_factory.mktemp("planted")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, place / "understudy" / name, ignore=SKIPPED)
    shutil.copytree(ROOT / "tests", place / "tests", ignore=SKIPPED)
    shutil.copy2(ROOT / "pyproject.toml", place)
    # kernels are looked up by the time stamps of their sources, which a copy keeps
    for cache in ROOT.glob("s*/**/__pycache__"):
        target = place / "understudy" / cache.relative_to(ROOT)
        for file in [*cache.glob("*.nbi"), *cache.glob("*.nbc")]:
            target.mkdir(exist_ok=True)
            os.link(file, target / file.name)
    yield place
    shutil.rmtree(place)


def run_tests(place: Path, tests: str) -> subprocess.CompletedProcess[str]:
    """The named tests, in a process that imports from `place` alone."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(place),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", tests]
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_copy_is_what_is_imported(copy: Path) -> None:
    script = "import understudy.experiments.metrics as m; print(m.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=copy, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(str(copy))


@pytest.mark.slow
@pytest.mark.parametrize("tests", sorted({fault.tests for fault in FAULTS}))
def test_without_a_fault_the_copy_is_green(copy: Path, tests: str) -> None:
    done = run_tests(copy, tests)
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=IDS)
def test_a_planted_fault_turns_a_test_red(copy: Path, fault: Fault) -> None:
    file = copy / "understudy" / fault.file
    original, stamps = file.read_text(), file.stat()
    try:
        file.write_text(original.replace(fault.right, fault.wrong))
        done = run_tests(copy, fault.tests)
    finally:
        file.write_text(original)
        os.utime(file, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))
    assert done.returncode == 1, (
        f"no test of {fault.tests} noticed (exit {done.returncode}):\n{done.stdout[-2000:]}"
    )
    assert " failed" in done.stdout or " error" in done.stdout
