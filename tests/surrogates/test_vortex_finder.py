"""The finder learns where vortices are, knows a mirror, and comes back whole."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from known_vortices import SMALL, flows
from understudy.datasets.detections import Detecting, Detections
from understudy.solvers.contract import Axis, SolverError
from understudy.solvers.vortices import Planted, Vortices
from understudy.solvers.vortices.table import SLOTTED, cores, table_of
from understudy.surrogates.blocks.detection_head import Detected
from understudy.surrogates.blocks.intersection_over_union import mask_overlaps
from understudy.surrogates.finding_fit import EncodedFields, in_a_mirror
from understudy.surrogates.surrogate import SurrogateError, load
from understudy.surrogates.training import TrainingSettings
from understudy.surrogates.vortex_finder import VortexFinder

SHORT = TrainingSettings(steps=300, batch=16, optimiser="adam", learning_rate=4e-3, check_every=100)
ALONE = Vortices(
    points=16, slots=2, fewest=1, most=1, least_radius=0.1, most_radius=0.1, rate=0.0, most_noise=0.0
)


def fitted(train: Detections, valid: Detections, **changes: object) -> VortexFinder:
    settings = VortexFinder.Settings(channels=16, levels=1, training=SHORT)
    finder = VortexFinder(dataclasses.replace(settings, **changes))  # type: ignore[arg-type]
    finder.fit(train, valid, seed=0)
    return finder


def asked(pairs: Detections) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(v) for name, v in pairs.batch(range(len(pairs)))[0].items()}


@pytest.fixture(scope="module")
def finder() -> VortexFinder:
    return fitted(flows(400, seed=0, system=ALONE), flows(50, seed=1, system=ALONE))


def test_a_vortex_is_found_within_a_cell_and_its_core_covered(finder: VortexFinder) -> None:
    pairs = flows(60, seed=2, system=ALONE)
    said = {name: v.numpy() for name, v in finder(asked(pairs)).items()}
    _, true = pairs.batch(range(60))
    ways, wrong = [], []
    for i in range(60):
        table = table_of({name: said[name][i] for name in SLOTTED})
        known = table_of({name: true[name][i] for name in SLOTTED})
        if len(table) == 1:
            ways.append(np.hypot(*(table[0, 1:3] - known[0, 1:3])) * ALONE.points)
            wrong.append(abs(table[0, 3] / known[0, 3] - 1))
    assert len(ways) >= 57
    assert np.quantile(ways, 0.9) < 1
    assert np.median(wrong) < 0.1
    overlaps = mask_overlaps(
        torch.from_numpy(said["mask"]).round(), torch.from_numpy(np.asarray(true["mask"]))
    )
    assert float(overlaps.median()) > 0.6


def test_who_moves_along_sees_the_same_vortices(finder: VortexFinder) -> None:
    given = asked(flows(4, seed=3, system=ALONE))
    moving = {"u": given["u"] + 0.7, "v": given["v"] - 1.3}
    for name, values in finder(given).items():
        torch.testing.assert_close(values, finder(moving)[name], rtol=0, atol=1e-9)


def test_answers_are_the_surest_first_and_one_for_each_core(finder: VortexFinder) -> None:
    said = finder(asked(flows(30, seed=4, system=ALONE)))
    assert bool((said["present"].diff(dim=1) <= 0).all())
    # by the overlap that is allowed, twins of one middle are one
    near = torch.hypot(said["centre_x"].diff(dim=1), said["centre_y"].diff(dim=1))
    assert bool((near[said["present"][:, 1:] > 0] > 0.05).all())


def test_it_comes_back_with_its_grid_and_roles(finder: VortexFinder, tmp_path: Path) -> None:
    from understudy.surrogates.surrogate import TrainingRecord

    record = TrainingRecord(seconds=1.0, samples=1, epochs=1, validation_error=1.0)
    finder.save(tmp_path, fingerprint="a" * 64, record=record)
    back, _ = load(tmp_path)
    assert isinstance(back, VortexFinder)
    assert (back.corner, back.spacing, back.task) == ((0.0, 0.0), (1 / 16, 1 / 16), Detecting())
    given = asked(flows(3, seed=5, system=ALONE))
    for name, values in finder(given).items():
        assert torch.equal(values, back(given)[name])


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize("along", [False, True])
@pytest.mark.parametrize("swapped", [False, True])
def test_in_a_mirror_vortices_and_cores_are_where_the_field_has_them(
    across: bool, along: bool, swapped: bool
) -> None:
    """What is drawn from the mirrored table is the mirrored field, by the formula of the vortex."""
    from understudy.solvers.vortices.lamb_oseen import velocity

    system = dataclasses.replace(SMALL, most_noise=0.0, speed=0.0, rate=0.0)
    inputs, outputs = flows(6, seed=6, system=system).batch(range(6))
    tensors = {n: torch.from_numpy(np.asarray(v)) for n, v in {**inputs, **outputs}.items()}
    places = torch.stack([tensors["centre_y"], tensors["centre_x"]], dim=-1) * 4
    things = Detected(
        tensors["present"], places, torch.stack([tensors["circulation"], tensors["radius"]], -1)
    )
    batch = EncodedFields(torch.stack([tensors["u"], tensors["v"]], dim=1), things, tensors["mask"])
    odd = torch.tensor([True, False])
    seen = in_a_mirror(batch, (4, 4), odd, across=across, along=along, swapped=swapped)
    slots = {
        "present": seen.things.scores.numpy(),
        "centre_y": seen.things.places[..., 0].numpy() / 4,
        "centre_x": seen.things.places[..., 1].numpy() / 4,
        "circulation": seen.things.numbers[..., 0].numpy(),
        "radius": seen.things.numbers[..., 1].numpy(),
    }
    x, y = np.meshgrid(system.middles, system.middles)
    for i in range(6):
        table = table_of({name: slots[name][i] for name in SLOTTED})[:, 1:]
        np.testing.assert_allclose(seen.fields[i].numpy(), np.stack(velocity(table, x, y)), atol=1e-12)
    np.testing.assert_array_equal(seen.masks.numpy(), cores(slots, points=16))


def test_a_grid_that_patches_do_not_fill_is_refused() -> None:
    odd = flows(8, seed=0, system=dataclasses.replace(SMALL, points=18))
    with pytest.raises(SurrogateError, match=r"patches of 4 x 4 cells must fill.*18 x 18"):
        fitted(odd, odd)
    few = flows(8, seed=0)
    with pytest.raises(SurrogateError, match="at least as many as the 3 slots"):
        fitted(few, few, stride=16)


def test_fields_without_a_vortex_teach_nothing() -> None:
    empty = flows(8, seed=0, system=dataclasses.replace(SMALL, fewest=0, most=0))
    with pytest.raises(SurrogateError, match="not one of the training fields holds a vortex"):
        fitted(empty, empty)


def test_settings_and_roles_that_make_no_sense_are_refused() -> None:
    with pytest.raises(SurrogateError, match="stride must be at least 1"):
        VortexFinder.Settings(stride=0)
    with pytest.raises(SurrogateError, match="overlap from 0 to 1"):
        VortexFinder.Settings(overlap=2.0)
    with pytest.raises(SolverError, match="must be among the numbers"):
        Detecting(size="width")
    y, x, _ = SMALL.axes
    uneven = Axis("x", (*x.values[:-1], 2.0))
    with pytest.raises(SolverError, match="'x' is not even"):
        Detections(flows(2, seed=0).source, task=Detecting(), axes=(y, uneven))


def test_the_task_s_answers_are_in_the_solution_s_shape(finder: VortexFinder) -> None:
    queries = ALONE.draw([np.random.default_rng(i) for i in range(3)])
    solution = Detecting().answer(finder)(queries, np.array([0.0, 1.0]))
    truth = Planted(ALONE)(queries, np.array([0.0, 1.0]))
    assert solution.solved.all()
    assert {n: v.shape for n, v in solution.values.items()} == {n: v.shape for n, v in truth.values.items()}


@pytest.mark.slow
def test_trained_for_minutes_the_circulation_of_one_vortex_is_within_two_percent() -> None:
    system = dataclasses.replace(ALONE, points=32, slots=1, least_radius=0.05, most_radius=0.08)
    longer = TrainingSettings(steps=3000, batch=32, optimiser="adam", learning_rate=4e-3, check_every=500)
    finder = fitted(flows(3000, 0, system=system), flows(200, 1, system=system), channels=32, training=longer)
    pairs = flows(200, seed=2, system=system)
    said = finder(asked(pairs))
    _, true = pairs.batch(range(200))
    wrong = (said["circulation"] / torch.from_numpy(np.asarray(true["circulation"])) - 1).abs()
    way = torch.hypot(*(said[n] - torch.from_numpy(np.asarray(true[n])) for n in ("centre_x", "centre_y")))
    assert float(wrong.median()) < 0.02
    assert float(way.quantile(0.99)) < system.spacing
