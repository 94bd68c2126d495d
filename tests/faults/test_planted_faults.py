"""The tests notice mistakes: each fault is planted in a copy, and the test that it names must turn red."""

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault import Fault

HERE = Path(__file__).parent
FAULTS = tuple(
    fault
    for path in sorted(HERE.glob("faults_in_*.py"))
    for fault in importlib.import_module(path.stem).FAULTS
)
ROOT = HERE.parents[1]
PACKAGES = ("solvers", "datasets", "surrogates", "experiments")
SKIPPED = shutil.ignore_patterns("__pycache__", "results", "runs")
IDS = [f"{fault.file}: {fault.wrong.strip()}" for fault in FAULTS]
ELSEWHERE = 77
"""Exit code of tests that imported anything of ours from outside the copy."""
GUARD = f"""
import sys
from pathlib import Path

def pytest_sessionfinish(session, exitstatus):
    ours = [m for name, m in list(sys.modules.items()) if name.startswith("understudy.")]
    files = [Path(m.__file__) for m in ours if getattr(m, "__file__", None)]
    if not files or not all(file.is_relative_to(Path(__file__).parent / "understudy") for file in files):
        session.exitstatus = {ELSEWHERE}
"""


@pytest.mark.parametrize("fault", FAULTS, ids=IDS)
def test_each_fault_fits_the_code_as_it_stands(fault: Fault) -> None:
    times = (ROOT / fault.file).read_text().count(fault.right)
    assert times == 1, f"{fault.file} holds {fault.right!r} {times} times instead of once; mend the list"
    assert fault.right != fault.wrong
    file, _, name = fault.test.partition("::")
    assert f"def {name}(" in (ROOT / file).read_text(), f"there is no {fault.test}; mend the list"


def test_no_fault_stands_twice_in_the_list() -> None:
    assert len({(f.file, f.right, f.wrong) for f in FAULTS}) == len(FAULTS) >= 30


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the sources that is imported instead of the installed ones; compiled kernels are shared."""
    place = tmp_path_factory.mktemp("planted")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, place / "understudy" / name, ignore=SKIPPED)
    shutil.copytree(ROOT / "tests", place / "tests", ignore=SKIPPED)
    shutil.copy2(ROOT / "pyproject.toml", place)
    (place / "guard.py").write_text(GUARD)
    # kernels are looked up by the time stamps of their sources, which a copy keeps
    for cache in ROOT.glob("s*/**/__pycache__"):
        target = place / "understudy" / cache.relative_to(ROOT)
        for file in [*cache.glob("*.nbi"), *cache.glob("*.nbc")]:
            target.mkdir(exist_ok=True)
            shutil.copy2(file, target / file.name)
    yield place
    shutil.rmtree(place)


def run_tests(place: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    """The named tests, in a process that imports from `place` alone."""
    environment = {**os.environ, "PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    options = ("-x", "-q", "-p", "guard", "-p", "no:cacheprovider", "-p", "no:xdist")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )


@pytest.mark.slow
def test_without_a_fault_all_named_tests_are_green_and_import_the_copy(copy: Path) -> None:
    done = run_tests(copy, *sorted({fault.test for fault in FAULTS}))
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.slow
def test_tests_that_do_not_import_the_copy_are_found_out(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "guard.py").write_text(GUARD)
    test = tmp_path / "test_elsewhere.py"
    test.write_text("from understudy.experiments import metrics\n\n\ndef test_nothing(): pass\n")
    assert run_tests(tmp_path, test.name).returncode == ELSEWHERE


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=IDS)
def test_a_planted_fault_turns_its_test_red(copy: Path, fault: Fault) -> None:
    file = copy / "understudy" / fault.file
    original, stamps = file.read_text(), file.stat()
    try:
        file.write_text(original.replace(fault.right, fault.wrong))
        done = run_tests(copy, fault.test)
    finally:
        file.write_text(original)
        os.utime(file, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))
    said = (
        f"{fault.test} did not notice (exit {done.returncode}):\n{done.stdout[-2000:]}\n{done.stderr[-500:]}"
    )
    assert done.returncode == 1, said
    # red for what it found, not because it could not be collected
    assert " failed" in done.stdout or " error" in done.stdout, said
