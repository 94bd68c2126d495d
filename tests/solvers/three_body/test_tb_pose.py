"""Three bodies turned, mirrored, moved and numbered anew move as the first ones did."""

import numpy as np
import pytest
from understudy.solvers.contract import Queries, SolverError
from understudy.solvers.three_body import Regularised, ThreeBody
from understudy.solvers.three_body.pose import Pose

SYSTEM = ThreeBody(mass_ratio=2.0, speed=0.3)
NAMES = ("x", "y", "vx", "vy")
POSES = (
    Pose(order=(1, 2, 0)),
    Pose(order=(0, 2, 1)),
    Pose(mirrored=True),
    Pose(angle=0.7),
    Pose(shift=(0.4, -1.3)),
    Pose(order=(2, 0, 1), mirrored=True, angle=-2.0, shift=(-0.2, 0.6)),
)


def drawn(samples: int) -> Queries:
    return SYSTEM.draw([np.random.default_rng(i) for i in range(samples)])


@pytest.mark.parametrize("pose", POSES, ids=str)
def test_a_pose_takes_starts_and_their_answers_to_starts_and_their_answers(pose: Pose) -> None:
    solver, times = Regularised(SYSTEM, tolerance=1e-13), np.array([0.0, 0.25, 0.5])
    query = drawn(4)
    one, other = solver(query, times), solver(pose(query), times)
    assert one.solved.all()
    image = pose(one.values)
    for name in NAMES:
        np.testing.assert_allclose(other.values[name], image[name], rtol=0, atol=1e-9)
    moved = [not np.allclose(image[name], one.values[name], atol=0.01) for name in NAMES]
    assert any(moved), "what the test is about"


def test_a_pose_is_these_four_in_this_order() -> None:
    query = drawn(3)
    pose = Pose(order=(2, 0, 1), mirrored=True, angle=0.3, shift=(1.0, 2.0))
    place = (query["x"] - 1j * query["y"])[:, [2, 0, 1]] * np.exp(0.3j) + (1 + 2j)
    speed = (query["vx"] - 1j * query["vy"])[:, [2, 0, 1]] * np.exp(0.3j)
    said = pose({**{f"history/{name}": query[name] for name in NAMES}, **query, "time": np.ones(3)})
    for prefix in ("", "history/"):
        found = [said[prefix + name] for name in NAMES]
        for values, wanted in zip(found, (place.real, place.imag, speed.real, speed.imag), strict=True):
            np.testing.assert_allclose(values, wanted, rtol=0, atol=1e-14)
    assert np.array_equal(said["mass"], query["mass"][:, [2, 0, 1]])
    assert np.array_equal(said["time"], np.ones(3))


def test_drawn_poses_leave_no_order_and_no_quarter_out() -> None:
    poses = [Pose.drawn(np.random.default_rng(i)) for i in range(200)]
    assert len({pose.order for pose in poses}) == 6
    assert 60 < sum(pose.mirrored for pose in poses) < 140
    quarters = np.bincount([int(pose.angle // (np.pi / 2)) for pose in poses], minlength=4)
    assert quarters.min() > 25
    assert len(quarters) == 4
    assert all(pose.shift == (0.0, 0.0) for pose in poses)


def test_what_is_no_pose_is_refused() -> None:
    with pytest.raises(SolverError, match="each of 0, 1, 2 once"):
        Pose(order=(0, 1, 1))
    with pytest.raises(SolverError, match=r"'vx' cannot be turned without 'vy'; give both"):
        Pose()({"vx": np.zeros(3)})
