"""The report: whole, self-contained and escaped; its headline says no more than the comparison showed."""

import base64
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from understudy.experiments import page
from understudy.experiments.compare import Bill, Kind, Row
from understudy.experiments.metrics import Metric, relative_error, valid_time
from understudy.experiments.report import headline, table
from understudy.experiments.report_page import DEFINITIONS, write_html
from understudy.experiments.timing import Timing
from understudy.experiments.verdict import judge

ERROR = relative_error()
HORIZON = 16.0
TIME = valid_time(1.0, scale=1.0)
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
)


def row(label: str, kind: Kind, score: float, seconds: float, **more: object) -> Row:
    given: dict[str, object] = {"remark": "", "failures": {}, "settings": {}, **more}
    return Row(
        label=label,
        kind=kind,
        scores=np.full((2, 5), score),
        error_quantiles=np.zeros((3, 1)),
        single=Timing.of([seconds] * 3, first=0.0),
        batch=Timing.of([seconds] * 3, first=0.0),
        batch_size=16,
        memory_bytes=2**20,
        bill=Bill(1.0, 2.0),
        others={"threshold 0.2": score / 2},
        **given,  # type: ignore[arg-type]
    )


def compared(*surrogates: Row) -> list[Row]:
    """With a ladder on which accuracy 1, 10 and 15 take 1, 10 and 100 s."""
    return [
        row("data: <fast> & exact", "reference", HORIZON, 1000.0),
        row("crude", "ladder", 1.0, 1.0),
        row("fair", "ladder", 10.0, 10.0, failures={"DIVERGED": 3}),
        row("wasteful", "ladder", 9.0, 90.0),
        row("fine", "ladder", 15.0, 100.0),
        row("rest", "null", 0.1, 0.001),
        *surrogates,
    ]


def said(*surrogates: Row, metric: Metric = TIME) -> list[str]:
    rows = compared(*surrogates)
    return headline(rows, judge(rows, metric, ceiling=HORIZON), metric=metric, ceiling=HORIZON)


class Outline(HTMLParser):
    """Collects tags and text, and refuses what is not closed in turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: Counter[str] = Counter()
        self.sources: list[str] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found[tag] += 1
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def report(tmp_path: Path) -> Outline:
    rows = compared(
        row(
            "ours",
            "surrogate",
            10.0,
            5.0,
            remark="grey box",
            settings={
                "one_step_error": [1e-3, 3e-3],
                "training_seconds": [1.0, 2.0],
                "training_set": "main",
                "task": {"interval": 0.25},
                "parameters": 12345,
            },
        ),
        row("theirs", "surrogate", 0.05, 5.0, remark="grey box"),
    )
    (tmp_path / "one.png").write_bytes(PIXEL)
    written = write_html(
        tmp_path / "report.html",
        rows,
        judge(rows, TIME, ceiling=HORIZON),
        metric=TIME,
        title="A & B",
        headline=["First.", "Second."],
        about="<script>",
        figures=[(tmp_path / "one.png", 'a "picture"')] * 2,
        sections={"Free runs": page.paragraph("bounded")},
        definitions=DEFINITIONS,
        provenance={"date": "today", "settings": {"main": {"seed": 4, "sizes": [1, 2]}, "size": "quick"}},
    )
    assert not list(tmp_path.glob(".*")), "no temporary file is left"
    return Outline(written.read_text())


def test_the_page_is_well_formed_and_needs_nothing_from_outside(report: Outline) -> None:
    assert report.found["img"] == report.found["figure"] == 2
    assert all(source.startswith("data:image/png;base64,") for source in report.sources)
    assert report.found["script"] == report.found["link"] == 0
    assert "url(" not in page.STYLE
    assert "A & B" in report.text
    assert "<fast> & exact" in report.text
    assert report.found["meta"] == 2, "letters, and the width of a telephone"


def test_the_page_shows_every_contestant_and_what_is_to_know_of_it(report: Outline) -> None:
    for label in ("ours", "theirs", "rest", "crude", "fair", "wasteful", "fine"):
        assert label in report.text
    assert "ours, theirs: grey box" in report.text, "one remark for all that it holds for"
    assert "3 of 10" in report.text, "failures are counted"
    assert "12,345" in report.text
    assert "All 4 settings" in report.text, "those that are beaten are folded away"
    for word in ("level", "repaid after", "naive", "control", "at equal accuracy"):
        assert word in report.text.lower()


def test_settings_are_small_tables_by_group_and_folded_away() -> None:
    outline = Outline(
        page.folded("Show", page.settings({"a_b": 1, "c": {"d": 0.1, "e": {"f": None, "g": [1, 2]}}}))
    )
    assert outline.found["details"] == 1
    assert outline.found["table"] == 3
    assert outline.text == "Showa b1cd0.1c.efnoneg1, 2"


def test_neighbouring_columns_of_a_group_share_its_title() -> None:
    made = page.table([("", ""), ("fast", "a"), ("fast", "b"), ("slow", "c")], [("x", ["r", "1", "2", "3"])])
    assert '<th></th><th colspan="2">fast</th><th>slow</th>' in made
    assert made.count("<tr") == 3
    assert "groups" not in page.table([("", "a"), ("", "b")], [])


def test_the_headline_names_the_most_accurate_and_how_it_stands_to_the_solver() -> None:
    first, alone, batch = said(row("ours", "surrogate", 10.0, 5.0), row("theirs", "surrogate", 5.0, 50.0))
    assert first.startswith(
        "Most accurate: ours, with a valid prediction time of 10 Lyapunov times (median of 5"
    )
    assert "starts, 2 training seeds" in first
    assert "2 x faster (2 to 2) for one query at a time, 2 x faster (2 to 2) in batches" in first
    assert alone == (
        "At equal accuracy, one query at a time: 1 of 2 surrogates is faster than the solver and 1 is slower."
    )
    assert "in batches" in batch


def test_the_headline_does_not_rank_what_was_valid_to_the_end() -> None:
    first, alone, _ = said(*(row(name, "surrogate", HORIZON, 5.0) for name in ("one", "two")))
    assert first.startswith("The median valid prediction time of one and two is at least 16 Lyapunov times")
    assert "neither which of them is best" in first
    assert "none of 2 surrogates is faster than the solver and 2 are not compared" in alone


def test_the_headline_does_not_count_a_bound_that_decides_nothing() -> None:
    # less accurate than the crudest setting, and faster than it: who would be faster is not known
    _, alone, _ = said(row("rough", "surrogate", 0.5, 0.5), row("slow", "surrogate", 0.5, 5.0))
    assert "none of 2 surrogates is faster than the solver, 1 is slower and 1 is not compared" in alone


def test_the_headline_reads_errors_downwards() -> None:
    rows = [
        row("truth", "reference", 1e-9, 1000.0),
        row("crude", "ladder", 1e-1, 1.0),
        row("fine", "ladder", 1e-4, 100.0),
        row("worse", "surrogate", 1e-2, 1.0),
        row("better", "surrogate", 1e-3, 1.0),
    ]
    first = headline(rows, judge(rows, ERROR), metric=ERROR)[0]
    assert first.startswith("Most accurate: better, with a relative L2 error of 0.001")


def test_without_surrogates_the_headline_says_so() -> None:
    assert said() == ["No surrogate was compared."]


def test_the_terminal_names_references_below_the_table() -> None:
    rows = compared()
    lines = table(rows, judge(rows, TIME), metric=TIME).splitlines()
    assert lines[-1] == "data: <fast> & exact"
    assert sum(line.startswith("data ") for line in lines) == 1
