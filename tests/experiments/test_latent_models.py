"""Latent models are compared with what has the whole state, and with principal components."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from few_readings import SHORT_FORECASTS
from understudy.experiments.command import main
from understudy.experiments.latent_figure import reconstruction_figure
from understudy.experiments.latent_models import PRESETS
from understudy.experiments.latent_report import reconstruction_errors
from understudy.solvers.kuramoto_sivashinsky import KuramotoSivashinsky
from understudy.surrogates.latent_stepper import LatentStepper
from understudy.surrogates.surrogate import load

SMALL = (
    *("--main.transient", "5", "--main.train-frames", "200", "--fine.transient", "5"),
    *SHORT_FORECASTS,
)


def test_the_command_line_runs_it_and_says_what_codes_lose(few_rungs: None, tmp_path: Path) -> None:
    command = ["run", "latent-models", "--preset", "quick", "--folder", str(tmp_path), "--quiet", *SMALL]
    assert main([*command, "--surrogates", "latent-4", "latent-8-in-place"]) == 0
    results = json.loads((tmp_path / "results.json").read_text())
    found = results["reconstruction"]
    assert set(found["autoencoders"]) == {"latent-4", "latent-8-in-place"}
    assert found["aligned"] == {"latent-4": True, "latent-8-in-place": False}
    assert 0 < found["autoencoders"]["latent-8-in-place"] < 1
    assert found["components"] == sorted(found["components"], reverse=True)
    assert (tmp_path / "figures" / "reconstruction.png").is_file()

    # as linear codes lose, whatever the precision of the one before
    latent = {
        label: loaded(tmp_path / "surrogates" / label / "seed-0")
        for label in ("latent-4", "latent-8-in-place")
    }
    states = torch.from_numpy(np.random.default_rng(0).standard_normal((3, 1, 64)).cumsum(axis=2))
    both = reconstruction_errors(latent, states)["autoencoders"]
    alone = reconstruction_errors({"b": latent["latent-8-in-place"]}, states)["autoencoders"]
    assert both["latent-8-in-place"] == alone["b"]


def loaded(folder: Path) -> LatentStepper:
    found = load(folder)[0]
    assert isinstance(found, LatentStepper)
    return found


def test_where_a_forcing_knows_places_they_are_not_told_apart() -> None:
    forced = dataclasses.replace(
        PRESETS["quick"], system=KuramotoSivashinsky(22.0, 64, forcing=0.1, forcing_wavelength=22.0)
    )
    aligned = {label: forced.candidates[label].settings.aligned for label in ("latent-4", "latent-7")}
    assert aligned == {"latent-4": False, "latent-7": False}
    assert PRESETS["quick"].candidates["latent-4"].settings.aligned is None


@pytest.mark.parametrize("dimension", [8, None])
def test_the_figure_draws_a_dimension_where_one_is_known(dimension: int | None) -> None:
    errors = {
        "autoencoders": {"a": 1e-2, "b": 1e-4},
        "latents": {"a": 3, "b": 7},
        "aligned": {"a": True, "b": True},
        "components_aligned": [1.0, 0.5, 0.1, 0.05],
    }
    ax = reconstruction_figure(errors, dimension=dimension).axes[0]
    lines = [line for line in ax.lines if line.get_linestyle() == ":"]
    assert [float(np.asarray(line.get_xdata())[0]) for line in lines] == ([] if dimension is None else [8.0])
    (points,) = [line for line in ax.lines if line.get_marker() == "o"]
    assert list(points.get_xdata()) == [4, 8]  # the place is a number more
