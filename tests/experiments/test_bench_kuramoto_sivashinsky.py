"""One command measures all parts or some, each into a file of its own."""

import json

import pytest
from understudy.experiments import bench_kuramoto_sivashinsky as bench
from understudy.experiments.command import main


def test_the_command_measures_the_parts_that_are_named(tmp_path, capsys):
    arguments = ["bench", "kuramoto-sivashinsky", "--preset", "quick", "--folder", str(tmp_path)]
    small = ["--reservoir.sizes", "60", "150", "--reservoir.steps", "4", "--reservoir.rounds", "1"]
    assert main([*arguments, "--parts", "reservoir", *small]) == 0
    assert [p.name for p in tmp_path.iterdir()] == ["reservoir.json"]
    stored = json.loads((tmp_path / "reservoir.json").read_text())
    assert stored["settings"]["sizes"] == [[60, 150]]
    printed = capsys.readouterr().out
    assert "(60, 150)" in printed
    assert f"written: {tmp_path / 'reservoir.json'}" in printed


def test_an_unknown_part_is_refused_before_anything_is_timed(tmp_path, capsys):
    arguments = ["bench", "kuramoto-sivashinsky", "--preset", "quick", "--folder", str(tmp_path)]
    assert main([*arguments, "--parts", "reservoir", "simulated-tim"]) != 0
    assert "did you mean 'simulated-time'?" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("preset", list(bench.PRESETS))
def test_every_part_has_settings_a_run_and_a_table(preset, tmp_path, monkeypatch):
    settings = bench.PRESETS[preset]
    assert [part.replace("-", "_") for part in settings.parts] == list(bench.PARTS)
    asked = {}
    for name, module in bench.PARTS.items():
        assert getattr(settings, name) == module.PRESETS[preset]
        monkeypatch.setattr(module, "run", lambda own, *, path, name=name: asked.update({name: (own, path)}))
        monkeypatch.setattr(module, "table", lambda found, name=name: name)
    results = bench.run(settings, folder=tmp_path)
    for part, (name, module) in zip(settings.parts, bench.PARTS.items(), strict=True):
        assert asked[name] == (module.PRESETS[preset], tmp_path / f"{part}.json")
    assert bench.table(results) == "steps\n\nsimulated_time\n\nreservoir"
