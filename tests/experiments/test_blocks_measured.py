"""The page of blocks says what results hold, and calls better what is better."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from understudy.experiments import blocks_measured
from understudy.experiments.blocks_measured import (
    adapted,
    beside,
    better_share,
    codes,
    experts,
    lowered,
    skips,
    students,
    with_symmetry,
)
from understudy.experiments.results_table import VALID_TIME

MODE = {
    "seconds": 1e-3,
    "solver_seconds": 1e-4,
    "speed_up": 0.1,
    "sign": "=",
    "interval": [0.09, 0.11],
    "naive": 1.0,
    "break_even": None,
    "break_even_sign": "=",
    "equal_time": 1.0,
    "equal_time_sign": "=",
    "noise": [1.0, 1.0],
    "why_not": "",
}


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(blocks_measured, "RESULTS", tmp_path)

    def write(found: dict[str, Any], part: str = "results") -> str:
        (tmp_path / "some").mkdir(exist_ok=True)
        (tmp_path / "some" / f"{part}.json").write_text(json.dumps(found))
        return "some"

    return write


def compared(metric: str, **medians: float | None) -> dict[str, Any]:
    rows = [
        {"label": label, "accuracy": {"median": value}, "scores": [[value] * 20]}
        for label, value in medians.items()
    ]
    verdicts = [{"label": label, "single": MODE, "batch": MODE} for label in medians]
    return {"metric": {"name": metric}, "rows": rows, "verdicts": verdicts}


def test_the_smaller_error_is_better_and_the_longer_time(results: Any) -> None:
    name = results(compared("relative error", ours=0.1, other=0.2, worse=0.3))
    said, reached = beside(name, ("ours", "worse"), ("other",))
    assert reached is True
    assert "ours 0.1, worse 0.3; beside other 0.2; ours against the solver" in said
    assert "10 x slower" in said
    assert beside(name, ("worse",), ("other",))[1] is False
    name = results(compared(VALID_TIME, ours=1.0, other=2.0))
    assert beside(name, ("ours",), ("other",))[1] is False
    assert beside(name, ("other",), ("ours",))[1] is True


def test_a_median_that_other_queries_would_turn_over_reaches_nothing(results: Any) -> None:
    found = compared("relative error", ours=0.1, other=0.12)
    spread = np.geomspace(0.01, 1.0, 40)
    found["rows"][0]["scores"] = [list(spread), list(spread[::-1])]
    found["rows"][1]["scores"] = [list(np.roll(1.2 * spread, 20))]
    said, reached = beside(results(found), ("ours",), ("other",))
    assert reached is False
    assert "ours and other may be level" in said
    # the same spread, query by query a fifth more: surely worse
    found["rows"][0]["scores"] = [list(spread)]
    found["rows"][1]["scores"] = [list(1.2 * spread)]
    said, reached = beside(results(found), ("ours",), ("other",))
    assert reached is True
    assert "level" not in said.split("against")[0]


def test_a_model_that_fails_in_the_median_is_worse_than_any(results: Any) -> None:
    name = results(compared("relative error", ours=None, other=0.2))
    assert beside(name, ("ours",), ("other",))[1] is False
    assert better_share(results(compared("e", a=0.1, b=0.3)), "a", "b") == (
        "a 0.1, b 0.3: 3 times as large",
        True,
    )


def test_a_code_is_compared_with_as_many_components(results: Any) -> None:
    found = {
        "autoencoders": {"latent-1": 0.3, "latent-2": 0.01, "in-place": 0.0},
        "latents": {"latent-1": 1, "latent-2": 2, "in-place": 2},
        "aligned": {"latent-1": True, "latent-2": True, "in-place": False},
        "components_aligned": [1.0, 0.4, 0.1],
    }
    said, reached = codes(results({"reconstruction": found}))
    assert said.endswith("1: 3.0e-01 (4.0e-01), 2: 1.0e-02 (1.0e-01)") and reached
    found["components_aligned"] = [1.0, 0.2, 0.1]
    assert not codes(results({"reconstruction": found}))[1]


def test_experts_that_are_hardly_asked_are_not_counted(results: Any) -> None:
    error = {"all": {"median": 1e-3, "q99": 0.1}}
    found = {
        "by_regime": dict.fromkeys(("mixture-1-free", "mixture-1", "mixture-2", "dense"), error),
        "weights": {"mixture-1": {"active": 10, "stored": 40}},
        "experts": {"mixture-1": [{"all": [0.5, 0.495, 0.005, 0.0]}]},
    }
    said, reached = experts(results(found))
    assert "mixture-1 0.1 % and 10 % (10 of 40 weights active, 2 of 4 experts asked)" in said
    assert not reached  # as good is not better


def test_skips_are_judged_at_the_deepest_stack(results: Any) -> None:
    rows = [
        {"activation": "gelu", "kind": kind, "depth": depth, "gradient": 1.0, "valid_time": time}
        for kind, depth, time in (
            ("plain", 2, 9.0),
            ("residual", 2, 1.0),
            ("plain", 64, None),
            ("residual", 64, 2.0),
        )
    ]
    said, reached = skips(results({"rows": rows}, "skips"))
    assert reached and said.startswith("64 blocks") and "plain 1.0e+00, then 0" in said
    rows[2]["gradient"] = None
    assert "plain overflows, then 0" in skips(results({"rows": rows}, "skips"))[0]


def test_adaptation_must_beat_scratch_with_every_number_of_samples(results: Any) -> None:
    def rows(*errors: float) -> list[dict[str, Any]]:
        pairs = [(way, count) for way in ("full", "scratch") for count in (1, 4)]
        return [{"way": w, "samples": c, "test": e} for (w, c), e in zip(pairs, errors, strict=True)]

    assert adapted(results({"rows": rows(0.1, 0.1, 0.2, 0.2)}, "adaptation"))[1]
    # a way that beats scratch with one seed and not with another has not beaten it
    mixed = rows(0.1, 0.1, 0.2, 0.2) + rows(0.21, 0.1, 0.3, 0.2)
    assert not adapted(results({"rows": mixed}, "adaptation"))[1]
    said, reached = adapted(results({"rows": rows(0.1, 0.3, 0.2, 0.2)}, "adaptation"))
    assert not reached and said == "with 1, 4 samples: full 1.0e-01, 3.0e-01; scratch 2.0e-01, 2.0e-01"


def test_a_teacher_must_help_students_of_every_size(results: Any) -> None:
    rows = [
        {"channels": size, "source": source, "test": error}
        for size, source, error in (
            (0, "teacher", 0.01),
            (4, "labels", 0.2),
            (4, "teacher", 0.1),
            (8, "labels", 0.1),
            (8, "teacher", 0.2),
        )
    ]
    said, reached = students(results({"rows": rows}, "distillation"))
    assert not reached and "4 channels: labels 2.00e-01, teacher 1.00e-01" in said
    assert students(results({"rows": rows[:3]}, "distillation"))[1]
    another = [{"channels": 4, "source": "teacher", "test": 0.2}, {**rows[1], "test": 0.25}]
    assert not students(results({"rows": rows[:3] + another}, "distillation"))[1]


def test_forms_are_medians_of_ratios_to_single_precision(results: Any) -> None:
    rows = [
        {
            "problem": p,
            "surrogate": "s",
            "form": form,
            "test": test,
            "batch": {"median": ms},
            "bytes": size,
            "why_not": "",
        }
        for p, form, test, ms, size in (
            ("a", "float32", 1.0, 2.0, 8),
            ("a", "int8", 3.0, 4.0, 2),
            ("b", "float32", 1.0, 2.0, 8),
            ("b", "int8", 5.0, 2.0, 2),
        )
    ]
    first = lowered(results({"rows": rows}, "precision"))[0]
    assert first.endswith("int8: a 3, 2, 0.25 / b 5, 1, 0.25")
    # one of two that can be had, and of two one that fails; a null model has no cost
    rows += [{**row, "surrogate": "t"} for row in rows[:3]]
    rows.append({k: v for k, v in rows[0].items() if k != "batch"} | {"form": "null"})
    rows[5]["test"] = None
    said = lowered(results({"rows": rows}, "precision"))[0]
    assert said.endswith("int8: a inf, 2, 0.25 / b 5, 1, 0.25 (1 of 2)")


def test_symmetry_must_help_everywhere(results: Any) -> None:
    rows = [
        {"problem": "bodies", "way": way, "samples": count, "test": error}
        for way, count, error in (
            ("plain", 1, 0.2),
            ("images", 1, 0.1),
            ("plain", 2, 0.1),
            ("images", 2, 0.1),
        )
    ]
    said, reached = with_symmetry("symmetry", "plain", "images", results({"rows": rows}, "symmetry"))
    assert not reached and "bodies, 1: 0.2 to 0.1" in said
    assert with_symmetry("symmetry", "plain", "images", results({"rows": rows[:2]}, "symmetry"))[1]
    second = [{**rows[0], "test": 0.15}, {**rows[1], "test": 0.16}]
    said, reached = with_symmetry(
        "symmetry", "plain", "images", results({"rows": rows[:2] + second}, "symmetry")
    )
    assert not reached
    assert said.endswith("(level)")
