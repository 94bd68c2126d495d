"""Tables and figures of `understudy bench low-cost`, of results that are made up."""

from typing import Any

from understudy.experiments import bench_low_cost_adaptation as adaptation
from understudy.experiments import bench_low_cost_distillation as distillation
from understudy.experiments import bench_low_cost_figures as figures
from understudy.experiments import bench_low_cost_precision as precision


def row_of(form: str, **what: Any) -> dict[str, Any]:
    spread = {"low": 1e-3, "median": 2e-3, "high": 3e-3, "best": 1e-3, "rounds": 3}
    return {
        "problem": "line",
        "surrogate": "mlp",
        "form": form,
        "error": "how wrong",
        "valid": 0.01,
        "test": 0.02,
        "alone": spread,
        "batch": spread,
        "bytes": 2048,
        "operations": 10,
        "joules": 3e-6,
        "why_not": "",
        **what,
    }


def test_what_cannot_be_had_is_told_and_what_is_useless_is_drawn_at_the_edge() -> None:
    rows = [
        row_of("float32", ahead=0.03),
        row_of("ternary", test=None, valid=None),
        row_of("int8", test=1e9),
        {"problem": "line", "surrogate": "mlp", "form": "narrowed-50", "why_not": "has no pairs"},
    ]
    told = {"settings": {"batch": 64}, "notes": ["a note"], "energy": "a guess", "load": [0.0, 0.0]}
    results = {"rows": rows, **told}
    said = precision.table(results).splitlines()
    assert said[0].split()[:2] == ["line,", "mlp"]
    assert said[1].split() == ["float32", "1.00e-02", "2.00e-02", "1", "3.00e-02", "2", "2", "2.0", "3"]
    assert said[2].split() == ["ternary", "inf", "inf", "inf", "2", "2", "2.0", "3"]
    assert said[3].split()[:4] == ["int8", "1.00e-02", "1.00e+09", "5e+10"]
    assert said[4].split(maxsplit=1) == ["narrowed-50", "has no pairs"]
    assert "line: how wrong" in said
    assert said[-2:] == ["a note", "energy: a guess"]
    drawn = figures.precision_figure(results)
    heights = [y for ax in drawn.axes for line in ax.lines for y in line.get_ydata()]
    assert sorted(heights) == [0.02, 0.02, *[figures.TOP] * 4]


def test_medians_of_seeds_are_told_and_all_seeds_are_drawn() -> None:
    rows = [
        {"way": "full", "samples": n, "seed": s, "test": t, "valid": t, "first": 0.3, "seconds": 1.0}
        for n in (1, 4)
        for s, t in enumerate((0.1, 0.2, 0.6))
    ]
    settings = {"length": 22.0, "other": 26.0, "sample_frames": 17}
    as_it_is = {"first": 0.01, "then": 0.5, "valid": 0.5}
    told = {"as_it_is": as_it_is, "error": "how wrong", "chosen": "by the last ones"}
    results = {"rows": rows, "settings": settings, **told}
    lines = adaptation.table(results).splitlines()
    assert lines[0] == "length 22, then 26: as it is 5.00e-01 there, 1.00e-02 here"
    assert lines[2].split() == ["full", "2.00e-01", "x6", "2.00e-01", "x6", "3.00e-01", "1"]
    assert lines[-1] == "by the last ones"
    rows.append({**rows[0], "test": None, "first": None})
    assert "xinf" in adaptation.table(results)
    adaptation_lines(results)
    del rows[-1]
    left, right = adaptation_lines(results)
    assert sorted(left) == [0.1, 0.1, 0.2, 0.2, 0.2, 0.2, 0.5, 0.5, 0.6, 0.6]
    assert right.count(0.3) == 2 + 6


def adaptation_lines(results: dict[str, Any]) -> tuple[list[float], list[float]]:
    figure = figures.adaptation_figure(results)
    left, right = ([y for line in ax.lines for y in line.get_ydata()] for ax in figure.axes)
    return left, right


def test_students_are_told_with_the_medians_of_their_seeds() -> None:
    spread = {"low": 1e-3, "median": 2e-3, "high": 3e-3, "best": 1e-3, "rounds": 3}
    each = {"weights": 100, "train": 0.02, "valid": 0.1, "seconds": 2.0}
    teacher = {**each, "source": "teacher itself", "channels": 0, "seed": 0, "test": 0.05, "weights": 1000}
    rows = [teacher] + [
        {**each, "source": "labels", "channels": 8, "seed": seed, "test": test}
        for seed, test in enumerate((0.2, 0.3, 0.1))
    ]
    results = {
        "rows": rows,
        "settings": {"batch": 8, "queries": 40, "sources": ("labels", "teacher")},
        "labelled": 23,
        "seconds": {size: {"teacher itself": spread, "8": spread} for size in ("1", "8")},
        "error": "how wrong",
        "load": [0.0, 0.0],
    }
    lines = distillation.table(results).splitlines()
    assert lines[-1].startswith("23 labelled shapes, 40 that only the teacher has answered")
    assert lines[1].split()[-7:] == ["1,000", "2.00e-02", "1.00e-01", "5.00e-02", "2", "2", "2"]
    assert lines[2].split() == ["labels", "8", "100", "2.00e-02", "1.00e-01", "2.00e-01", "x3", *"222"]
    rows.append({**rows[-1], "test": None, "valid": None})
    assert distillation.table(results).splitlines()[2].split()[5:7] == ["2.50e-01", "xinf"]
    figures.distillation_figure(results)
    del rows[-1]
    (ax,) = figures.distillation_figure(results).axes
    drawn = [tuple(point) for line in ax.lines for point in line.get_xydata()]
    assert drawn.count((1000, 0.05)) == 1
    assert sorted(y for x, y in drawn if x == 100) == [0.1, 0.2, 0.2, 0.3]
