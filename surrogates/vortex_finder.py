"""A network that finds vortices: one trunk, and two heads, for what turns where and for cells in a core."""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from ..datasets.detections import Detecting, Detections
from .blocks.detection_head import Detected, DetectionHead, from_maps
from .blocks.intersection_over_union import box_overlaps
from .blocks.non_maximum_suppression import survivors
from .blocks.segmentation_head import SegmentationHead
from .finding_fit import EncodedFields, FindingFit
from .surrogate import Surrogate, SurrogateError, TrainingRecord
from .training import TrainingSettings, train
from .unet import UNetModule

__all__ = ["VortexFinder"]

SOME = 64
"""Fields that are answered at once."""


class VortexFinder(Surrogate):
    """A velocity field -> a table of vortices, and a mask of their cores.

    The mean velocity is taken off, for who moves along sees the same vortices. The field is cut into patches
    of `stride` x `stride` cells, on whose grid a U-Net thinks; in each patch it says whether the middle of a
    vortex lies there, where, and its numbers (YOLO, CenterNet: see `DetectionHead`), and of each cell whether
    it lies in a core. Of vortices that overlap the surest stays. Two middles in one patch are found as one.

    Raises `SurrogateError` for a grid that patches do not fill.
    """

    learns: ClassVar[type] = Detections

    @dataclass(frozen=True)
    class Settings:
        """The network's size, and how it learns.

        Attributes:
            stride: cells along each side of a patch.
            channels: on the grid of patches; each coarser one has half as many again.
            levels: how often that grid is halved.
            blocks: residual blocks on each grid, on the way down and up.
            overlap: of the squares around two cores, intersection over union; what is beyond is one vortex.
            mirrored: whether fields are learned in any of the square's eight positions.
            focus: of the loss of presence, see `FocalLoss`; above 0, scores shrink towards one half, above
                which a vortex is said to be there.
            places, masks: weights in the loss, beside presence and numbers.
            training: optimiser, steps, schedule.
        """

        stride: int = 4
        channels: int = 48
        levels: int = 2
        blocks: int = 1
        overlap: float = 0.3
        mirrored: bool = True
        focus: float = 0.0
        places: float = 4.0
        masks: float = 4.0
        training: TrainingSettings = TrainingSettings(  # noqa: RUF009 (frozen)
            steps=3_000, batch=32, optimiser="soap", learning_rate=4e-3, check_every=250
        )

        def __post_init__(self) -> None:
            for name in ("stride", "channels", "blocks"):
                if getattr(self, name) < 1:
                    raise SurrogateError(f"{name} must be at least 1, got {getattr(self, name)}")
            if self.levels < 0 or not 0 <= self.overlap <= 1:
                raise SurrogateError(
                    f"levels must be at least 0 and overlap from 0 to 1, got {self.levels} and {self.overlap}"
                )

    settings: Settings
    module: FinderModule | None = None
    task: Detecting | None = None
    corner: tuple[float, float] = (0.0, 0.0)
    spacing: tuple[float, float] = (1.0, 1.0)
    scale: torch.Tensor | None = None
    """(1 + 2 numbers,): of the velocities, then means and deviations of the numbers."""

    def fit(
        self,
        examples: Detections,
        validation: Detections,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Read all pairs into memory, measure the scaling, then descend; see `Surrogate`."""
        begin = time.perf_counter()
        self.refuse_without_both(examples, validation)
        self.input_shapes, self.output_shapes = examples.input_shapes, examples.output_shapes
        self.task, self.corner, self.spacing = examples.task, examples.corner, examples.spacing
        self._grid()
        held, judged = (self._read(pairs) for pairs in (examples, validation))
        self.scale = self._measured(*held[:2]).to(self.device)
        own, valid = (self._encoded(*parts) for parts in (held, judged))
        del held, judged
        module = self._built(seed).to(self.device, torch.float32)
        chosen = self.settings
        objective = FindingFit(
            own,
            valid,
            stride=chosen.stride,
            odd=tuple(name in self.task.odd for name in self.task.numbers),
            mirrored=chosen.mirrored,
            focus=chosen.focus,
            places=chosen.places,
            masks=chosen.masks,
        )
        prepared = time.perf_counter() - begin
        end = train(
            module,
            objective,
            chosen.training,
            seed=seed,
            folder=folder,
            identity=self._identity(own),
            progress=progress,
        )
        self.module, self.scale = module.to(self.dtype).eval(), self.scale.to(self.dtype)
        return TrainingRecord(
            seconds=prepared + end.seconds,
            samples=len(examples),
            epochs=end.epochs,
            validation_error=end.validation_error,
            finished=end.finished,
        )

    @torch.no_grad()
    def __call__(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """See `Surrogate`; `present` is a score, the surest slots come first, and all slots are filled."""
        if self.module is None or self.task is None or self.scale is None:
            raise SurrogateError(f"{type(self).__name__} has not learned yet: call `fit` or `load` first")
        fields = self._normalised(torch.stack([inputs[name] for name in self.task.inputs], dim=1))
        parts = [self._found(fields[i : i + SOME]) for i in range(0, len(fields), SOME)]
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        if self.module is None or self.scale is None:
            raise SurrogateError(f"{type(self).__name__} has not learned yet: call `fit` or `load` first")
        return {f"network.{n}": t for n, t in self.module.state_dict().items()} | {"scale": self.scale}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        self.scale = tensors["scale"].to(self.device, self.dtype)
        module = self._built(0).to(self.device, self.dtype)
        module.load_state_dict(
            {k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")}
        )
        self.module = module.eval()

    def noted(self) -> dict[str, Any]:
        """See `Surrogate`; and what the outputs are, and where the cells lie."""
        assert self.task is not None
        return {
            **super().noted(),
            "task": dataclasses.asdict(self.task),
            "corner": self.corner,
            "spacing": self.spacing,
        }

    def recall(self, noted: Mapping[str, Any]) -> None:
        """See `Surrogate`."""
        super().recall(noted)
        roles: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in noted["task"].items()}
        self.task = Detecting(**roles)
        self.corner, self.spacing = tuple(noted["corner"]), tuple(noted["spacing"])

    # the rest is between the names of a set and the channels of the network ----------------------------

    def _grid(self) -> tuple[int, int]:
        """Of patches; `SurrogateError` where these do not fill the field's."""
        assert self.task is not None and self.input_shapes is not None and self.output_shapes is not None
        rows, columns = self.input_shapes[self.task.inputs[0]]
        stride, slots = self.settings.stride, self.output_shapes[self.task.present][0]
        if rows % stride or columns % stride or (rows // stride) * (columns // stride) < slots:
            raise SurrogateError(
                f"patches of {stride} x {stride} cells must fill a grid and be at least as many as the "
                f"{slots} slots, and it has {rows} x {columns} cells; choose another stride"
            )
        return rows // stride, columns // stride

    def _built(self, seed: int) -> FinderModule:
        assert self.task is not None
        grid, chosen = self._grid(), self.settings
        levels = min(chosen.levels, max(0, (min(grid) - 1).bit_length() - 1))
        widths = [round(chosen.channels * 1.5**level) for level in range(levels + 1)]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return FinderModule(
                stride=chosen.stride, widths=widths, blocks=chosen.blocks, numbers=len(self.task.numbers)
            )

    def _read(self, pairs: Detections) -> tuple[torch.Tensor, Detected, torch.Tensor]:
        """Velocities, things in cells of patches, masks, as they are in the set."""
        task, held = pairs.task, pairs.held(dtype="float32")
        outputs = {n: torch.from_numpy(np.asarray(v[:, 0])).to(self.device) for n, v in held.outputs.items()}
        fields = torch.from_numpy(np.stack([held.inputs[n] for n in task.inputs], axis=1)).to(self.device)
        places = torch.stack(
            [
                (outputs[name] - corner) / (step * self.settings.stride)
                for name, corner, step in zip(task.places, self.corner, self.spacing, strict=True)
            ],
            dim=-1,
        )
        numbers = torch.stack([outputs[name] for name in task.numbers], dim=-1)
        return fields, Detected(outputs[task.present], places, numbers), outputs[task.mask]

    def _measured(self, fields: torch.Tensor, things: Detected) -> torch.Tensor:
        """See `scale`; of numbers that change their sign in a mirror the mean is zero."""
        assert self.task is not None
        speed = (fields - fields.mean(dim=(2, 3), keepdim=True)).double().square().mean().sqrt()
        numbers = things.numbers[things.scores > 0].double()
        if not len(numbers):
            raise SurrogateError("not one of the training fields holds a vortex; generate other ones")
        odd = torch.tensor([name in self.task.odd for name in self.task.numbers], device=numbers.device)
        means = torch.where(odd, 0.0, numbers.mean(dim=0))
        spread = (numbers - means).square().mean(dim=0).sqrt()
        return torch.cat([speed.reshape(1), means, torch.where(spread > 0, spread, 1.0)])

    def _normalised(self, fields: torch.Tensor) -> torch.Tensor:
        assert self.scale is not None
        return (fields - fields.mean(dim=(2, 3), keepdim=True)) / self.scale[0].to(fields.dtype).clamp(
            min=1e-30
        )

    def _encoded(self, fields: torch.Tensor, things: Detected, masks: torch.Tensor) -> EncodedFields:
        assert self.scale is not None
        means, spread = self.scale[1:].to(fields.dtype).chunk(2)
        numbers = (things.numbers - means) / spread
        return EncodedFields(self._normalised(fields), things._replace(numbers=numbers), masks)

    def _found(self, fields: torch.Tensor) -> dict[str, torch.Tensor]:
        """Outputs by name, of normalised velocities."""
        assert self.module is not None and self.task is not None and self.scale is not None
        assert self.output_shapes is not None
        task, slots = self.task, self.output_shapes[self.task.present][0]
        maps, logits = self.module(fields)
        # twins of all that there may be, and not one cell more
        seen = from_maps(maps, slots=min(3 * slots, maps.shape[2] * maps.shape[3]))
        means, spread = self.scale[1:].chunk(2)
        numbers = seen.numbers * spread + means
        steps = torch.tensor(self.spacing).to(maps) * self.settings.stride
        places = seen.places * steps + torch.tensor(self.corner).to(maps)
        radius = numbers[..., task.numbers.index(task.size)].abs()[..., None]
        boxes = torch.cat([places - radius, places + radius], dim=-1)
        kept = survivors(box_overlaps(boxes, boxes), seen.scores, most=self.settings.overlap)
        scores, order = torch.where(kept, seen.scores, 0.0).topk(slots, dim=1)
        table = torch.cat([places, numbers], dim=-1)
        table = table.gather(1, order[..., None].expand(-1, -1, table.shape[2]))
        table = torch.where(scores[..., None] > 0, table, 0.0)
        named = {task.present: scores, task.mask: logits.sigmoid()}
        return named | {n: table[..., i] for i, n in enumerate((*task.places, *task.numbers))}

    def _identity(self, own: EncodedFields) -> dict[str, Any]:
        """What tells this training from others: the model's settings, and a digest of the data."""
        settings = {k: v for k, v in dataclasses.asdict(self.settings).items() if k != "training"}
        some = own.fields[:: max(1, len(own.fields) // 64)].cpu().numpy()
        digest = hashlib.sha256(np.ascontiguousarray(some).tobytes()).hexdigest()
        return {
            "surrogate": type(self).__name__,
            "settings": settings,
            "data": {"shape": list(own.fields.shape), "digest": digest},
        }


class FinderModule(nn.Module):
    """(batch, 2, rows, columns) normalised velocities -> what the two heads say."""

    def __init__(self, *, stride: int, widths: list[int], blocks: int, numbers: int) -> None:
        super().__init__()
        self.patches = nn.PixelUnshuffle(stride)
        self.trunk = UNetModule(2 * stride**2, widths[0], widths, blocks, alive=True)
        self.detection = DetectionHead(channels=widths[0], numbers=numbers)
        self.segmentation = SegmentationHead(channels=widths[0], finer=stride)

    def forward(self, fields: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Maps of things (batch, 3 + numbers, patches), and logits of the mask (batch, rows, columns)."""
        features = self.trunk(self.patches(fields))
        return self.detection(features), self.segmentation(features)
