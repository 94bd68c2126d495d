"""Is a memory that gradients shape worth its training, where a frame says all and the solver is cheap?

Recurrent networks on Kuramoto-Sivashinsky chaos, on the sets and starts of `kuramoto_sivashinsky`: beside a
reservoir, whose memory is drawn at random, networks without memory (convolutions, attention and Fourier
layers with as many numbers as the CNN), and a regression that is no network. The recurrent cells have one
width, so that the LSTM has more numbers than the plain one.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from ..datasets.tasks import Autoregressive
from ..solvers.kuramoto_sivashinsky.system import KuramotoSivashinsky
from ..surrogates.convolutional_recurrent import ConvolutionalRecurrent
from ..surrogates.propagation import SteppingSettings
from ..surrogates.recurrent import Recurrent
from ..surrogates.training import TrainingSettings
from . import kuramoto_sivashinsky
from .kuramoto_sivashinsky import compare_with_solver
from .stages import Candidate

__all__ = ["PRESETS", "Settings", "compare_with_solver"]

BESIDE = ("persistence", "climatology", "nvar", "control", "reservoir", "cnn", "transformer", "fourier")
"""Entries of `kuramoto_sivashinsky` that take part with the settings that they have there."""


@dataclass(frozen=True)
class Settings(kuramoto_sivashinsky.Settings):
    """That of `kuramoto_sivashinsky`, with other surrogates.

    Attributes:
        system: length, points and forcing of the equation.
        main: the long training set, whose test split gives the starts and their history.
        fine: a short set at a small interval, for surrogates that step like a solver.
        comparison: horizon, timing and free runs.
        size: which sizes of surrogate: quick, default or paper.
    """

    @property
    def candidates(self) -> dict[str, Candidate]:
        """The surrogates that this experiment compares."""
        others = super().candidates
        return {
            **{
                label: dataclasses.replace(others[label], by_default=True)
                for label in BESIDE
                if label in others
            },
            **sequence_models(self.size, self.task),
        }


def sequence_models(size: str, task: Autoregressive) -> dict[str, Candidate]:
    """Networks with a learned memory, of sizes that train in minutes.

    On starts out of the validation split, more free steps in the loss let forecasts hold for longer: so many
    that trainings take a minute or two.
    """
    steps, seeds = {"quick": (20, 1), "default": (3_000, 2), "paper": (12_000, 3)}[size]
    quick = size == "quick"
    vector = Recurrent.Settings(
        width=32 if quick else 128,
        warm_up=16,
        burn_in=4,
        unroll=4 if quick else 8,
        input_noise=1e-2,
        training=TrainingSettings(
            steps=steps, batch=32, learning_rate=5e-3, clip=1.0, check_every=max(20, steps // 10)
        ),
    )
    fields = ConvolutionalRecurrent.Settings(
        channels=4 if quick else 32,
        width=7,
        warm_up=2,
        burn_in=1,
        stepping=SteppingSettings(coarsen=2, unroll=4 if quick else 16, input_noise=1e-3),
        training=TrainingSettings(
            steps=2 * steps // 3, batch=16, learning_rate=1e-2, clip=1.0, check_every=max(20, steps // 10)
        ),
    )
    return {
        **{
            f"recurrent-{cell}": Candidate(
                "recurrent",
                task,
                dataclasses.replace(vector, cell=cell),
                dtype="float32",
                seeds=seeds,
                remark=BLIND,
            )
            for cell in ("rnn", "gru", "lstm")
        },
        "convolutional-lstm": Candidate(
            "convolutional_recurrent", task, fields, dtype="float32", seeds=seeds
        ),
    }


BLIND = "knows nothing of space: what it learns in one place it must learn again in all others"


def preset(size: str) -> Settings:
    """The sets and the comparison of `kuramoto_sivashinsky` on a line of length 22."""
    same = kuramoto_sivashinsky.preset(size, KuramotoSivashinsky(22.0, 64))
    return Settings(**{field.name: getattr(same, field.name) for field in dataclasses.fields(same)})


PRESETS = {size: preset(size) for size in ("quick", "default", "paper")}
