"""Fields in which things are to be found: where each is, numbers of it, and the cells that it covers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..solvers.contract import Answer, Axis, SolverError
from .pairs import Pairs
from .tasks import Direct, Maps, Task

if TYPE_CHECKING:
    from .split import Split
    from .training_set import TrainingSet

__all__ = ["Detecting", "Detections"]


class Detections(Pairs):
    """Pairs of a velocity field and the things in it: a table of slots, and a mask on the field's grid.

    Attributes:
        task: the roles of the outputs.
        axes: of the grid, rows and columns: a place is told on them, and a network thinks in cells.

    Raises `SolverError` for a grid whose cells are not all alike.
    """

    def __init__(self, source: Split, *, task: Detecting, axes: tuple[Axis, Axis]) -> None:
        super().__init__(source, inputs=task.inputs, outputs=task.outputs)
        self.task, self.axes = task, axes
        for axis in axes:
            spacing = (axis.values[-1] - axis.values[0]) / max(1, len(axis) - 1)
            if len(axis) < 2 or any(
                abs(b - a - spacing) > 1e-6 * abs(spacing)
                for a, b in zip(axis.values, axis.values[1:], strict=False)
            ):
                raise SolverError(f"things are found on even grids, and the axis {axis.name!r} is not even")

    @property
    def corner(self) -> tuple[float, float]:
        """Where the first row and column begin."""
        row, column = (
            axis.values[0] - 0.5 * step for axis, step in zip(self.axes, self.spacing, strict=True)
        )
        return row, column

    @property
    def spacing(self) -> tuple[float, float]:
        """From row to row, and from column to column."""
        row, column = ((a.values[-1] - a.values[0]) / (len(a) - 1) for a in self.axes)
        return row, column


@dataclass(frozen=True)
class Detecting(Task):
    """A velocity field -> the things in it, at once: a table with slots, and a mask.

    Attributes:
        inputs: the velocity's components along columns and rows, in this order.
        present: the field of the answer that says how sure a slot is.
        axes: of the field: rows and columns.
        places: along these, fields of slots.
        numbers: of each thing, fields of slots.
        size: the one of them that is a radius; things that overlap are one.
        odd: those of them that change their sign in a mirror.
        mask: the cells that belong to any of the things.
    """

    gives: ClassVar[type] = Detections

    inputs: tuple[str, str] = ("u", "v")
    present: str = "present"
    axes: tuple[str, str] = ("y", "x")
    places: tuple[str, str] = ("centre_y", "centre_x")
    numbers: tuple[str, ...] = ("circulation", "radius")
    size: str = "radius"
    odd: tuple[str, ...] = ("circulation",)
    mask: str = "mask"

    def __post_init__(self) -> None:
        if not {self.size, *self.odd} <= {*self.numbers}:
            raise SolverError(
                f"size and odd must be among the numbers {self.numbers}, got {self.size!r} and {self.odd}"
            )

    @property
    def outputs(self) -> tuple[str, ...]:
        """All fields of the answer."""
        return (self.present, *self.places, *self.numbers, self.mask)

    def examples(self, training_set: TrainingSet, split: str) -> Detections:
        """One pair for each sample.

        Raises `SolverError` for trajectories of more than one frame, and a set without such axes.
        """
        source = training_set.split(split)
        if source.frames > 1:
            raise SolverError(
                f"things are found in one frame, and trajectories of {split!r} have {source.frames} frames"
            )
        axes = {axis.name: axis for axis in training_set.axes}
        missing = [name for name in self.axes if name not in axes]
        if missing:
            raise SolverError(f"{training_set.name} has no axis {missing[0]!r}; it has {sorted(axes)}")
        row, column = (axes[name] for name in self.axes)
        return Detections(source, task=self, axes=(row, column))

    def answer(self, surrogate: Maps) -> Answer:
        """See `Direct`."""
        return Direct(self.inputs, self.outputs).answer(surrogate)
