"""The toy system importable by name (here and in spawned processes), and one finished set to look at."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from travelling_wave import SMALL, Exact, TravellingWave
from understudy.datasets.generate import generate
from understudy.datasets.training_set import TrainingSet


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    """A small set of the toy system. Copy it before doing anything to it."""
    system = TravellingWave()
    return generate(system, Exact(system), SMALL, folder=tmp_path_factory.mktemp("finished") / "waves")
