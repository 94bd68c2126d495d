"""How deep may a stepper be, with skips and without? Kuramoto-Sivashinsky, equally many steps of training.

All stacks have the same blocks, one after the other, and start from the same random numbers; residual ones
add what went in, plain ones do not (`ResidualBlock` says how these start). Depth alone differs, so deeper
stacks have more numbers to learn and take longer: seconds stand beside the errors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from ..datasets.generate import GenerateSettings, generate
from ..datasets.tasks import Autoregressive
from ..datasets.training_set import TrainingSet
from ..datasets.workers import WorkerDied, in_workers
from ..solvers.contract import Solution
from ..solvers.kuramoto_sivashinsky import KIT, KuramotoSivashinsky
from ..surrogates.blocks.residual_block import SQUARES
from ..surrogates.propagation import SteppingSettings, refuse_wide
from ..surrogates.resnet import ResNet
from ..surrogates.surrogate import SurrogateError
from ..surrogates.training import TrainingSettings
from .bench_depth_figure import draw
from .bench_rounds import busy_note, load, write_part
from .compare import ComparisonError
from .metrics import valid_time
from .timing import pinned_threads

__all__ = ["NAMES", "PRESETS", "Settings", "first_layer_gradient", "run", "table"]

NAMES: dict[str, tuple[str, ...]] = {"kinds": ("residual", "plain"), "activations": tuple(SQUARES)}
"""Known names by setting."""
INTERVAL, TRANSIENT = 0.25, 300.0
COARSEN = 2


@dataclass(frozen=True)
class Settings:
    """What is trained.

    Attributes:
        depths: blocks of a stack.
        kinds: `residual` or `plain`.
        activations: of the blocks: `gate` or `gelu`.
        seeds: trainings of each.
        channels, width: of every block; points of its kernel, on every second point of the set's grid.
        steps, batch, rate: of the training, by Adam.
        length, points: of the line.
        trajectories, frames: to learn from.
        starts: of the forecasts, from the test split.
        horizon: length of the forecasts, in Lyapunov times.
        workers: trainings at once, one thread each.
    """

    depths: tuple[int, ...] = (4, 8, 16, 32, 64)
    kinds: tuple[str, ...] = ("residual", "plain")
    activations: tuple[str, ...] = ("gate", "gelu")
    seeds: int = 1
    channels: int = 16
    width: int = 5
    steps: int = 1_000
    batch: int = 32
    rate: float = 2e-3
    length: float = 22.0
    points: int = 64
    trajectories: int = 8
    frames: int = 2_000
    starts: int = 40
    horizon: float = 8.0
    workers: int = 2

    @property
    def sizes(self) -> GenerateSettings:
        """Of the training set."""
        unit = KuramotoSivashinsky(self.length, self.points).characteristic_time
        return GenerateSettings(
            train_trajectories=self.trajectories,
            valid_trajectories=2,
            test_trajectories=self.starts,
            train_frames=self.frames,
            valid_frames=self.frames,
            test_frames=2 + math.ceil(self.horizon * unit / INTERVAL),
            interval=INTERVAL,
            transient=TRANSIENT,
            seed=11,
            workers=self.workers,
        )


PRESETS = {
    "quick": Settings(
        depths=(2, 4),
        activations=("gate",),
        seeds=1,
        channels=4,
        steps=20,
        trajectories=2,
        frames=60,
        starts=3,
        horizon=1.0,
        workers=1,
    ),
    "default": Settings(),
}


@dataclass(frozen=True)
class _Job:
    settings: Settings
    kind: str
    activation: str
    depth: int
    seed: int
    training_set: Path

    @property
    def stepper(self) -> ResNet.Settings:
        """The network and its training."""
        chosen = self.settings
        return ResNet.Settings(
            channels=chosen.channels,
            width=chosen.width,
            blocks=self.depth,
            skips=self.kind == "residual",
            activation=self.activation,  # type: ignore[arg-type]
            stepping=SteppingSettings(coarsen=COARSEN, filter_floor=0.0),
            training=TrainingSettings(
                steps=chosen.steps,
                batch=chosen.batch,
                optimiser="adam",
                learning_rate=chosen.rate,
                clip=1.0,
                check_every=max(1, chosen.steps // 10),
            ),
        )


def run(settings: Settings, *, path: Path) -> dict[str, Any]:
    """Train all, forecast with all; writes results and a figure beside `path`, and returns the results.

    A training that fails is kept with the reason. Raises `ComparisonError` for kernels without a centre, and
    for those that are wider than the grid.
    """
    before = load()
    _refuse_kernels(settings)
    system = KuramotoSivashinsky(settings.length, settings.points)
    folder = path.parent / "set"
    generate(system, KIT.standard(system), settings.sizes, folder=folder).close()
    jobs = [
        _Job(settings, kind, activation, depth, seed, folder)
        # the deepest first, so that no worker is left with one at the end
        for depth in sorted(settings.depths, reverse=True)
        for activation in settings.activations
        for kind in settings.kinds
        for seed in range(settings.seeds)
    ]
    done = in_workers(_row, jobs, workers=settings.workers, around=partial(pinned_threads, 1))
    bar = tqdm(done, total=len(jobs), desc="training", unit="stack", leave=False)
    try:
        rows = [row for _, row in bar]
    except WorkerDied as error:
        raise ComparisonError(f"measuring stopped: {error}; give fewer --skips.workers") from error
    rows.sort(key=lambda row: (row["activation"], row["kind"], row["depth"], row["seed"]))
    results = write_part({"rows": rows}, settings=settings, threads=1, load_before=before, path=path)
    draw(results, path.with_suffix(".png"))
    return results


def _refuse_kernels(settings: Settings) -> None:
    """Before anything is solved."""
    if settings.width % 2 == 0:
        raise ComparisonError(
            f"--skips.width must be odd, so that kernels have a centre; got {settings.width}"
        )
    try:
        refuse_wide(settings.width, SteppingSettings(coarsen=COARSEN).coarse((settings.points,)))
    except SurrogateError as error:
        raise ComparisonError(f"{error}; lower --skips.width, or give more --skips.points") from error


def _row(job: _Job) -> dict[str, Any]:
    """What one stack comes to."""
    row: dict[str, Any] = {k: v for k, v in asdict(job).items() if k not in ("settings", "training_set")}
    with TrainingSet(job.training_set) as training_set:
        task = Autoregressive(training_set.interval, fields=("u",))
        train, valid = (task.examples(training_set, split) for split in ("train", "valid"))
        stepper = ResNet(job.stepper, dtype=torch.float32)
        states = torch.from_numpy(valid[0][:: max(1, valid.frames // 64), :, ::2]).float()
        states = states / states.std()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(job.seed)  # as `fit` does: these are the weights that it begins with
            network = stepper.network(1, states.shape[2:])
        row["gradient"] = first_layer_gradient(network, states)
        row["parameters"] = sum(p.numel() for p in network.parameters())
        lost = dict.fromkeys(("validation_error", "test_error", "valid_time", "seconds"), math.nan)
        try:
            record = stepper.fit(train, valid, seed=job.seed)
        except SurrogateError as error:
            return {**row, **lost, "why_not": str(error)}
        frames = np.stack([training_set.split("test").read(i) for i in range(job.settings.starts)])
        return {
            **row,
            "validation_error": record.validation_error,
            **_judged(stepper, task, frames, unit=training_set.system.characteristic_time),
            "seconds": record.seconds,
            "why_not": "",
        }


def first_layer_gradient(network: nn.Module, states: torch.Tensor) -> float:
    """How large the gradient by the first layer's weights is that comes through all blocks, as a multiple of
    what comes without them; NaN or infinite where numbers overflow.

    The loss is a random number times each hidden number, the sum of all: the last layer, which starts at
    zero, lets nothing through.
    """
    first, *blocks, _ = network.children()
    norms = []
    for layers in (blocks, []):
        hidden = first(states)
        probe = torch.randn(hidden.shape, generator=torch.Generator().manual_seed(0))
        for block in layers:
            hidden = block(hidden)
        (slope,) = torch.autograd.grad((probe * hidden).sum(), first.weight)  # type: ignore[arg-type]
        norms.append(float(slope.double().norm()))
    return norms[0] / norms[1]


def _judged(stepper: ResNet, task: Autoregressive, frames: np.ndarray, *, unit: float) -> dict[str, float]:
    """Of the true frames (starts, frames, points): the one-step error, relative to the state (root mean
    square), and the median valid time in Lyapunov times.
    """
    before = torch.from_numpy(frames[:, :-1]).flatten(0, 1)[:, None].to(stepper.dtype)
    said = stepper({"frame": before})["frame"].double().numpy()[:, 0]
    after = frames[:, 1:].reshape(said.shape)
    times = task.interval * np.arange(1.0, frames.shape[1])
    answer = task.answer(stepper)({"u": frames[:, 0]}, times)
    starts = len(frames)
    truth = Solution(
        times=times,
        values={"u": frames[:, 1:]},
        status=np.zeros(starts, np.int8),
        seconds=np.zeros(starts),
        error_estimate=np.zeros(starts),
    )
    scores = valid_time(unit, scale=float(np.sqrt((frames**2).mean()))).score(answer, truth)
    with np.errstate(over="ignore"):
        error = np.sqrt(((said - after) ** 2).mean() / (after**2).mean())
    return {"test_error": float(error), "valid_time": float(np.median(scores))}


def table(results: Mapping[str, Any]) -> str:
    """A line for each stack: medians of its seeds that were trained, and how many were not."""
    lines = [
        f"{'':18}{'depth':>7}{'numbers':>10}{'gradient at start':>19}{'valid. error':>14}{'test error':>12}"
        f"{'valid time':>12}{'seconds':>9}"
    ]
    reasons: list[str] = []
    for activation, kind, depth in dict.fromkeys(
        (row["activation"], row["kind"], row["depth"]) for row in results["rows"]
    ):
        rows = [
            r
            for r in results["rows"]
            if (r["activation"], r["kind"], r["depth"]) == (activation, kind, depth)
        ]
        trained = [row for row in rows if not row["why_not"]]
        failed = len(rows) - len(trained)

        def median(key: str, of: list[Any] = trained) -> float:
            known = [math.nan if row[key] is None else row[key] for row in of]
            return float(np.median(known)) if known else math.nan

        lines.append(
            f"{f'{kind}, {activation}':18}{depth:>7}{rows[0]['parameters']:>10}"
            f"{median('gradient', rows):>19.2g}{median('validation_error'):>14.2e}"
            f"{median('test_error'):>12.2e}{median('valid_time'):>12.2f}{median('seconds'):>9.0f}"
            + f"  {failed} of {len(rows)} failed"
            * bool(failed)
        )
        reasons += [f"{kind}, {activation}, {depth}: {row['why_not']}" for row in rows if row["why_not"]]
    seeds = results["settings"]["seeds"]
    alone = ["one training of each: differences, and failures, may be chance"] if seeds == 1 else []
    return "\n".join([*lines, *dict.fromkeys(reasons), *alone, *busy_note(results)])
