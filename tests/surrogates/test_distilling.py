"""A student hears its teacher and no solver: what is read, what is learned, and what is refused."""

from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import Asked, InMemory, in_memory, obstacles, swings, travelling_waves
from understudy.datasets.pairs import Pairs
from understudy.datasets.tasks import Trajectories
from understudy.surrogates.answering import AnsweringSettings
from understudy.surrogates.climatology import Climatology
from understudy.surrogates.cnn import CNN
from understudy.surrogates.dense import Dense
from understudy.surrogates.distilling import Taught, TaughtTrajectories, Together
from understudy.surrogates.mlp import MLP
from understudy.surrogates.residual_dense import ResidualDense
from understudy.surrogates.surrogate import SurrogateError
from understudy.surrogates.training import TrainingSettings
from understudy.surrogates.training_mean import TrainingMean

SHORT = TrainingSettings(steps=10, batch=16, check_every=5)
LINEAR = Dense.Settings(
    hidden=(),
    answering=AnsweringSettings(loss="mse"),
    training=TrainingSettings(
        steps=800, batch=300, optimiser="adam", learning_rate=0.1, check_every=50, double_from=0.0
    ),
)
WAVES = travelling_waves(trajectories=6, frames=20, points=16, seed=0)


def linear_pairs(x: np.ndarray, matrix: np.ndarray) -> Pairs:
    source: Any = Asked(x=x, y=x @ matrix + 2)
    return Pairs(source, inputs=("x",), outputs=("y",))


def test_a_linear_student_recovers_a_linear_teacher_to_round_off_from_other_queries() -> None:
    generator = np.random.default_rng(0)
    matrix = generator.normal(size=(4, 3))
    known = linear_pairs(generator.normal(size=(300, 4)), matrix)
    teacher = Dense(LINEAR)
    teacher.fit(known, known, seed=0)
    taught = Taught({"x": 3 * generator.normal(size=(300, 4)) + 1}, teacher)
    student = Dense(LINEAR)
    assert student.fit(taught, taught, seed=1).validation_error < 1e-7
    asked = {"x": torch.from_numpy(generator.normal(size=(50, 4)))}
    torch.testing.assert_close(student(asked)["y"], teacher(asked)["y"], rtol=0, atol=1e-6)


def test_a_student_that_steps_recovers_a_linear_teacher_to_round_off() -> None:
    one = TrainingSettings(steps=1, check_every=1)
    teacher = CNN(CNN.Settings(channels=2, width=3, training=one))
    teacher.fit(in_memory(WAVES[:4]), in_memory(WAVES[4:]), seed=0)
    starts = in_memory(travelling_waves(trajectories=5, frames=3, points=16, seed=7))
    taught = TaughtTrajectories(starts, teacher, frames=12)
    student = MLP(MLP.Settings(hidden=(8,), training=one))
    student.fit(taught, taught, seed=0)
    start = torch.from_numpy(WAVES[:, :1, None].copy())
    gone = (teacher.forecast(start, 5) - start).abs().max()
    assert gone > 0.3
    torch.testing.assert_close(student.forecast(start, 5), teacher.forecast(start, 5), rtol=0, atol=1e-7)


class Counting(InMemory):
    """Trajectories that know which of their frames were read."""

    def __init__(self, values: np.ndarray) -> None:
        super().__init__(values)
        self.reads: set[tuple[int, int]] = set()

    def read(self, trajectory: int, start: int, stop: int, *, step: int = 1, field: str) -> np.ndarray:
        self.reads |= {(trajectory, frame) for frame in range(start, stop, step)}
        return super().read(trajectory, start, stop, step=step, field=field)


