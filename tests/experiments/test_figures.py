"""What the figures write can be read: no speed-up on another, everything that takes part in the legend."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from understudy.experiments.climate import climate_figure, measure_climate
from understudy.experiments.compare import Bill, Kind, Row
from understudy.experiments.cost_figures import accuracy_against_cost, lowest_shown, total_cost
from understudy.experiments.figures import (
    accuracy_distribution,
    blank,
    colours_of,
    error_over_time,
    legend_below,
    marks_of,
    name_dots,
    save,
)
from understudy.experiments.metrics import valid_time
from understudy.experiments.space_time import space_time_figure
from understudy.experiments.timing import Timing
from understudy.experiments.verdict import judge

METRIC = valid_time(1.0, scale=1.0)


def row(label: str, kind: Kind, score: float, seconds: float) -> Row:
    generator = np.random.default_rng(0)
    return Row(
        label=label,
        kind=kind,
        scores=score * (1 + 0.1 * generator.normal(size=(2, 9))),
        error_quantiles=np.full((3, 4), 0.1),
        failures={},
        single=Timing.of([seconds] * 3, first=0.0),
        batch=Timing.of([seconds / 2] * 3, first=0.0),
        batch_size=16,
        memory_bytes=0,
        bill=Bill(1.0, 2.0),
        settings={},
        remark="",
    )


CROWD = {
    "three at one place": [(10.0, 2e-3), (10.01, 2.1e-3), (9.99, 1.9e-3)],
    "long segments close to one another": [(5.0, 0.5), (5.2, 0.6), (5.3, 0.2), (5.1, 0.1)],
    "everywhere": [(10.0, 2e-3), (9.8, 3e-3), (5.2, 0.6), (5.0, 0.5), (0.1, 0.3), (7.0, 0.05), (2.0, 0.4)],
}


def rows_with(crowd: list[tuple[float, float]]) -> list[Row]:
    return [
        row("data: exact", "reference", 12.0, 0.3),
        *(row(f"ETDAB{n} h=1/{n}", "ladder", n, 1e-4 * 1.5**n) for n in range(2, 12)),
        row("rest", "null", 0.2, 1e-4),
        row("control", "control", 8.0, 3e-3),
        *(row(f"surrogate-{i}", "surrogate", *place) for i, place in enumerate(crowd)),
    ]


def drawn(figure: Figure) -> Figure:
    figure.set_canvas(FigureCanvasAgg(figure))
    figure.canvas.draw()
    return figure


def legend_of(figure: Figure) -> list[str]:
    (legend,) = figure.legends
    return [text.get_text() for text in legend.get_texts()]


@pytest.mark.parametrize("crowd", CROWD.values(), ids=CROWD)
def test_no_speed_up_is_written_on_another_or_on_a_surrogate(crowd: list[tuple[float, float]]) -> None:
    rows = rows_with(crowd)
    verdicts = judge(rows, METRIC)
    figure = drawn(accuracy_against_cost(rows, verdicts, metric=METRIC, title="t"))
    surrogates = [r for r in rows if r.kind == "surrogate"]
    for ax, mode in zip(figure.axes, ("single", "batch"), strict=True):
        words = {v.modes[mode].in_words() for v in verdicts}
        texts = [t for t in ax.texts if isinstance(t, Annotation) and t.get_text() in words]
        assert len(texts) == sum(v.modes[mode].speed_up is not None for v in verdicts if "surr" in v.label)
        boxes = [t.get_window_extent() for t in texts]
        for a, b in itertools.combinations(boxes, 2):
            assert not a.shrunk(1.0, 0.8).overlaps(b.shrunk(1.0, 0.8))
        for place in ax.transData.transform([(r.seconds(mode), r.accuracy) for r in surrogates]):
            assert not any(box.contains(*place) for box in boxes)


def test_everything_that_takes_part_is_in_the_legend() -> None:
    rows = rows_with(CROWD["everywhere"])
    verdicts = judge(rows, METRIC)
    labels = {r.label for r in rows if r.kind in ("surrogate", "control")}
    assert labels | {"ETDAB2", "best solver setting", "null models"} <= set(
        legend_of(drawn(accuracy_against_cost(rows, verdicts, metric=METRIC, title="t")))
    )
    judged = [v for v in verdicts if v.label != "control"]
    bills = legend_of(drawn(total_cost(rows, judged, title="t")))
    assert any(text.startswith("surrogate-2: never repaid") for text in bills)
    assert len(bills) == 1 + sum(v.skill for v in judged), "without skill there is nothing to repay"
    errors = error_over_time(rows, np.arange(4.0), unit="s", threshold=0.5, title="t")
    assert "surrogate-6" in legend_of(drawn(errors))
    (ax,) = drawn(accuracy_distribution(rows, metric=METRIC, title="t")).axes
    assert ax.get_yticklabels()[0].get_text() == "surrogate-4", "the least accurate is lowest"


def test_rungs_are_drawn_by_the_whole_name_of_their_scheme_and_without_their_settings() -> None:
    """A legend that said "least" meant least squares."""
    schemes = {
        "least squares n=3 r=1": "least squares",
        "Okubo-Weiss < 0.2": "Okubo-Weiss",
        "RK4 transformed h=1/8": "RK4 transformed",
        "RK4 h=1/8": "RK4",
        "h=1/16 by insertion": "h=1/16 by insertion",
    }
    rows = [row(label, "ladder", n, 1e-3 * 1.5**n) for n, label in enumerate(schemes, 2)]
    rows += [row("data: exact", "reference", 12.0, 0.3), row("network", "surrogate", 3.0, 1e-3)]
    verdicts = judge(rows, METRIC, ceiling=20.0)
    shown = legend_of(drawn(accuracy_against_cost(rows, verdicts, metric=METRIC, title="t")))
    assert [label for label in shown if label in schemes.values()] == list(schemes.values())


@pytest.mark.parametrize(("columns", "size"), [(2, 7.2), (2, 8.5), (3, 8.5), (5, 8.5)])
@pytest.mark.parametrize("letters", range(12, 120, 12))
def test_no_words_of_a_legend_are_cut_at_the_right_edge(
    tmp_path: Path, columns: int, size: float, letters: int
) -> None:
    words = (
        "a hybrid + Newton: level: 0.864 (0.617 to 1.12) alone, 1.67 x slower (1.42 to 1.91) in batch, as one"
    )
    figure = blank(10.0, 6.0, "t")
    (ax,) = figure.subplots(1, 1, squeeze=False)[0]
    labels = [f"{i} {words[:letters]}" for i in range(2 * columns)]
    for label in labels:
        ax.plot([], [], label=label)
    legend_below(figure, columns=columns, size=size)
    save(figure, tmp_path / "figure.png")
    assert legend_of(figure) == labels
    drawn(figure)
    (legend,) = figure.legends
    assert all(text.get_window_extent().x1 <= figure.bbox.width for text in legend.get_texts())


def test_names_of_dots_lie_on_no_other_name_and_on_no_dot() -> None:
    places = {f"a long name {i}": (0.1 * (i % 3), 0.01 * (i // 3)) for i in range(9)}
    figure = blank(10.0, 4.2, "t")
    (ax,) = figure.subplots(1, 1, squeeze=False)[0]
    ax.set(xlim=(-1, 1), ylim=(-0.3, 0.3))
    for at in places.values():
        ax.plot(*at, "o")
    name_dots(ax, places)
    boxes = {text.get_text(): text.get_window_extent() for text in drawn(figure).axes[0].texts}
    assert set(boxes) == set(places)
    for a, b in itertools.combinations(boxes.values(), 2):
        assert not a.overlaps(b)
    for at in ax.transData.transform(list(places.values())):
        assert not any(box.contains(*at) for box in boxes.values())


def test_a_surrogate_of_which_no_run_is_bounded_is_named_all_the_same() -> None:
    waves = np.sin(np.linspace(0, 2 * np.pi, 16, endpoint=False))[None, None] * np.ones((2, 5, 1))
    climates = {"solver": measure_climate(waves, scale=0.7), "wild": measure_climate(1e9 * waves, scale=0.7)}
    figure = climate_figure(climates, {"wild": "red"}, length=22.0, scale=0.7, title="t")
    assert legend_of(drawn(figure)) == ["solver", "wild (no run bounded)"]


def test_the_end_of_the_valid_time_is_marked_where_there_is_one() -> None:
    field = np.random.default_rng(0).normal(size=(20, 8))
    figure = space_time_figure(
        field,
        [("good", field, 20.0), ("bad", -field, 3.0)],
        times=np.arange(1.0, 21.0),
        positions=np.arange(8.0),
        unit="Lyapunov times",
        position_label="x",
        field_label="u",
        title="t",
    )
    titles = [ax.get_title(loc="left") for ax in drawn(figure).axes[:5]]
    assert titles[2] == "good, difference from the truth: valid to the end"
    assert titles[4] == "bad, difference from the truth: valid for 3.0 Lyapunov times"
    assert [len(ax.lines) for ax in figure.axes[:5]] == [0, 0, 0, 1, 1]


def test_each_surrogate_has_its_colour_in_every_figure() -> None:
    colours = colours_of(rows_with(CROWD["everywhere"]))
    assert len(set(colours.values())) == len(colours) == 7


def test_an_axis_of_errors_ends_below_the_next_better_setting_of_the_solver() -> None:
    assert lowest_shown(1e-3, [1e-1, 1e-2]) == pytest.approx(5e-4)  # no setting is as good
    assert lowest_shown(1e-3, [1e-1, 2e-4, 1e-5]) == pytest.approx(5e-6)
    assert lowest_shown(1e-3, [1e-1, 2e-4, 1e-12]) == pytest.approx(1e-3 / 300)
    assert lowest_shown(1e-3, [1e-1, 1e-9, 1e-12]) == pytest.approx(5e-10)
    assert lowest_shown(1e-3, [1e-3, 0.0]) == pytest.approx(5e-4)


def test_references_at_one_place_have_one_line() -> None:
    rows = [row("truth: exact", "reference", 12.0, 0.30), row("data: exact", "reference", 12.0, 0.31)]
    surrogate, rung = row("s", "surrogate", 5.0, 1.0), row("ETDAB2 h=1", "ladder", 4.0, 1e-3)
    for far, words in ((0.31, {"truth, data"}), (0.9, {"truth", "data"})):
        every = [rows[0], row("data: exact", "reference", 12.0, far), surrogate, rung]
        figure = drawn(accuracy_against_cost(every, judge(every, METRIC), metric=METRIC, title="t"))
        for ax in figure.axes:
            assert {t.get_text() for t in ax.texts} >= words
            assert ("truth, data" in {t.get_text() for t in ax.texts}) == (far == 0.31)


def test_where_colours_come_again_marks_differ() -> None:
    rows = [row(f"s{i}", "surrogate", 5.0, 1.0) for i in range(20)]
    colours, marks = colours_of(rows), marks_of(rows)
    assert len({(colours[label], marks[label]) for label in colours}) == 20


def test_of_one_mode_there_is_one_panel_and_its_words_are_said_once() -> None:
    rows = rows_with([(5.0, 0.5)])
    verdicts = judge(rows, METRIC)
    figure = drawn(
        accuracy_against_cost(rows, verdicts, metric=METRIC, title="t", crowded=True, modes=("single",))
    )
    assert len(figure.axes) == 1
    said = next(v for v in verdicts if v.label == "surrogate-0").modes["single"].in_words()
    assert f"surrogate-0: {said}" in legend_of(figure)
