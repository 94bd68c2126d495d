"""What stands on disk is whole, is what was saved, and says what is wrong when it is not."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from known_dynamics import in_memory, travelling_waves
from understudy.surrogates.checkpoints import read_checkpoint, write_checkpoint
from understudy.surrogates.cnn import CNN
from understudy.surrogates.propagation import SteppingSettings
from understudy.surrogates.surrogate import SurrogateError, find_surrogate, load
from understudy.surrogates.training import TrainingSettings

SETTINGS = CNN.Settings(
    channels=2,
    width=3,
    stepping=SteppingSettings(conserve_mean=False, input_noise=0.25),
    training=TrainingSettings(steps=10, check_every=5, optimiser="adam"),
)
WAVES = travelling_waves(trajectories=4, frames=10, points=16, seed=0)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    cnn = CNN(SETTINGS)
    record = cnn.fit(in_memory(WAVES[:3]), in_memory(WAVES[3:]), seed=0)
    cnn.save(tmp_path, fingerprint="waves", record=record, extra={"note": [1, 2]})
    return tmp_path


def rewrite(folder: Path, **changes: Any) -> None:
    path = folder / "surrogate.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_what_is_read_begins_on_a_cache_line_as_what_was_computed_does(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = {f"{'x' * i}": torch.arange(3.0 + i) for i in range(1, 9)}
    write_checkpoint(tmp_path / "odd.safetensors", odd, {})
    found = read_checkpoint(tmp_path / "odd.safetensors")
    assert found is not None
    restored: dict[str, torch.Tensor] = {}
    monkeypatch.setattr(CNN, "restore", lambda _, tensors: restored.update(tensors))
    load(saved)
    assert len(restored) > 3
    for tensor in (*found[0].values(), *restored.values()):
        assert tensor.data_ptr() % 64 == 0


def test_settings_within_settings_come_back_as_they_were(saved: Path) -> None:
    back, _ = load(saved)
    assert back.settings == SETTINGS
    assert isinstance(back.settings.training, TrainingSettings)
    assert json.loads((saved / "surrogate.json").read_text())["extra"] == {"note": [1, 2]}


def test_nothing_on_disk_is_a_pickle(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == ["surrogate.json", "weights.safetensors"]
    header = (saved / "weights.safetensors").read_bytes()
    length = int.from_bytes(header[:8], "little")
    names = json.loads(header[8 : 8 + length])
    assert {"scaling.mean", "scaling.deviation", "linear.propagator"} <= set(names)


def test_a_folder_without_a_surrogate_is_named(tmp_path: Path) -> None:
    with pytest.raises(SurrogateError, match=r"no trained surrogate in .* surrogate\.json is missing"):
        load(tmp_path / "nothing")


def test_a_broken_card_is_named(saved: Path) -> None:
    (saved / "surrogate.json").write_text('{"format": 1,')
    with pytest.raises(SurrogateError, match="not valid JSON"):
        load(saved)


def test_a_card_of_another_format_is_refused(saved: Path) -> None:
    rewrite(saved, format=99)
    with pytest.raises(SurrogateError, match="format 99"):
        load(saved)


def test_a_setting_that_does_not_exist_is_named_at_any_depth(saved: Path) -> None:
    plain = dataclasses.asdict(SETTINGS)
    rewrite(saved, settings={**plain, "depth": 3})
    with pytest.raises(SurrogateError, match="no setting 'depth'"):
        load(saved)
    rewrite(saved, settings={**plain, "training": {**plain["training"], "epochs": 3}})
    with pytest.raises(SurrogateError, match=r"TrainingSettings has no setting 'epochs'"):
        load(saved)


def test_a_surrogate_that_does_not_exist_is_refused_with_the_nearest(saved: Path) -> None:
    rewrite(saved, surrogate="cmn")
    with pytest.raises(ValueError, match="did you mean 'cnn'"):
        load(saved)
    with pytest.raises(ValueError, match="did you mean 'resnet'"):
        find_surrogate("resnets")


def test_a_state_of_another_shape_is_refused(saved: Path) -> None:
    back, _ = load(saved)
    with pytest.raises(SurrogateError, match=r"\(1, 16\), got \(1, 8\)"):
        back.forecast(torch.zeros(2, 1, 1, 8), 3)


def test_a_surrogate_is_refused_on_a_set_that_it_was_not_trained_on(saved: Path) -> None:
    load(saved, fingerprint="waves")
    with pytest.raises(SurrogateError, match="trained on the set waves, but this set is ripples"):
        load(saved, fingerprint="ripples")


def test_damaged_weights_are_named(saved: Path) -> None:
    weights = saved / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    with pytest.raises(SurrogateError, match=r"weights\.safetensors is damaged or missing"):
        load(saved)
