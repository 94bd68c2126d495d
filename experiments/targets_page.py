"""A page of targets: tables between markers, filled in from what the committed results say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["Measured", "Tables", "Target", "fill_in", "filled", "made_table", "targets_table"]

Measured = tuple[str, bool | None]
"""What was measured, in words, and whether that reaches the target; None where nothing was to be reached."""
Target = tuple[str, str, Callable[[], Measured], str]
"""What, what is wanted, how it is measured, and the command that does."""
Tables = Mapping[str, Callable[[], str]]
"""What stands between the markers of a name."""


def targets_table(targets: Sequence[Target]) -> str:
    """One line for each target; one whose results are not there yet says so."""
    lines = ["| target | wanted | measured | by | reached |", "|---|---|---|---|---|"]
    for what, wanted, measure, command in targets:
        try:
            measured, reached = measure()
        except FileNotFoundError:
            lines.append(f"| {what} | {wanted} | not measured yet | `{command}` | |")
            continue
        answer = {None: "stated", True: "yes", False: "no"}[reached]
        lines.append(f"| {what} | {wanted} | {measured} | `{command}` | {answer} |")
    return "\n".join(lines)


def made_table(names: Iterable[str], load: Callable[[str], Mapping[str, Any]]) -> str:
    """When, from which commit and on what each of these results was made."""
    lines = ["| results | commit | date | machine |", "|---|---|---|---|"]
    for name in names:
        try:
            r = load(name)
        except FileNotFoundError:
            continue
        lines.append(f"| `{name}` | {r['commit']} | {r['date'][:16]} | {r['machine']['processor']} |")
    return "\n".join(lines)


def filled(page: str, tables: Tables) -> str:
    """The page with every table between its markers made anew; those of other names stay as they are."""

    def fill(match: re.Match[str]) -> str:
        if match[2] not in tables:
            return match[0]
        return f"{match[1]}\n{tables[match[2]]()}\n{match[3]}"

    return re.sub(r"(<!-- table: ([\w-]+) -->)\n.*?(<!-- end -->)", fill, page, flags=re.DOTALL)


def fill_in(path: Path, tables: Tables) -> int:
    """Fill in the page that lies there; 0, as a command ends."""
    path.write_text(filled(path.read_text(), tables))
    return 0
