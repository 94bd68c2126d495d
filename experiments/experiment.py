"""What the command line expects of an experiment: a module for each system, or named for what it asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol, runtime_checkable

from ..datasets.generate import GenerateSettings
from ..datasets.tasks import Task
from ..solvers.contract import System
from .stages import Candidate

__all__ = ["Experiment", "ExperimentSettings"]


@runtime_checkable
class ExperimentSettings(Protocol):
    """What the settings of an experiment offer: a dataclass, whose fields are options on the command line.

    Attributes:
        system: the equation that is compared; `understudy.solvers` finds its kit by its name.
        sets: training sets by name, `main` among them: of which system, and how much.
        candidates: the surrogates that are compared, by label.
        task: what a surrogate learns that is named on the command line and is not among the candidates.
        threads: of training and timing alike.
        check: raises `ComparisonError`, before anything is solved, where the settings do not fit one another
            or the chosen surrogates.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def system(self) -> System: ...
    @property
    def sets(self) -> Mapping[str, tuple[System, GenerateSettings]]: ...
    @property
    def candidates(self) -> Mapping[str, Candidate]: ...
    @property
    def task(self) -> Task: ...
    @property
    def threads(self) -> int: ...
    def check(self, chosen: Mapping[str, Candidate], *, device: str = "cpu") -> None: ...


@runtime_checkable
class Experiment(Protocol):
    """What a module `experiments/<system>.py`, or another that asks something of a system, offers.

    Attributes:
        PRESETS: settings by name: quick (seconds), default (minutes) and paper (the published scale).
        compare_with_solver: (settings, trained, sets=, folder=, progress=) -> the table as text; writes
            `results.json`, `report.html` and figures into the folder.
    """

    __name__: str
    PRESETS: Mapping[str, ExperimentSettings]
    compare_with_solver: Callable[..., str]
