"""Which surrogates are made of which blocks, and which tests look at them: read off the imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from ..surrogates.surrogate import surrogate_names

__all__ = ["block_names", "blocks_of", "checked_by", "helpers_with", "says", "surrogates_with"]

EXPERIMENTS = Path(__file__).parent
SURROGATES = Path(__file__).parents[1] / "surrogates"
BLOCKS = SURROGATES / "blocks"
TESTS = Path(__file__).parents[1] / "tests"
PREFIX = "understudy.surrogates.blocks."


def block_names() -> tuple[str, ...]:
    """Every file of a block, by name."""
    return tuple(sorted(path.stem for path in BLOCKS.glob("*.py") if path.stem != "__init__"))


def says(block: str) -> str:
    """The first sentence of what a block's file says of itself."""
    said = ast.get_docstring(ast.parse((BLOCKS / f"{block}.py").read_text())) or ""
    return " ".join(said.split("\n\n")[0].split())


@cache
def blocks_of(surrogate: str) -> frozenset[str]:
    """The blocks that a surrogate's file imports, itself or by way of other files of surrogates."""
    return _reached(SURROGATES / f"{surrogate}.py", among=SURROGATES)


def _reached(path: Path, *, among: Path) -> frozenset[str]:
    """Blocks that a file imports, itself or by way of others below a folder."""
    found: set[Path] = set()
    todo = [path]
    while todo:
        path = todo.pop()
        if path not in found:
            found.add(path)
            todo += [other for other in _imported(path) if other.is_file() and other.is_relative_to(among)]
    return frozenset(path.stem for path in found if path.parent == BLOCKS)


@cache
def surrogates_with() -> Mapping[str, tuple[str, ...]]:
    """Block -> the surrogates made of it. A block that only others use is in those that use these."""
    return {
        block: tuple(name for name in surrogate_names() if block in blocks_of(name))
        for block in block_names()
    }


@cache
def helpers_with() -> Mapping[str, tuple[str, ...]]:
    """Block -> files that are no surrogates, serve any of them, and are made of it: rounding, adapting."""
    names = surrogate_names()
    helpers = {
        path.stem: _reached(path, among=BLOCKS)
        for folder in (SURROGATES, EXPERIMENTS)
        for path in sorted(folder.glob("*.py"))
        if path.stem not in names
    }
    return {
        block: tuple(name for name, reached in helpers.items() if block in reached) for block in block_names()
    }


@cache
def checked_by() -> Mapping[str, tuple[str, ...]]:
    """Block -> the files of tests that import it, relative to the folder of tests."""
    found: dict[str, list[str]] = {block: [] for block in block_names()}
    for path in sorted(TESTS.rglob("test_*.py")):
        for module in _named(path):
            block = module.removeprefix(PREFIX)
            if module.startswith(PREFIX) and block in found:
                found[block].append(path.relative_to(TESTS).as_posix())
    return {block: tuple(dict.fromkeys(paths)) for block, paths in found.items()}


@cache
def _imported(path: Path) -> tuple[Path, ...]:
    """Files of surrogates and blocks that a file imports relative to itself."""
    return tuple(_files_imported(path))


def _files_imported(path: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = path.parents[node.level - 1]
            parts = (node.module or "").split(".") if node.module else []
            yield folder.joinpath(*parts).with_suffix(".py")
            if not parts or folder.joinpath(*parts).is_dir():
                for alias in node.names:
                    yield folder.joinpath(*parts, f"{alias.name}.py")


def _named(path: Path) -> Iterator[str]:
    """Modules that a file imports by their full names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
