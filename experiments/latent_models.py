"""How many numbers does a state of Kuramoto-Sivashinsky chaos take, and how far do forecasts in them go?

Components of proper orthogonal decomposition and autoencoders of several sizes, with the place on the line
told apart or not; forecasts in the codes, against the solver and a surrogate that has the whole state.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch

from ..datasets.training_set import TrainingSet
from ..surrogates.latent_stepper import LatentStepper
from ..surrogates.training import TrainingSettings
from . import kuramoto_sivashinsky
from .figures import save
from .latent_figure import reconstruction_figure
from .latent_report import reconstruction_errors
from .report import write_json
from .stages import Candidate, Trained

__all__ = ["PRESETS", "Settings", "compare_with_solver"]

BESIDE = ("persistence", "climatology", "nvar", "control")
"""Of the other experiment on this equation: what has the whole state."""
DIMENSION, LENGTH = 8, 22.0
"""Of the surface on which chaos at that length lives (Linot & Graham 2020); one of it is the place."""


@dataclass(frozen=True)
class Settings(kuramoto_sivashinsky.Settings):
    """See `kuramoto_sivashinsky.Settings`."""

    latents: ClassVar[tuple[int, ...]] = (3, 4, 5, 6, 7, 8, 10, 12)
    """Sizes of codes with the place told apart."""

    @property
    def candidates(self) -> dict[str, Candidate]:
        """Latent models, and those beside them."""
        others = super().candidates
        return {label: others[label] for label in BESIDE if label in others} | self._latent()

    def _latent(self) -> dict[str, Candidate]:
        steps = {"quick": 20, "default": 4_000, "paper": 20_000}[self.size]
        descent = TrainingSettings(
            steps=steps, batch=256, learning_rate=3e-3, check_every=max(20, steps // 10)
        )
        # with two steps in the loss, forecasts from validation starts left all bounds
        chosen = LatentStepper.Settings(
            aligned=False if self.system.forcing else None,  # a forcing knows places
            unroll=8,
            input_noise=1e-3,
            reduction=descent,
            training=descent,
        )
        sizes = (4, DIMENSION - 1) if self.size == "quick" else self.latents
        found = {
            f"latent-{latent}": Candidate(
                "latent_stepper", self.task, dataclasses.replace(chosen, latent=latent), seeds=1
            )
            for latent in sizes
        }
        # the dimension's own, with the place told apart and not: in both the same numbers in all
        best = f"latent-{DIMENSION - 1}"
        found[best] = dataclasses.replace(found[best], seeds=1 if self.size == "quick" else 3)
        found[f"latent-{DIMENSION}-in-place"] = Candidate(
            "latent_stepper",
            self.task,
            dataclasses.replace(chosen, latent=DIMENSION, aligned=False),
            seeds=1,
            remark="the place on the line is not told apart",
        )
        return found


def compare_with_solver(
    settings: Settings,
    trained: Sequence[Trained],
    *,
    sets: Mapping[str, TrainingSet],
    folder: Path,
    progress: bool = False,
) -> str:
    """The comparison of forecasts; beside it errors of reconstruction, into the results and a figure."""
    table = kuramoto_sivashinsky.compare_with_solver(
        settings, trained, sets=sets, folder=folder, progress=progress
    )
    latent = {t.label: t.surrogates[0] for t in trained if isinstance(t.surrogates[0], LatentStepper)}
    field = settings.system.fields[0].name
    split = sets["main"].split("test")
    states = torch.stack(
        [torch.from_numpy(split.read(i, field=field)).double()[::20] for i in range(len(split))]
    ).flatten(0, 1)[:, None]
    errors = reconstruction_errors(latent, states)
    path = folder / "results.json"
    results: dict[str, Any] = json.loads(path.read_text())
    write_json(path, {**results, "reconstruction": errors})
    known = settings.system.length == LENGTH and not settings.system.forcing
    picture = reconstruction_figure(errors, dimension=DIMENSION if known else None)
    save(picture, folder / "figures" / "reconstruction.png")
    said = [f"{label} {error:.2e}" for label, error in errors["autoencoders"].items()]
    return f"{table}\n\nShare of the test frames' variance that is lost: {', '.join(said)}"


def preset(size: str) -> Settings:
    """The other experiment's sets, so that its numbers can stand beside these."""
    found = kuramoto_sivashinsky.preset(
        size, system=kuramoto_sivashinsky.PRESETS["default"].system if size == "paper" else None
    )
    own = {f.name: getattr(found, f.name) for f in dataclasses.fields(found)}
    return Settings(**own)


PRESETS = {size: preset(size) for size in ("quick", "default", "paper")}
