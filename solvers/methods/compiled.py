"""Functions that are compiled once on a machine, however many processes compile at a time.

What is kept on disk of a function is used as long as no module of its package, nor of this one, has changed:
numba itself looks at the function's own file only, and would go on with old code of what it calls.

Numba keeps an index of what it has compiled of a function in one file, which it reads, changes and writes
without a lock (numba issues 4807, 10128). Two processes that do so at once lose entries or, worse, leave two
entries that name the same code: the next process then runs the wrong one. Here a lock is held meanwhile.

Called with a constant by another compiled function, numba compiles a function, and all that it calls, once
more for that constant. Here it does not: constants reach what is inlined all the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from numba import njit, types

try:
    import fcntl
except ImportError:  # not a Unix: numba's own way
    fcntl = None  # type: ignore[assignment]

__all__ = ["compiled"]


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`numba.njit` with these options, its results kept on disk, the interpreter's lock let go of; division
    by zero gives an infinity or NaN, as in NumPy.

    @compiled()
    def axpy(a, x, y): ...
    """

    options = {"nogil": True, "error_model": "numpy", **options}

    def decorate(function: Callable[..., Any]) -> Any:
        try:
            dispatcher = njit(cache=True, **options)(function)
        except RuntimeError:  # there is no place where this user may keep anything
            return njit(**options)(function)
        file = getattr(getattr(dispatcher, "_cache", None), "_cache_file", None)
        if file is not None:
            folders = {Path(__file__).parent, Path(function.__code__.co_filename).parent}
            file._source_stamp = (file._source_stamp, *sorted(map(_digest, folders)))
        dispatcher.get_call_template = _of_plain_types(dispatcher.get_call_template)
        if file is not None and fcntl is not None:
            lock = Path(file._index_path).with_suffix(".lock")
            file.load, file.save = _locked(file.load, lock), _locked(file.save, lock)
        return dispatcher

    return decorate


def _of_plain_types(call: Callable[..., Any]) -> Callable[..., Any]:
    """How compiled functions find the code that they call, with constants as variables of their type."""

    def found(arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        plain = {name: types.unliteral(kind) for name, kind in named.items()}
        return call(tuple(map(types.unliteral, arguments)), plain)

    return found


@lru_cache
def _digest(folder: Path) -> str:
    """Of all modules in a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _locked(call: Callable[..., Any], path: Path) -> Callable[..., Any]:
    """The call, alone among all processes that lock the path; as it is where the path cannot be written."""

    def locked(*arguments: Any) -> Any:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("a")
        except OSError:
            return call(*arguments)
        with file:  # closing it lets go of the lock
            fcntl.flock(file, fcntl.LOCK_EX)
            return call(*arguments)

    return locked
