"""A benchmark in parts: which are chosen, refused or run, and their tables one below the other.

A part is a module with `Settings`, `NAMES` (what these may name), `PRESETS`, `run(settings, path=...)` and
`table(results)`; it leaves one file, so that a part can be measured again by itself. Its name has hyphens on
the command line and in files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..solvers.discovery import UnknownName, nearest
from .bench_settings import refuse_senseless

__all__ = ["run_parts", "table_of_parts"]


def run_parts(parts: Mapping[str, Any], settings: Any, *, folder: Path) -> dict[str, Any]:
    """Measure the parts that `settings.parts` names, each into `folder`/<part>.json; part -> results.

    Raises `UnknownName` for a part that does not exist and `ComparisonError` for settings that make no sense,
    before anything is timed.
    """
    chosen = list(dict.fromkeys(nearest(part, list(parts), "part") for part in settings.parts))
    if not chosen:
        raise UnknownName(f"--parts needs at least one of {', '.join(map(_shown, parts))}")
    for part in chosen:
        refuse_senseless(getattr(settings, part), part=_shown(part), names=parts[part].NAMES)
    return {
        _shown(part): parts[part].run(getattr(settings, part), path=folder / f"{_shown(part)}.json")
        for part in chosen
    }


def table_of_parts(parts: Mapping[str, Any], results: Mapping[str, Any]) -> str:
    """The parts' tables, one below the other."""
    return "\n\n".join(parts[part.replace("-", "_")].table(found) for part, found in results.items())


def _shown(part: str) -> str:
    return part.replace("_", "-")
