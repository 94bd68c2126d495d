"""Every experiment offers what the command line expects of one."""

import importlib
import pkgutil

import pytest
import understudy.experiments
from understudy.datasets.generate import GenerateSettings
from understudy.experiments.experiment import Experiment, ExperimentSettings
from understudy.experiments.stages import Candidate
from understudy.solvers.discovery import find_kit, system_names

MODULES = {m.name for m in pkgutil.iter_modules(understudy.experiments.__path__)}
NAMES = [kind + name for kind in ("", "one_") for name in system_names() if kind + name in MODULES]
OTHERS = dict.fromkeys(
    ("latent_models", "sequence_models", "smoothing", "super_resolution"), "kuramoto_sivashinsky"
) | {"vortex_finding": "vortices", "translation": "steady_flow"}
"""Experiments that are named for what they ask, and the system of which they ask it."""


def test_there_is_something_to_test() -> None:
    assert {"kuramoto_sivashinsky", "one_kuramoto_sivashinsky"} <= {*NAMES}


def test_every_experiment_is_tested() -> None:
    modules = {name: importlib.import_module(f"understudy.experiments.{name}") for name in MODULES}
    found = {name for name, module in modules.items() if isinstance(module, Experiment)}
    assert found == {*NAMES, *OTHERS}


@pytest.mark.parametrize("name", [*NAMES, *OTHERS])
def test_an_experiment_has_presets_whose_settings_are_whole(name: str) -> None:
    module = importlib.import_module(f"understudy.experiments.{name}")
    assert isinstance(module, Experiment)
    assert set(module.PRESETS) == {"quick", "default", "paper"}
    for settings in module.PRESETS.values():
        assert isinstance(settings, ExperimentSettings)
        assert settings.system.name == OTHERS.get(name, name.removeprefix("one_"))
        assert "main" in settings.sets
        for system, sizes in settings.sets.values():
            assert isinstance(system, find_kit(system.name).system)
            assert isinstance(sizes, GenerateSettings)
        for candidate in settings.candidates.values():
            assert isinstance(candidate, Candidate)
            assert candidate.training_set in settings.sets
