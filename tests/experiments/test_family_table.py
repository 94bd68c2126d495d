"""The table of all families says of each model what it takes and how it stands."""

from typing import Any

from understudy.experiments.family_figure import family_figure
from understudy.experiments.family_table import family_table


def mode(speed_up: float | None) -> dict[str, Any]:
    return {
        "seconds": 2e-3,
        "solver_seconds": 1e-3,
        "speed_up": speed_up,
        "sign": "=",
        "interval": None if speed_up is None else [0.9 * speed_up, 1.1 * speed_up],
        "naive": 7.0,
        "break_even": None,
        "break_even_sign": "=",
        "equal_time": 1.0,
        "equal_time_sign": "=",
        "noise": [1.0, 1.0],
        "why_not": "no skill" if speed_up is None else "",
    }


def row(label: str, median: float | None, *, kind: str = "surrogate", **settings: Any) -> dict[str, Any]:
    return {
        "label": label,
        "kind": kind,
        "accuracy": {"median": median, "q10": 0.5, "q90": None},
        "seconds_per_query": {"single": {"median": 2e-3}, "batch": {"median": 1e-5}},
        "bill_seconds": {"data": 1.0, "training": 60.0, "tuning": 0.0},
        "settings": settings,
    }


def results(metric: str, *rows: dict[str, Any], speed_ups: dict[str, float | None]) -> dict[str, Any]:
    verdicts = [{"label": label, "single": mode(s), "batch": mode(s)} for label, s in speed_ups.items()]
    return {"metric": {"name": metric}, "rows": rows, "verdicts": verdicts}


PIPES = results(
    "relative error",
    row("roomy", 0.02, parameters=1000, active_parameters=300, bytes=8000),
    row("mean", 0.5, kind="null", parameters=1),
    row("solver", 1e-9, kind="ladder"),
    row("small", 0.01, parameters=2000, dtype="float32"),
    row("lost", None, parameters=2),
    speed_ups={"roomy": 0.5, "small": 4.0, "lost": None},
)


def cells(table: str, model: str) -> list[str]:
    line = next(line for line in table.splitlines() if f"| {model}" in line)
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_models_stand_best_first_and_solvers_settings_not_at_all() -> None:
    lines = family_table({"pipe-flow-default": PIPES}).splitlines()
    assert [line.split("|")[2].strip() for line in lines[2:]] == ["small", "roomy", "mean (null)", "lost"]
    assert "friction in pipes (relative error)" in lines[2]
    assert lines[3].startswith("|  |")


def test_where_more_is_better_the_largest_stands_first() -> None:
    longest = results("valid prediction time", row("a", 3.0), row("b", 9.0), speed_ups={"a": 1.0, "b": 1.0})
    lines = family_table({"sequence-models-default": longest}).splitlines()
    assert [line.split("|")[2].strip() for line in lines[2:]] == ["b", "a"]


def test_what_is_stored_and_what_an_answer_takes_are_told_apart() -> None:
    table = family_table({"pipe-flow-default": PIPES})
    assert cells(table, "roomy")[3:5] == ["1,000 (300)", "8"]
    assert cells(table, "small")[3:5] == ["2,000", "8"]  # of before bytes were counted: 4 each
    assert cells(table, "mean")[8] == ""  # a null model is in no race


def test_slower_is_said_and_an_error_without_end_is_infinite() -> None:
    table = family_table({"pipe-flow-default": PIPES})
    assert cells(table, "roomy")[8].startswith("2 x slower")
    assert cells(table, "small")[8].startswith("4 x faster")
    assert cells(table, "lost")[2] == "inf (0.5 to inf)"
    assert cells(table, "lost")[8] == "no skill"
    assert cells(table, "small")[5:8] == ["2 ms", "10 us", "1 s + 60 s"]


def test_the_picture_has_a_panel_each_and_says_which_models_fail() -> None:
    panels = family_figure({"pipe-flow-default": PIPES, "kuramoto-sivashinsky-default": PIPES}).axes
    assert [ax.get_title(loc="left") for ax in panels] == [
        "friction in pipes",
        "forecasts of Kuramoto-Sivashinsky chaos",
    ]
    marks = [line for line in panels[0].lines if line.get_marker() == "o"]
    assert [float(line.get_ydata()[0]) for line in marks] == [0.01, 0.02]  # type: ignore[index]
    legend = panels[0].get_legend()
    assert legend is not None
    words = [text.get_text() for text in legend.get_texts()]
    assert words == ["1 small", "2 roomy", "- lost: fails in the median"]
