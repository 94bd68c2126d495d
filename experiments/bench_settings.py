"""Settings of a benchmark that make no sense, refused before anything is timed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from ..solvers.discovery import UnknownName, nearest
from .compare import ComparisonError

__all__ = ["refuse_senseless"]


def refuse_senseless(settings: Any, *, part: str, names: Mapping[str, Iterable[str]]) -> None:
    """Raise `ComparisonError` for a number that is not positive and finite, or an empty list of anything.

    Raises `UnknownName` for a name that is not among `names`, which has the known ones by setting.
    """
    for entry in fields(settings):
        option = f"--{part}.{entry.name.replace('_', '-')}"
        values = list(_flat(getattr(settings, entry.name)))
        if not values:
            raise ComparisonError(f"{option} needs at least one value")
        for value in values:
            if isinstance(value, str):
                known = list(names[entry.name])
                if value not in known and nearest(value, known, f"choice for {option}"):
                    raise UnknownName(f"{option} takes names as they are written here: {', '.join(known)}")
            elif not 0 < value < math.inf:
                raise ComparisonError(f"{option} must be positive and finite, got {value:g}")


def _flat(value: Any) -> Iterable[Any]:
    if isinstance(value, tuple):
        for inner in value:
            yield from _flat(inner)
    else:
        yield value
