"""Sequence models meet the others on the same sets, starts and terms, and the command line finds them."""

import dataclasses
import json
from pathlib import Path

import pytest
from few_readings import SHORT_FORECASTS
from understudy.experiments import kuramoto_sivashinsky, sequence_models
from understudy.experiments.command import main
from understudy.solvers.kuramoto_sivashinsky import KuramotoSivashinsky

NETWORKS = {"recurrent-rnn", "recurrent-gru", "recurrent-lstm", "convolutional-lstm"}
SMALL = (
    *("--main.transient", "5", "--main.train-frames", "200", "--fine.transient", "5"),
    *SHORT_FORECASTS,
)


@pytest.mark.parametrize("size", ["quick", "default", "paper"])
def test_sets_comparison_and_what_it_runs_beside_are_those_of_kuramoto_sivashinsky(size: str) -> None:
    ours = sequence_models.PRESETS[size]
    theirs = kuramoto_sivashinsky.preset(size, KuramotoSivashinsky(22.0, 64))
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert set(ours.candidates) == {*sequence_models.BESIDE, *NETWORKS}
    for label in sequence_models.BESIDE:
        assert ours.candidates[label] == dataclasses.replace(theirs.candidates[label], by_default=True)
    ours.check(ours.candidates)


def test_the_three_recurrent_networks_differ_in_their_cells_alone() -> None:
    found = sequence_models.PRESETS["default"].candidates
    cells = {cell: found[f"recurrent-{cell}"] for cell in ("rnn", "gru", "lstm")}
    assert {cell: c.settings.cell for cell, c in cells.items()} == {cell: cell for cell in cells}
    others = [
        dataclasses.replace(c, settings=dataclasses.replace(c.settings, cell="gru")) for c in cells.values()
    ]
    assert others[0] == others[1] == others[2]


def test_where_the_equation_is_forced_or_long_it_runs_beside_what_there_is() -> None:
    quick = sequence_models.PRESETS["quick"]
    long = dataclasses.replace(quick, system=KuramotoSivashinsky(60.0, 128))
    pushed = KuramotoSivashinsky(22.0, 64, forcing=0.1, forcing_wavelength=22.0)
    forced = dataclasses.replace(quick, system=pushed)
    assert {*sequence_models.BESIDE} - set(forced.candidates) == {"control"}
    beside = {*sequence_models.BESIDE} - {"reservoir", "cnn", "transformer", "fourier"}
    assert set(long.candidates) == {*beside, *NETWORKS}


def test_the_command_line_runs_it(
    few_rungs: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["run", "sequence-models", "--preset", "quick", "--folder", str(tmp_path), "--quiet", *SMALL]
    assert main([*command, "--surrogates", "recurrent-gru", "convolutional-lstm"]) == 0
    results = json.loads((tmp_path / "results.json").read_text())
    judged = {verdict["label"] for verdict in results["verdicts"]}
    assert judged == {"recurrent-gru", "convolutional-lstm"}
    assert "recurrent-gru" in capsys.readouterr().out
    assert (tmp_path / "report.html").is_file()


def test_a_misspelt_name_is_answered_with_the_right_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "sequence-model"]) == 1
    assert "did you mean 'sequence-models'?" in capsys.readouterr().err
