"""The comparison in words: the terminal's table, the JSON file, the page."""

from pathlib import Path

import pytest
from understudy.experiments.compare import Row
from understudy.experiments.metrics import relative_error
from understudy.experiments.report import duration, table, write_json
from understudy.experiments.report_page import write_html
from understudy.experiments.verdict import judge


def test_table_json_and_page_hold_every_row(rows: list[Row], tmp_path: Path) -> None:
    verdicts = judge(rows, relative_error())
    text = table(rows, verdicts, metric=relative_error())
    write_json(tmp_path / "results.json", {"rows": [r.plain() for r in rows], "nan": float("nan")})
    page = write_html(
        tmp_path / "report.html",
        rows,
        verdicts,
        metric=relative_error(),
        title="A & B",
        headline=["h"],
        about="",
        figures=[],
        sections={},
        definitions={},
        provenance={},
    ).read_text()
    for row in rows:
        assert row.label in page
        assert (row.label in text) == (row.label != "wasteful"), "the terminal leaves out what is dominated"
    assert "A &amp; B" in page
    assert "http" not in page
    assert '"nan": null' in (tmp_path / "results.json").read_text()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (4.12e-7, "412 ns"),
        (9.997e-4, "1 ms"),
        (3.6e-3, "3.6 ms"),
        (126.0, "2.1 min"),
        (1.5, "1.5 s"),
        (float("inf"), "-"),
    ],
)
def test_durations_read_well(seconds: float, words: str) -> None:
    assert duration(seconds) == words
