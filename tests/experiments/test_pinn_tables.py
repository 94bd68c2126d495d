"""Tables of networks that know an equation say what the results hold, and no more."""

from typing import Any

import pytest
from understudy.experiments import pinn_tables, targets_equations
from understudy.experiments.pinn_tables import ablations_table, fixed_errors_table, problems_table


def row(label: str, kind: str, error: float | None, seconds: float, *seeds: float) -> dict[str, Any]:
    return {
        "label": label,
        "kind": kind,
        "accuracy": {"median": error},
        "seed_medians": list(seeds or (error,)),
        "seconds_per_query": {"single": {"median": seconds}},
        "settings": {"evaluating_seconds": 0.02},
    }


def mode(seconds: float, solver: float, sign: str) -> dict[str, Any]:
    return {
        "seconds": seconds,
        "solver_seconds": solver,
        "speed_up": solver / seconds,
        "sign": sign,
        "interval": [0.9 * solver / seconds, 1.1 * solver / seconds],
        "naive": 1.0,
        "break_even": None,
        "break_even_sign": "=",
        "equal_time": 1e-9,
        "equal_time_sign": "=",
        "noise": [1.0, 1.0],
        "why_not": "",
    }


def results(*, known: float = 1e-9, sign: str = "=") -> dict[str, Any]:
    curve = {"seconds": [0.1, 1.0, 100.0], "steps": [0, 1, 2], "losses": [1, 1, 1], "terms": {}}
    verdict = {"single": mode(100.0, 1e-3, sign)}
    return {
        "truth": {"error_estimate_largest": known},
        "rows": [
            row("rough", "ladder", 1e-2, 1e-4),
            row("middling", "ladder", 1e-4, 1e-3),
            row("dear", "ladder", 1e-5, 5e-3),
            row("exploded", "ladder", None, 1e-5),
            row("pinn", "surrogate", 2e-4, 100.0, 1e-4, 2e-4, 9e-4),
            row("pinn-tanh", "surrogate", 1e-6, 100.0),
            row("pinn-even-points", "surrogate", 1e-3, 20.0),
        ],
        "verdicts": [{"label": label, **verdict} for label in ("pinn", "pinn-tanh")],
        "curves": {"pinn": [{**curve, "errors": [1.0, 1e-1, e]} for e in (1e-3, 1e-5)]},
        "at_equal_time": {
            "seconds": 10.0,
            "errors": {"pinn": 1e-2, "pinn-tanh": 1e-3, "pinn-even-points": 3e-3},
        },
        "seconds_until": {
            "pinn": {"0.1": 1.0, "0.01": 10.0, "0.001": 40.0, "0.0001": None, "1e-05": None, "1e-06": None},
            "pinn-tanh": {"0.01": 5.0, "0.001": 8.0, "0.0001": 20.0, "1e-05": 50.0, "1e-06": 99.0},
        },
    }


def shown(monkeypatch: pytest.MonkeyPatch, found: dict[str, Any]) -> None:
    monkeypatch.setattr(pinn_tables, "there", lambda: [("heat", "heat", found)])


def test_a_network_stands_beside_the_cheapest_setting_that_is_as_accurate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown(monkeypatch, results())
    gelu, tanh = problems_table().splitlines()[2:]
    assert gelu == "| heat | GELU | 2.0e-04 (1.0e-04 to 9.0e-04) | 100 | 0.02 | 0.001 | middling | 100,000 |"
    assert "| dear |" in tanh  # none is as accurate: the best there is


@pytest.mark.parametrize(
    ("sign", "seconds", "ratio"),
    [("<=", "at most 0.001", "at least 100,000"), (">=", "more than 0.001", "at most 100,000")],
)
def test_bounds_are_said_to_be_bounds(
    sign: str, seconds: str, ratio: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown(monkeypatch, results(sign=sign))
    assert f"| {seconds} | middling | {ratio} |" in problems_table()


def test_what_is_below_the_truth_s_own_error_has_no_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    shown(monkeypatch, results(known=1e-5))
    gelu, tanh = problems_table().splitlines()[2:]
    assert gelu.endswith("100,000 |")
    assert "at most 1.0e-05, to which the truth is known" in tanh
    assert tanh.endswith("| | | | |")


def test_at_fixed_errors_the_times_until_then_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    shown(monkeypatch, results())
    head, _, gelu, tanh = fixed_errors_table().splitlines()
    assert head.count("1e-0") == 5
    assert gelu == "| heat, GELU | 100,000 | 130,000 | - | - | - |"
    # beyond the ladder's best the solver's time is but a bound from below, and the ratio from above
    assert tanh.endswith("| 20,000 | 10,000 | at most 20,000 |")


def test_seeds_are_beside_the_changes_at_equal_time(monkeypatch: pytest.MonkeyPatch) -> None:
    shown(monkeypatch, results())
    line = ablations_table().splitlines()[-1]
    assert line == "| heat, 10 s | 1.0e-03 to 1.0e-02 | even-points 3.0e-03 |"


def test_a_target_counts_where_the_better_network_reaches_it_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = results()
    monkeypatch.setattr(targets_equations, "load", lambda _: found)
    assert targets_equations.error_below("heat", 1e-5)[1]
    assert not targets_equations.error_below("heat", 1e-5, labels=("pinn",))[1]
    assert not targets_equations.error_below("heat", 1e-7)[1]
    found["rows"][5]["seconds_per_query"]["single"]["median"] = 700.0
    assert not targets_equations.error_below("heat", 1e-5)[1]
