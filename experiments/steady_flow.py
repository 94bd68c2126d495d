"""Can a network take the solver's place from shape to flow, and at what price at equal accuracy?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from ..datasets.corrections import Corrected
from ..datasets.generate import GenerateSettings
from ..datasets.tasks import Direct
from ..datasets.training_set import TrainingSet
from ..solvers.steady_flow.geometry import Family
from ..solvers.steady_flow.stream_newton import StreamNewton
from ..solvers.steady_flow.system import STEADY_UNTIL, SteadyFlow
from ..surrogates.field_cnn import FieldCNN
from ..surrogates.field_dense import FieldDense
from ..surrogates.field_mixer import FieldMixer
from ..surrogates.field_settings import FieldSettings
from ..surrogates.gated_unet import GatedUNet
from ..surrogates.training import TrainingSettings
from ..surrogates.unet import UNet
from .compare import ComparisonError
from .flow_operators import flow_operators
from .flow_settings import FlowSettings
from .stages import Candidate, Trained
from .steady_flow_comparison import compare_flows

__all__ = ["PRESETS", "Settings", "compare_with_solver"]


@dataclass(frozen=True)
class Settings:
    """The experiment: a channel, a training set, flows beyond it, how surrogates are judged.

    Attributes:
        system: grid, walls, shapes and Reynolds numbers of what is learned.
        main: the training set, whose test split is judged.
        beyond: samples of each set that lies out of what is learned.
        comparison: how answers are judged and timed.
        size: which sizes of surrogate: quick, default or paper.
    """

    system: SteadyFlow
    main: GenerateSettings
    beyond: int
    comparison: FlowSettings
    size: tyro.conf.Suppress[str] = "default"

    @property
    def sets(self) -> dict[str, tuple[SteadyFlow, GenerateSettings]]:
        """The training sets by name: of which system, and how much. Beyond the main one only tests count."""
        few = dataclasses.replace(
            # a set needs some to learn from, of which one at least must be solved; nobody reads them
            self.main,
            train_trajectories=8,
            valid_trajectories=0,
            test_trajectories=self.beyond,
        )
        return {"main": (self.system, self.main)} | {
            name: (system, few) for name, system in beyond(self.system).items()
        }

    @property
    def threads(self) -> int:
        """Of training and timing alike."""
        return self.comparison.threads

    @property
    def task(self) -> Direct:
        """What a surrogate is given that is named on the command line and is not among the candidates."""
        return Direct(outputs=("u", "v"))

    @property
    def candidates(self) -> dict[str, Candidate]:
        """The surrogates that this experiment compares."""
        return candidates(self.size, self.system)

    def check(self, chosen: Mapping[str, Candidate], *, device: str = "cpu") -> None:
        """Refuse, before anything is solved, settings that do not fit one another or these surrogates."""
        self.comparison.check()
        if self.main.test_trajectories < 1 or self.beyond < 1:
            raise ComparisonError(
                "--main.test-trajectories and --beyond must be at least 1: they give the shapes that are "
                f"judged; got {self.main.test_trajectories} and {self.beyond}"
            )
        frames = {self.main.train_frames, self.main.valid_frames, self.main.test_frames}
        if frames != {1} or self.main.transient:
            raise ComparisonError("steady flows have one frame: leave frames at 1 and the transient at 0")


def beyond(system: SteadyFlow) -> dict[str, SteadyFlow]:
    """What no training sees: two bodies, silhouettes, larger ones, more and less viscosity.

    What is learned lies not beyond: families that the system draws are left out, and Reynolds numbers where
    there is no room above.
    """
    most = min(STEADY_UNTIL, 1.5 * system.most_reynolds)
    others: dict[str, tuple[Family, ...]] = {"pairs": ("pair",), "cars": ("car",)}
    found = {
        name: dataclasses.replace(system, families=families)
        for name, families in others.items()
        if families[0] not in system.families
    }
    found |= {
        "larger": dataclasses.replace(
            system, smallest=system.largest, largest=min(0.6, 1.4 * system.largest)
        ),
        "faster": dataclasses.replace(system, least_reynolds=system.most_reynolds, most_reynolds=most),
        "slower": dataclasses.replace(
            system, least_reynolds=system.least_reynolds / 5, most_reynolds=system.least_reynolds
        ),
    }
    if most <= system.most_reynolds:
        del found["faster"]
    return found


def compare_with_solver(
    settings: Settings,
    trained: Sequence[Trained],
    *,
    sets: Mapping[str, TrainingSet],
    folder: Path,
    progress: bool = False,
) -> str:
    """Judge and time; writes results, figures and report into `folder`; returns the tables."""
    return compare_flows(
        settings.comparison,
        trained,
        systems={name: system for name, (system, _) in settings.sets.items()},
        sets=sets,
        folder=folder,
        described=dataclasses.asdict(settings),
        progress=progress,
    )


def candidates(size: str, system: SteadyFlow) -> dict[str, Candidate]:
    """The networks of the bootcamp as they are, ours, and what they may not lose to."""
    velocity = Direct(outputs=("u", "v"))
    flow = ("psi", "p", "drag", "lift")
    mirrored = Direct(outputs=flow, images=True)
    mask = FieldSettings(
        loss="mse",
        together=True,
        plain=False,
        place=False,
        edge="distance",
        edge_scales=(0.0,),
        centred=False,
        ending="relu",
    )
    h = system.spacing
    shape = FieldSettings(
        loss="relative",
        slopes=("psi",),
        others=0.1,
        scaled=("p",),
        scaled_by="drag",
        edge="distance",
        edge_scales=(0.0, 2 * h, 4 * h, 8 * h, 16 * h),
        edge_at=(0.5, 0.5),
    )
    ours = FieldMixer.Settings(
        channels={"quick": 8}.get(size, 64),
        layers={"quick": 1}.get(size, 4),
        fields=shape,
        training=descent(size, 3_000, 12_000, rate=3e-3, batch=16, optimiser="soap"),
    )
    small = dataclasses.replace(
        ours,
        # differences of drag have either sign and measure no pressure; how large a difference is matters
        fields=dataclasses.replace(shape, loss="rms", scaled=(), scaled_by=""),
        channels={"quick": 8}.get(size, 48),
        layers={"quick": 1}.get(size, 2),
    )
    rough, seeds = cheap(system), 1 if size == "quick" else 3
    found = {
        "training-mean": Candidate("training_mean", velocity),
        "dense": Candidate(
            "field_dense",
            velocity,
            FieldDense.Settings(fields=mask, training=descent(size, 2_000, 20_000, rate=3e-4, batch=32)),
            dtype="float32",
            seeds=1,
            remark=BOOTCAMP.format("fully connected, 256 hidden numbers"),
        ),
        "cnn": Candidate(
            "field_cnn",
            velocity,
            FieldCNN.Settings(fields=mask, training=descent(size, 700, 10_000, rate=3e-4, batch=32)),
            dtype="float32",
            seeds=1,
            remark=BOOTCAMP.format("the encoder and decoders of Guo et al. (2016)"),
        ),
        "gated-unet": Candidate(
            "gated_unet",
            velocity,
            GatedUNet.Settings(
                fields=dataclasses.replace(mask, ending="tanh"),
                training=descent(size, 800, 20_000, rate=1e-3, batch=8),
            ),
            dtype="float32",
            seeds=1,
            remark=BOOTCAMP.format("gated residual U-Net, which ends in a tanh"),
        ),
        "unet": Candidate(
            "unet",
            mirrored,
            UNet.Settings(
                channels={"quick": 8}.get(size, 24),
                fields=shape,
                training=descent(size, 1_500, 10_000, rate=2e-3, batch=16),
            ),
            dtype="float32",
            seeds=1,
            by_default=False,
            remark=IMAGES,
        ),
        "mixer": Candidate("field_mixer", mirrored, ours, dtype="float32", seeds=seeds, remark=IMAGES),
    }
    found |= flow_operators(
        size,
        mirrored,
        fields=shape,
        training=descent(size, 3_000, 12_000, rate=2e-3, batch=16, optimiser="soap"),
        remark=IMAGES,
    )
    if rough is not None:
        found["corrected"] = Candidate(
            "field_mixer",
            Corrected(rough, outputs=flow, images=True),
            small,
            dtype="float32",
            seeds=seeds,
            remark=f"hybrid: {rough.label} answers first, the network adds what that lacks; {IMAGES}",
        )
    return found


def cheap(system: SteadyFlow) -> StreamNewton | None:
    """The solver whose answer is corrected: about three eighths of the rows, as far as cells stay square.

    None where no grid is coarser than the system's.
    """
    wanted = 3 * system.rows / 8
    rows = [r for r in range(8, system.rows) if r * system.columns % system.rows == 0]
    return (
        StreamNewton(system, rows=min(rows, key=lambda r: abs(r - wanted)), tolerance=1e-2) if rows else None
    )


def descent(
    size: str,
    default: int,
    paper: int,
    *,
    rate: float,
    batch: int,
    optimiser: Literal["soap", "adam"] = "adam",
) -> TrainingSettings:
    """So many steps at the default and the paper's size, 20 small ones at the quick."""
    steps = {"quick": 20, "default": default, "paper": paper}[size]
    return TrainingSettings(
        steps=steps,
        batch=8 if size == "quick" else batch,
        optimiser=optimiser,
        learning_rate=rate,
        clip=1.0,
        check_every=max(10, steps // 10),
    )


BOOTCAMP = (
    "after the AI-for-science bootcamp: {}; a mask and the viscosity as inputs, the squared error as loss; "
    "trained for minutes, not until nothing is gained"
)


IMAGES = "learned from the mirror image of every flow, too"


def preset(size: str) -> Settings:
    """Sizes that take half a minute (quick), half an hour (default), or hours (paper)."""
    train, valid, test = {"quick": (24, 8, 8), "default": (2500, 150, 100), "paper": (6000, 500, 250)}[size]
    # what is learned ends below what solvers can do, so that something lies beyond
    system = SteadyFlow(*((24, 48) if size == "quick" else (64, 128)), most_reynolds=30.0)
    main = GenerateSettings(
        train_trajectories=train,
        valid_trajectories=valid,
        test_trajectories=test,
        train_frames=1,
        valid_frames=1,
        test_frames=1,
        interval=1.0,
        seed=1,
        trajectories_per_shard={"quick": 24, "default": 125, "paper": 250}[size],
        workers=2,
        dtype="float32",
    )
    comparison = FlowSettings()
    if size == "quick":
        comparison = FlowSettings(rounds=2, alone=2, batches=(1, 8))
    return Settings(
        system=system,
        main=main,
        beyond={"quick": 3, "default": 30, "paper": 100}[size],
        comparison=comparison,
        size=size,
    )


PRESETS = {size: preset(size) for size in ("quick", "default", "paper")}
