"""The contract of every surrogate: learn from examples, answer, remember if need be, save and load."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
import json
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast, get_type_hints

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn

from ..datasets.durable import explained, leftovers, write_whole
from ..datasets.pairs import Pairs
from ..solvers.discovery import nearest

__all__ = [
    "Surrogate",
    "SurrogateError",
    "TrainingRecord",
    "find_surrogate",
    "load",
    "read_card",
    "surrogate_names",
    "usable_device",
]

FORMAT = 2
CARD = {"surrogate", "settings", "dtype", "noted", "fingerprint", "record", "extra"}
"""What a card holds beside its format."""


class SurrogateError(ValueError):
    """A surrogate was asked for something it cannot give; the text says what to do."""


@dataclass(frozen=True)
class TrainingRecord:
    """What a training run cost and how it ended; goes into the comparison's bill.

    Attributes:
        seconds: wall-clock seconds of fitting, reading included.
        samples: training frames (or pairs) that were seen (once each, however often).
        epochs: passes over them; 1 for a closed-form fit.
        validation_error: relative error of one step or answer (root mean square) on the validation examples.
        finished: False where the run stopped early for lack of time.
        note: one sentence that a reader of the results must know; empty where there is none.
    """

    seconds: float
    samples: int
    epochs: int
    validation_error: float
    finished: bool = True
    note: str = ""


class Surrogate(ABC):
    """Learns pairs (what was asked -> what the solver answered), then answers. Those that step are
    `Forecaster`s.

    A subclass lives in `surrogates/<name>.py`, is the only concrete `Surrogate` defined there, and has a
    nested frozen dataclass `Settings` whose defaults make a sensible model. It is constructed from those
    settings alone; what depends on the data (shapes, scaling) is set by `fit` or restored by `load`.

    Inputs and outputs are torch tensors; a surrogate may compute on something else inside, but accepts and
    returns tensors of its own `dtype` on its own `device`.
    """

    Settings: ClassVar[type]
    learns: ClassVar[type] = Pairs
    """What `fit` takes; a task that gives something else cannot train it."""
    lowering: str = ""
    """How its numbers were made fewer or shorter after training; see `low_precision`."""

    def __init__(
        self,
        settings: Any = None,
        *,
        device: str | torch.device = "cpu",
        dtype: torch.dtype = torch.float64,
    ) -> None:
        self.settings = self.Settings() if settings is None else settings
        if not isinstance(self.settings, self.Settings):
            raise SurrogateError(
                f"{type(self).__name__} takes {self.Settings.__qualname__}, "
                f"got {type(self.settings).__qualname__}"
            )
        self.device = usable_device(device)
        self.dtype = dtype
        self.input_shapes: dict[str, tuple[int, ...]] | None = None
        """Name -> shape of one sample, of what it was trained to be given."""
        self.output_shapes: dict[str, tuple[int, ...]] | None = None
        """The same of what it answers."""

    # learning ------------------------------------------------------------------------------------

    @abstractmethod
    def fit(
        self,
        examples: Any,
        validation: Any,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Learn from examples of the kind `learns`; with a `folder`, resume by what is there, and log."""

    @classmethod  # noqa: B027 (most need nothing)
    def refuse_to_learn(cls, settings: Any) -> None:
        """Raise `SurrogateError` where what learning needs is not installed."""

    def refuse_without_both(self, examples: Sized, validation: Sized) -> None:
        """Raise `SurrogateError` where either split is empty, for those who need both."""
        if len(examples) == 0 or len(validation) == 0:
            raise SurrogateError(
                f"{type(self).__name__} needs training and validation pairs, got {len(examples)} and "
                f"{len(validation)}; generate a set with both splits"
            )

    # answering -----------------------------------------------------------------------------------

    @abstractmethod
    def __call__(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Inputs by name, (batch, *shape) each -> outputs by name; the shapes are those it has learned."""

    def networks(self) -> dict[str, nn.Module]:
        """What gradients have trained in it, by the path to each, without the physics around it.

        Of each of its modules what that calls its `network`, or all of it.
        """
        found = {}
        for name, module in vars(self).items():
            if isinstance(module, nn.Module):
                inner = getattr(module, "network", None)
                path = f"{name}.network" if isinstance(inner, nn.Module) else name
                found[path] = inner if isinstance(inner, nn.Module) else module
        return found

    # saving --------------------------------------------------------------------------------------

    @abstractmethod
    def tensors(self) -> dict[str, torch.Tensor]:
        """Everything learned, scaling included, by name."""

    @abstractmethod
    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Take `tensors()` back; what was `noted()` is already set."""

    def noted(self) -> dict[str, Any]:
        """What it noted of its examples besides its tensors, as JSON: the shapes."""
        return {"input_shapes": self.input_shapes, "output_shapes": self.output_shapes}

    def recall(self, noted: Mapping[str, Any]) -> None:
        """Take `noted()` back."""
        self.input_shapes = {name: tuple(shape) for name, shape in noted["input_shapes"].items()}
        self.output_shapes = {name: tuple(shape) for name, shape in noted["output_shapes"].items()}

    @property
    def parameters_count(self) -> int:
        """Learned numbers."""
        return sum(t.numel() for t in self.tensors().values())

    def save(self, folder: Path, *, fingerprint: str, record: TrainingRecord, extra: Any = None) -> None:
        """Write `weights.safetensors` and `surrogate.json` into `folder`, each atomically, JSON last.

        `fingerprint` is the training set's, `extra` any JSON. `SurrogateError` where nothing was learned yet.
        """
        if self.input_shapes is None:
            raise SurrogateError(f"{type(self).__name__} has not learned yet: call `fit` before `save`")
        if self.lowering:
            raise SurrogateError(
                f"this {type(self).__name__} was lowered to {self.lowering}, which is not saved: save "
                "what it was made of, and lower that again when it is loaded, which gives the same bits"
            )
        folder.mkdir(parents=True, exist_ok=True)
        for path in leftovers(folder):
            path.unlink()
        weights = folder / "weights.safetensors"
        # as bytes: the library's own writing hides a full disk behind an error without a number
        content = save({k: v.detach().cpu().contiguous() for k, v in self.tensors().items()})
        with explained(weights, size=len(content)):
            write_whole(weights, content)
        card = {
            "format": FORMAT,
            "surrogate": type(self).__module__.rpartition(".")[2],
            "settings": dataclasses.asdict(self.settings),
            "dtype": str(self.dtype).removeprefix("torch."),
            "noted": self.noted(),
            "fingerprint": fingerprint,
            "record": dataclasses.asdict(record),
            "extra": extra,
        }
        with explained(folder / "surrogate.json"):
            write_whole(folder / "surrogate.json", (json.dumps(card, indent=2) + "\n").encode())


def surrogate_names() -> list[str]:
    """Every module beside this one that defines a concrete `Surrogate`."""
    package = importlib.import_module(__package__)
    names = [m.name for m in pkgutil.iter_modules(package.__path__) if not m.ispkg]
    return sorted(name for name in names if _concrete(name) is not None)


def find_surrogate(name: str) -> type[Surrogate]:
    """The surrogate class by its module's name (hyphens are underscores)."""
    return cast(type[Surrogate], _concrete(nearest(name, surrogate_names(), "surrogate")))


def read_card(folder: Path) -> dict[str, Any]:
    """What `surrogate.json` says; `SurrogateError` where it is missing, damaged or of another version."""
    path = folder / "surrogate.json"
    if not path.is_file():
        raise SurrogateError(f"there is no trained surrogate in {folder}: {path.name} is missing")
    try:
        card: Any = json.loads(path.read_text())
    except ValueError as error:
        raise SurrogateError(
            f"{path} is not valid JSON ({error}); delete {folder} and train this surrogate again"
        ) from error
    if not isinstance(card, dict) or "format" not in card:
        raise SurrogateError(f"{path} is not ours: it has no 'format'; choose another folder or delete it")
    if card["format"] != FORMAT:
        raise SurrogateError(
            f"{path} has format {card['format']!r}, this version reads {FORMAT}; delete {folder} and train "
            "again, or use the version that made it"
        )
    missing = sorted(CARD - set(card))
    if missing:
        raise SurrogateError(
            f"{path} lacks {', '.join(missing)}; delete {folder} and train this surrogate again"
        )
    return card


def load(
    folder: Path, *, fingerprint: str | None = None, device: str | torch.device = "cpu"
) -> tuple[Surrogate, TrainingRecord]:
    """A saved surrogate. With `fingerprint`, refuse one that was trained on another set."""
    card = read_card(folder)
    if fingerprint is not None and card["fingerprint"] != fingerprint:
        raise SurrogateError(
            f"the surrogate in {folder} was trained on the set {card['fingerprint'][:12]}, but this set is "
            f"{fingerprint[:12]}; train it again or point to its own set"
        )
    kind = find_surrogate(card["surrogate"])
    try:
        settings, dtype = _settings_from(kind.Settings, card["settings"]), getattr(torch, card["dtype"])
        record = TrainingRecord(**card["record"])
        surrogate = kind(settings, device=device, dtype=dtype)
        surrogate.recall(card["noted"])
    except (TypeError, AttributeError, KeyError) as error:
        raise SurrogateError(
            f"{folder / 'surrogate.json'} is damaged ({error}); delete {folder} and train again"
        ) from error
    weights = folder / "weights.safetensors"
    try:
        read = load_file(weights, device=str(surrogate.device))
        # in memory of their own: where numbers begin on no cache line, sums may round differently
        surrogate.restore({name: tensor.clone() for name, tensor in read.items()})
    except (SafetensorError, FileNotFoundError, KeyError, RuntimeError) as error:
        raise SurrogateError(
            f"{weights} is damaged or missing ({error}); delete {folder} and train this surrogate again"
        ) from error
    return surrogate, record


def usable_device(device: str | torch.device) -> torch.device:
    """The device, or `SurrogateError` where this machine has none such."""
    try:
        wanted = torch.device(device)
        if wanted.type == "meta":
            raise RuntimeError("it computes nothing")
        torch.empty(0, device=wanted)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
        known = "cpu" if accelerator is None else f"cpu or {accelerator.type}"
        raise SurrogateError(f"there is no device {str(device)!r} here; this machine has {known}") from error
    return wanted


def _settings_from(kind: type, plain: Mapping[str, Any]) -> Any:
    """A settings dataclass from JSON: lists become tuples again, unknown names are an error."""
    known = {f.name for f in dataclasses.fields(kind)}
    unknown = sorted(set(plain) - known)
    if unknown:
        raise SurrogateError(f"{kind.__qualname__} has no setting {unknown[0]!r}; known: {sorted(known)}")
    types = get_type_hints(kind)
    return kind(**{name: _restored(types[name], value) for name, value in plain.items()})


def _restored(kind: Any, value: Any) -> Any:
    """One setting from JSON; settings within settings are dataclasses again."""
    if isinstance(value, dict) and dataclasses.is_dataclass(kind):
        return _settings_from(cast(type, kind), value)
    return tuple(_restored(Any, part) for part in value) if isinstance(value, list) else value


@functools.cache
def _concrete(name: str) -> type[Surrogate] | None:
    module = importlib.import_module(f"{__package__}.{name}")
    for value in vars(module).values():
        if (
            inspect.isclass(value)
            and issubclass(value, Surrogate)
            and value.__module__ == module.__name__
            and not inspect.isabstract(value)
        ):
            return value
    return None
