"""Calls are timed in turn, and a record says under which load."""

import json
import time
from dataclasses import dataclass

import pytest
from understudy.experiments.bench_rounds import busy_note, interleave, write_part


@dataclass(frozen=True)
class Settings:
    nodes: int = 3


def test_calls_take_turns_and_the_first_round_does_not_count():
    order = []

    def slow():
        order.append("slow")
        time.sleep(0.2 if len(order) < 3 else 0.01)

    spreads = interleave({"slow": slow, "fast": lambda: order.append("fast")}, rounds=2)
    assert order == ["slow", "fast"] * 3
    assert 0.01 <= spreads["slow"].best <= spreads["slow"].median <= spreads["slow"].high < 0.2
    assert spreads["fast"].median < spreads["slow"].best
    assert spreads["slow"].rounds == 2


def test_no_rounds_are_refused():
    with pytest.raises(ValueError, match="rounds must be at least 1, got 0"):
        interleave({"nothing": lambda: None}, rounds=0)


def test_a_record_holds_settings_versions_and_the_load_before_and_after(tmp_path):
    path = tmp_path / "deep" / "part.json"
    results = write_part({"rows": [1]}, settings=Settings(), threads=1, load_before=0.25, path=path)
    stored = json.loads(path.read_text())
    assert stored["settings"] == {"nodes": 3}
    assert stored["load"][0] == 0.25
    assert stored["rows"] == [1]
    assert {"versions", "machine", "date", "commit", "threads"} <= set(stored)
    assert busy_note(results) == []
    assert "load 3.0" in busy_note({**results, "load": [3.0, 0.1]})[0]