def test_of_a_trajectory_the_student_sees_no_frame_of_the_solver_but_the_first() -> None:
    teacher = CNN(CNN.Settings(channels=2, width=3, training=SHORT))
    teacher.fit(in_memory(WAVES[:4]), in_memory(WAVES[4:]), seed=0)
    source = Counting(travelling_waves(trajectories=3, frames=9, points=16, seed=3))
    starts = Trajectories(source, fields=("u",), stride=1, interval=0.25)
    taught = TaughtTrajectories(starts, teacher)
    MLP(MLP.Settings(hidden=(8,), training=SHORT)).fit(taught, taught, seed=0)
    assert source.reads == {(0, 0), (1, 0), (2, 0)}
    assert (len(taught), taught.frames, taught.frame_shape, taught.interval) == (3, 9, (1, 16), 0.25)
    forecast = teacher.forecast(torch.from_numpy(starts.window(1, 0, 1))[None], 8)
    np.testing.assert_array_equal(taught[1][0], starts.window(1, 0, 1)[0])
    np.testing.assert_allclose(taught[1][1:], forecast[0].numpy(), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(taught.window(2, 3, 2), taught[2][3:5])


def test_of_pairs_it_sees_queries_that_no_solver_has_answered() -> None:
    teacher = Dense(Dense.Settings(hidden=(8,), training=SHORT))
    teacher.fit(obstacles(20, 0), obstacles(6, 1), seed=0)
    generator = np.random.default_rng(5)
    queries = {
        "solid": generator.random((300, 6, 4)),
        "reynolds": generator.uniform(1, 2, 300),
        "of no use": np.zeros((300, 2)),
    }
    taught = Taught(queries, teacher)
    assert (len(taught), taught.trajectories, taught.frames, taught.timed) == (300, 300, 1, False)
    asked = {name: torch.from_numpy(queries[name]) for name in ("solid", "reynolds")}
    said = teacher(asked)
    inputs, outputs = taught.batch([0, 255, 256, 299])
    assert {*inputs} == {"solid", "reynolds"}
    for name, values in outputs.items():
        np.testing.assert_allclose(values, said[name][[0, 255, 256, 299]].numpy(), rtol=0, atol=1e-12)
    held = taught.held()
    np.testing.assert_allclose(held.outputs["u"][:, 0], said["u"].numpy(), rtol=0, atol=1e-12)
    with pytest.raises(IndexError):
        taught[300]


def test_a_teacher_that_takes_times_is_asked_at_each_of_them() -> None:
    answering = AnsweringSettings(frames=8)
    settings = ResidualDense.Settings(
        width=8, blocks=1, query_features=2, time_features=2, answering=answering, training=SHORT
    )
    teacher = ResidualDense(settings)
    teacher.fit(swings(60, 0), swings(9, 1), seed=0)
    x = np.random.default_rng(2).uniform(-1, 1, (70, 2))
    x = np.concatenate([x, -x.sum(axis=1, keepdims=True)], axis=1)
    given = swings(1, 0).trajectory(0)[0]
    pace = 1.5 + 0.3 * x[:, :1]
    queries = {"x": x, "v": 0 * pace * x, "mass": np.repeat(given["mass"][None], 70, axis=0)}
    times = np.linspace(0, 4, 9)
    taught = Taught(queries, teacher, times=times)
    assert (len(taught), taught.frames, taught.horizon, taught.timed) == (630, 9, 4.0, True)
    inputs, outputs = taught[9 * 65 + 4]
    assert float(inputs["time"]) == 2.0
    one = {name: torch.from_numpy(values[65:66]) for name, values in queries.items()}
    said = teacher({**one, "time": torch.tensor([2.0], dtype=torch.float64)})
    np.testing.assert_allclose(outputs["x"], said["x"][0].numpy(), rtol=0, atol=1e-12)
    student = ResidualDense(settings)
    assert student.fit(taught, taught, seed=0).finished
    with pytest.raises(SurrogateError, match="at times, which are missing; give times"):
        Taught(queries, teacher)


def test_labels_and_a_teachers_answers_stand_one_after_the_other() -> None:
    teacher = Dense(Dense.Settings(hidden=(8,), training=SHORT))
    labelled = obstacles(20, 0)
    teacher.fit(labelled, obstacles(6, 1), seed=0)
    others = Taught(obstacles(5, 9).batch(range(5))[0], teacher)
    both = Together(labelled, others)
    assert (len(both), both.trajectories) == (25, 25)
    for pair, part, place in ((0, labelled, 0), (19, labelled, 19), (20, others, 0), (24, others, 4)):
        for mine, theirs in zip(both[pair], part[place], strict=True):
            for name, values in theirs.items():
                np.testing.assert_array_equal(mine[name], values)
    np.testing.assert_array_equal(both.held().outputs["drag"][20:], others.held().outputs["drag"])
    with pytest.raises(IndexError):
        both[25]
    with pytest.raises(SurrogateError, match="where their input_shapes are the same"):
        Together(labelled, swings(3, 0))


def test_a_student_of_many_queries_is_better_than_one_of_few_labels() -> None:
    """The teacher knows the map; the student has seen six labels, or a teacher's word on hundreds."""
    generator = np.random.default_rng(0)
    matrix, x = generator.normal(size=(8, 2)), generator.normal(size=(400, 8))
    teacher = Dense(LINEAR)
    teacher.fit(linear_pairs(x, matrix), linear_pairs(x, matrix), seed=0)
    few, judged = linear_pairs(x[:6], matrix), linear_pairs(generator.normal(size=(50, 8)), matrix)
    taught = Taught({"x": generator.normal(size=(400, 8))}, teacher)
    errors = [Dense(LINEAR).fit(pairs, judged, seed=1).validation_error for pairs in (few, taught)]
    assert errors[1] < 0.01 * errors[0]


def test_teachers_and_queries_that_do_not_fit_are_refused() -> None:
    teacher = Dense(Dense.Settings(hidden=(8,), training=SHORT))
    with pytest.raises(SurrogateError, match="has not learned yet: it cannot teach"):
        Taught({}, teacher)
    teacher.fit(obstacles(20, 0), obstacles(6, 1), seed=0)
    queries = obstacles(5, 9).batch(range(5))[0]
    with pytest.raises(SurrogateError, match="without a time; leave out times"):
        Taught(queries, teacher, times=np.ones(2))
    with pytest.raises(SurrogateError, match=r"'reynolds' of shape \(queries\), got nothing"):
        Taught({"solid": queries["solid"]}, teacher)
    with pytest.raises(SurrogateError, match=r"'solid' of shape \(queries, 6, 4\), got shape \(5, 4\)"):
        Taught({**queries, "solid": queries["solid"][:, 0]}, teacher)
    steps = Climatology()
    steps.fit(in_memory(WAVES), in_memory(WAVES), seed=0)
    with pytest.raises(SurrogateError, match="pose the task that it has learned"):
        TaughtTrajectories(in_memory(WAVES, interval=0.5), steps)
    with pytest.raises(SurrogateError, match=r"goes on from 1 frames: ask for more.* got 1 frames of 6"):
        TaughtTrajectories(in_memory(WAVES), steps, frames=1)
    assert steps.mean is not None
    steps.mean[:] = torch.inf
    with pytest.raises(SurrogateError, match="blows up within 20 frames"):
        TaughtTrajectories(in_memory(WAVES), steps)


def test_any_surrogate_can_teach() -> None:
    mean = TrainingMean()
    mean.fit(obstacles(20, 0), obstacles(6, 1), seed=0)
    taught = Taught(obstacles(5, 9).batch(range(5))[0], mean)
    np.testing.assert_array_equal(taught[0][1]["u"], taught[4][1]["u"])


def timed_teacher() -> ResidualDense:
    settings = ResidualDense.Settings(
        width=8, blocks=1, answering=AnsweringSettings(frames=8), training=SHORT
    )
    teacher = ResidualDense(settings)
    teacher.fit(swings(60, 0), swings(9, 1), seed=0)
    return teacher


def test_times_that_do_not_rise_are_refused() -> None:
    teacher, given = timed_teacher(), swings(1, 0).trajectory(0)[0]
    queries = {name: values[None] for name, values in given.items()}
    assert Taught(queries, teacher, times=np.array([0.0, 1.0])).frames == 2
    for wrong in ([1.0, 0.5], [1.0, 1.0], [0.0, np.nan], [], [[0.0, 1.0]]):
        with pytest.raises(SurrogateError, match="finite numbers that rise, got"):
            Taught(queries, teacher, times=np.array(wrong))


def test_queries_that_are_none_or_not_as_many_under_each_name_are_refused() -> None:
    teacher = Dense(Dense.Settings(hidden=(8,), training=SHORT))
    teacher.fit(obstacles(20, 0), obstacles(6, 1), seed=0)
    queries = obstacles(5, 9).batch(range(5))[0]
    with pytest.raises(SurrogateError, match=r"as many under each name, got .*'solid': 5.*'reynolds': 4"):
        Taught({**queries, "reynolds": queries["reynolds"][:4]}, teacher)
    with pytest.raises(SurrogateError, match="needs a query at least"):
        Taught({name: values[:0] for name, values in queries.items()}, teacher)
