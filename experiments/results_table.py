"""Markdown tables from committed results, as they stand in the README; a test keeps the two equal.

`python -m understudy.experiments.results_table` makes those of the README anew;
`python -m understudy.experiments.results_table <folder>/results.json` prints that of any run.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .report import duration
from .verdict import MODES, Mode

__all__ = ["RESULTS", "comparison_table", "filled", "main", "mode_of"]

RESULTS = Path(__file__).parent / "results"
VALID_TIME = "valid prediction time"
HEADER = (
    "| surrogate | {} (10 to 90 %) | one query | at equal accuracy | per query in a batch "
    "| at equal accuracy | naive | data + training | repaid after (queries) |"
)


def comparison_table(results: Mapping[str, Any]) -> str:
    """One row for each surrogate, the most accurate first, then the null models."""
    rows = {row["label"]: row for row in results["rows"]}
    longest_first = results["metric"]["name"] == VALID_TIME
    verdicts = sorted(results["verdicts"], key=lambda v: v["accuracy"] * (-1 if longest_first else 1))
    lines = [HEADER.format("valid time" if longest_first else results["metric"]["name"]), "|" + "---|" * 9]
    for verdict in verdicts:
        row = rows[verdict["label"]]
        single, batch = (mode_of(verdict[name]) for name in MODES)
        cells = [
            verdict["label"],
            _accuracy(row, digits="{:.1f}" if longest_first else "{:.2g}"),
            duration(single.seconds),
            single.in_words(),
            duration(batch.seconds),
            batch.in_words(),
            f"{batch.naive:.2g} x",
            " + ".join(duration(row["bill_seconds"][part]) for part in ("data", "training")),
            batch.repaid_in_words(),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    for row in rows.values():
        if row["kind"] == "null":
            seconds = row["seconds_per_query"]
            times = duration(seconds["single"]["median"]), duration(seconds["batch"]["median"])
            said = _accuracy(row, digits="{:.1f}" if longest_first else "{:.2g}")
            cells = [f"{row['label']} (null)", said, times[0], "", times[1], "", "", "", ""]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def mode_of(stored: Mapping[str, Any]) -> Mode:
    """The numbers of the results; their words are said anew."""
    return Mode(**{field.name: stored[field.name] for field in dataclasses.fields(Mode)})


def _accuracy(row: Mapping[str, Any], *, digits: str) -> str:
    low, middle, high = (digits.format(row["accuracy"][name]) for name in ("q10", "median", "q90"))
    return f"{middle} ({low} to {high})"


def filled(page: str) -> str:
    """The page with every table between its markers made anew from the committed results."""

    def fill(match: re.Match[str]) -> str:
        results = json.loads((RESULTS / match[2] / "results.json").read_text())
        return f"{match[1]}\n{comparison_table(results)}\n{match[3]}"

    return re.sub(r"(<!-- comparison: ([\w-]+) -->)\n.*?(<!-- end -->)", fill, page, flags=re.DOTALL)


def main(arguments: list[str] | None = None) -> int:
    """Print the table of each results file that is named; without any, fill in the README's."""
    named = sys.argv[1:] if arguments is None else arguments
    for path in named:
        sys.stdout.write(comparison_table(json.loads(Path(path).read_text())) + "\n")
    if not named:
        readme = RESULTS.parents[1] / "README.md"
        readme.write_text(filled(readme.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
