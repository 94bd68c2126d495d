"""Finds systems and surrogates by walking the folders: a new one is a new folder or file, no registry."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from types import ModuleType

from .contract import Kit

__all__ = ["UnknownName", "find_kit", "nearest", "system_names"]


class UnknownName(ValueError):
    """A name that nothing here answers to; the text suggests the nearest."""


def nearest(name: str, known: list[str], kind: str) -> str:
    """The known name that `name` means (hyphens are underscores), else `UnknownName` with a suggestion."""
    plain = name.strip().lower().replace("-", "_")
    if plain in known:
        return plain
    close = difflib.get_close_matches(plain, known, n=1, cutoff=0.4)
    hint = f"did you mean {close[0].replace('_', '-')!r}? " if close else ""
    listed = ", ".join(sorted(k.replace("_", "-") for k in known))
    raise UnknownName(f"there is no {kind} {name!r}; {hint}known: {listed}")


def system_names() -> list[str]:
    """Every folder beside this file that offers a `KIT`."""
    package = importlib.import_module(__package__)
    return sorted(
        module.name
        for module in pkgutil.iter_modules(package.__path__)
        if module.ispkg and hasattr(_load(module.name), "KIT")
    )


def find_kit(name: str) -> Kit:
    """The kit of a system by its name."""
    kit = _load(nearest(name, system_names(), "system")).KIT
    if not isinstance(kit, Kit):
        raise TypeError(f"{name}.KIT must be a Kit, got {type(kit).__name__}")
    return kit


def _load(name: str) -> ModuleType:
    return importlib.import_module(f"{__package__}.{name}")
