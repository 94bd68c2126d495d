"""The rules of the house: one way of imports, no stray names, every package listed and typed."""

import ast
import importlib
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = ["solvers", "datasets", "surrogates", "experiments"]
SOURCES = sorted(path for folder in ORDER for path in (ROOT / folder).rglob("*.py"))
MODULES = [
    "understudy." + ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in SOURCES
]
FORBIDDEN_NAMES = {"utils", "helpers", "common", "base", "misc"}
LIMIT = 320


def imported_modules(path: Path) -> set[str]:
    """Dotted names of ours that a file imports, e.g. `solvers.contract`."""
    package = path.relative_to(ROOT).parent.parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            if node.level:
                anchor = package[: len(package) - node.level + 1]
                found.add(".".join([*anchor, *(node.module or "").split(".")]).strip("."))
            elif node.module:
                found.add(node.module.removeprefix("understudy."))
        elif isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("understudy.") for alias in node.names}
    return found


def test_the_walk_finds_the_packages() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in SOURCES} == set(ORDER)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_package_imports_only_itself_and_earlier_ones(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0]
    later = set(ORDER[ORDER.index(own) + 1 :])
    for module in imported_modules(path):
        assert module.split(".")[0] not in later, f"{path} imports {module}"


def test_what_is_kept_on_disk_is_compiled_under_a_lock() -> None:
    alone = {"compiled.py", "bench_peers.py"}  # a peer is compiled as its users would
    for path in SOURCES:
        assert path.name in alone or "cache=True" not in path.read_text(), f"{path}: use `compiled`"


def test_blocks_import_none_of_ours() -> None:
    for path in (ROOT / "surrogates" / "blocks").glob("*.py"):
        for module in imported_modules(path):
            ours = module.split(".")[0] in ORDER and not module.startswith("surrogates.blocks")
            assert not ours, f"{path} imports {module}"


def test_datasets_and_surrogates_name_no_system() -> None:
    systems = [p.name for p in (ROOT / "solvers").iterdir() if p.is_dir() and p.name not in ("methods",)]
    systems = [name for name in systems if not name.startswith("__")]
    assert systems
    for path in SOURCES:
        if path.relative_to(ROOT).parts[0] in ("datasets", "surrogates"):
            for module in imported_modules(path):
                assert not any(name in module.split(".") for name in systems), f"{path} imports {module}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_are_short_and_named_for_what_they_define(path: Path) -> None:
    assert path.stem not in FORBIDDEN_NAMES
    assert len(path.read_text().splitlines()) <= LIMIT


def test_pyproject_lists_every_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = set(project["tool"]["setuptools"]["packages"])
    tree = {
        "understudy." + ".".join(path.relative_to(ROOT).parent.parts)
        for path in SOURCES
        if path.name == "__init__.py"
    }
    assert listed == tree
    for folder in ORDER:
        assert (ROOT / folder / "py.typed").is_file()


def test_every_module_imports_under_its_name_and_no_other() -> None:
    code = (
        "import importlib, sys\n"
        f"[importlib.import_module(n) for n in {MODULES}]\n"
        "stray = {'datasets', 'solvers', 'surrogates', 'experiments'} & set(sys.modules)\n"
        "assert not stray, stray\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT / "tests", check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_wheel_holds_every_module(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)],
        check=True,
        capture_output=True,
    )
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        inside = {name for name in wheel.namelist() if name.endswith(".py")}
    assert inside == {"understudy/" + str(path.relative_to(ROOT)) for path in SOURCES}


def test_public_names_exist() -> None:
    for module in MODULES:
        loaded = importlib.import_module(module)
        for name in getattr(loaded, "__all__", ()):
            assert hasattr(loaded, name), f"{module}.__all__ names {name}, which is not there"
