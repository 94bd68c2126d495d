"""Truth of three bodies: right where it can be known, and honest about the rest."""

from fractions import Fraction
from time import perf_counter

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from understudy.solvers.contract import Queries, Solution, SolverError, Status
from understudy.solvers.three_body.exact import FIGURE_EIGHT_PERIOD, binary, figure_eight, lagrange
from understudy.solvers.three_body.motion import Start, follow
from understudy.solvers.three_body.reference import Reference
from understudy.solvers.three_body.system import ThreeBody
from understudy.solvers.three_body.words import (
    DIGIT_BITS,
    EXTRA,
    collect,
    convolve,
    digits_of,
    divide,
    scaled,
    whole_number,
)

Array = NDArray[np.float64]
REST = [(0.0, 0.0)] * 3
FIELDS = ("x", "y", "vx", "vy")


def query(place: object, speed: object = REST, mass: object = (1.0, 1.0, 1.0)) -> dict[str, Array]:
    """One sample of positions and velocities (bodies, 2) and masses."""
    (x, y), (vx, vy) = np.transpose(np.array(place, float)), np.transpose(np.array(speed, float))
    return {"x": x[None], "y": y[None], "vx": vx[None], "vy": vy[None], "mass": np.array([mass], float)}


def drawn(*seeds: int) -> Queries:
    return ThreeBody().draw([np.random.default_rng(seed) for seed in seeds])


def answer(queries: Queries, *times: float, **settings: float) -> Solution:
    return Reference(ThreeBody(), **settings)(queries, np.array(times))  # type: ignore[arg-type]


def start_of(queries: Queries) -> Start:
    place, speed = (np.stack([queries[p + "x"][0], queries[p + "y"][0]], axis=1) for p in ("", "v"))
    return Start.of(place, speed, queries["mass"][0])


def energy_missed(start: Start, state: tuple[int, ...], bits: int) -> float:
    """By how much the energy is wrong, reckoned without any rounding: the Hamiltonian of the regularised
    motion, which is zero, over the product of the distances."""
    u, v, q, w = ([Fraction(n, 1 << bits) for n in state[first : first + 3]] for first in (0, 3, 6, 9))
    m, whole = start.mass, Fraction(0)
    r = [a * a + b * b for a, b in zip(u, v, strict=True)]
    x = [(u[k] * q[k] - v[k] * w[k], u[k] * w[k] + v[k] * q[k]) for k in range(3)]
    for k in range(3):
        i, j = (k + 1) % 3, (k + 2) % 3
        kinetic = (m[i] + m[j]) * (q[k] ** 2 + w[k] ** 2) / 8 - 1
        mixed = x[i][0] * x[j][0] + x[i][1] * x[j][1]
        whole += m[i] * m[j] * kinetic * r[i] * r[j] - m[0] * m[1] * m[2] * mixed * r[k] / 4
    return float(abs(whole / (r[0] * r[1] * r[2]) - start.regularised(200)[1]))


def test_words_multiply_as_whole_numbers_do() -> None:
    generator, fraction, digits, orders = np.random.default_rng(0), 4, 6, 3
    numbers = [[int(n) << 50 for n in generator.integers(-(2**40), 2**40, 2)] for _ in range(orders)]
    numbers = [[n + int(generator.integers(2**50)) for n in row] for row in numbers]
    left, right = (np.array([digits_of(row[side], digits) for row in numbers])[:, :, None] for side in (0, 1))
    assert [whole_number(row) for row in left[:, :, 0]] == [row[0] for row in numbers]
    columns, values = np.zeros((2 * digits, 1)), np.zeros((orders, digits, 1))
    convolve(left, right, orders - 1, fraction, columns)
    assert not collect(columns, np.array([[0]]), np.array([[2.0]]), fraction, values, 2, 0)
    exact = Fraction(2 * sum(numbers[j][0] * numbers[2 - j][1] for j in range(3)), 1 << DIGIT_BITS * fraction)
    assert abs(whole_number(values[2, :, 0]) - exact) < digits * orders
    divide(values, 2, 1, 7.0)
    assert abs(whole_number(values[2, :, 0]) - exact / 7) < digits * orders


@pytest.mark.parametrize("unit", [3.0, 2.0**-31, 0.75 * 2.0**-70, 2.0**37])
def test_constants_are_scaled_without_loss_of_digits_above_the_last(unit: float) -> None:
    number, digits = 123456789**4, 8
    constants = digits_of(number, digits + EXTRA)[:, None]
    products = np.zeros((1, digits, 1))
    assert not scaled(constants, unit, products)
    assert abs(whole_number(products[0, :, 0]) - Fraction(number) * Fraction(unit) / 2 ** (20 * EXTRA)) <= 1
    assert scaled(constants, 2.0**160, products)


def test_a_number_too_large_for_its_digits_is_noticed() -> None:
    with pytest.raises(OverflowError):
        digits_of(1 << 60, 3)
    columns, values = np.full((4, 1), 2.0**45), np.zeros((1, 2, 1))
    assert collect(columns, np.array([[0]]), np.array([[1.0]]), 1, values, 0, 0)


def test_two_bodies_run_on_their_ellipse_when_the_third_is_light_and_far() -> None:
    times = np.linspace(0.0, 5.0, 41)
    exact = binary(times, eccentricity=0.9)
    found = answer({**{n: exact[n][:1] for n in FIELDS}, "mass": np.array([[1.0, 3.0, 1e-6]])}, *times)
    assert found.status[0] == Status.SOLVED
    for name in FIELDS:  # the third pulls with 1e-6 / 100^2, its tide is a hundredth of that
        got, want = found.values[name][0], exact[name]
        np.testing.assert_allclose(got[:, 0] - got[:, 1], want[:, 0] - want[:, 1], atol=2e-9)


def test_the_triangle_of_lagrange_turns_and_breathes() -> None:
    times, mass = np.linspace(0.0, 60.0, 31), (1.0, 2.0, 3.0)
    exact = lagrange(times, mass=mass, side=7.0, eccentricity=0.3)
    found = answer({**{name: exact[name][:1] for name in FIELDS}, "mass": np.array([mass])}, *times)
    assert found.status[0] == Status.SOLVED
    for name in FIELDS:
        np.testing.assert_allclose(found.values[name][0], exact[name], atol=1e-9)


def test_the_figure_eight_closes() -> None:
    found = answer(figure_eight(), FIGURE_EIGHT_PERIOD / 3, FIGURE_EIGHT_PERIOD)
    for name in FIELDS:
        begin = figure_eight()[name][0]
        np.testing.assert_allclose(found.values[name][0, 1], begin, atol=1e-10)
        np.testing.assert_allclose(found.values[name][0, 0], np.roll(begin, 1), atol=1e-10)


def test_it_agrees_with_plain_coordinates_on_a_mild_motion_of_unequal_masses() -> None:
    asked = query([(1, 0.25), (-1, 0.5), (0.125, -2)], [(0.25, 0.75), (0.5, -1), (-0.5, 0.25)], (1, 2, 0.5))
    times = np.linspace(0.5, 6.0, 12)
    mass = asked["mass"][0]

    def slope(_: float, y: Array) -> Array:
        place = y[:3] + 1j * y[3:6]
        apart = place - place[:, None]
        pull = (mass * apart / (np.abs(apart) ** 3 + np.eye(3))).sum(axis=1)
        return np.concatenate([y[6:], pull.real, pull.imag])

    begin = np.concatenate([asked[name][0] for name in FIELDS])
    plain = solve_ivp(slope, (0, 6), begin, "DOP853", times, rtol=1e-13, atol=1e-14).y.T
    found = answer(asked, *times)
    assert found.status[0] == Status.SOLVED
    assert found.measures["closest_approach"][0] > 0.1
    got = np.concatenate([found.values[name][0] for name in FIELDS], axis=1)
    np.testing.assert_allclose(got, plain, atol=1e-9)


def test_a_moving_barycentre_changes_nothing_else() -> None:
    still = query([(1, 0.25), (-1, 0.5), (0.125, -2)], mass=(1, 2, 0.5))
    moving = {**still, "x": still["x"] + 8.0, "vy": still["vy"] - 4.0}
    one, other = answer(still, 1.0, 3.0), answer(moving, 1.0, 3.0)
    np.testing.assert_allclose(other.values["x"], one.values["x"] + 8.0, atol=1e-12)
    np.testing.assert_allclose(other.values["y"], one.values["y"] - np.array([[[4.0], [12.0]]]), atol=1e-12)
    np.testing.assert_allclose(other.values["vy"], one.values["vy"] - 4.0, atol=1e-12)


def test_the_unit_of_length_changes_nothing_else() -> None:
    one = answer(drawn(1), 1.0, 3.0)
    large = {**drawn(1), "x": drawn(1)["x"] * 1024.0, "y": drawn(1)["y"] * 1024.0}
    other = answer(large, 2.0**15, 3 * 2.0**15)
    np.testing.assert_allclose(other.values["x"], one.values["x"] * 1024, atol=1e-11)
    np.testing.assert_allclose(other.values["vx"], one.values["vx"] / 32, atol=1e-11)


def test_time_runs_backwards_as_well() -> None:
    there = answer(drawn(0), 2.0)
    turned = {name: there.values[name][:, 0] for name in ("x", "y")}
    turned |= {name: -there.values[name][:, 0] for name in ("vx", "vy")}
    back = answer({**turned, "mass": np.ones((1, 3))}, 2.0)
    for name in ("x", "y"):
        np.testing.assert_allclose(back.values[name][:, 0], drawn(0)[name], atol=1e-10)


def test_longer_words_answer_the_same_and_the_estimate_covers_the_first_run() -> None:
    for seed in range(2):
        usual = answer(drawn(seed), 3.9, 10.0)
        longer = answer(drawn(seed), 3.9, 10.0, first_bits=120)
        assert usual.solved.all()
        assert longer.solved.all()
        assert usual.error_estimate[0] < 2e-10
        for name in ("x", "y"):
            np.testing.assert_allclose(usual.values[name], longer.values[name], atol=1e-13)


def test_energy_is_kept_as_well_as_words_allow() -> None:
    start = start_of(drawn(2))
    for bits, worst in ((80, 1e-13), (120, 1e-25)):
        run = follow(start, np.array([10.0]), bits=bits, deadline=np.inf, most_steps=100_000)
        assert energy_missed(start, run.state, bits) < worst


def test_bodies_pass_through_a_head_on_collision() -> None:
    eta = np.linspace(0.2, 5.8, 15)  # r = cos^2(eta / 2), colliding at eta = pi
    times = (eta + np.sin(eta)) / 4
    found = answer(query([(0.5, 0), (-0.5, 0), (0, 100)], mass=(1, 1, 1e-6)), *times)
    assert found.status[0] == Status.SOLVED
    apart = found.values["x"][0, :, 0] - found.values["x"][0, :, 1]
    np.testing.assert_allclose(apart, np.cos(eta / 2) ** 2, atol=1e-9)
    assert found.measures["closest_approach"][0] < 1e-9


def test_the_closest_approach_is_that_of_dense_output() -> None:
    queries, times = drawn(0), np.linspace(0.0, 3.9, 2561)
    for _ in range(2):
        found = answer(queries, *times)
        place = found.values["x"][0] + 1j * found.values["y"][0]
        apart = np.abs(place - np.roll(place, 1, axis=1)).min(axis=1)
        nearest = int(apart.argmin())
        times = np.array([0.0, *np.linspace(*times[[nearest - 1, nearest + 1]], 2001)])
    np.testing.assert_allclose(found.measures["closest_approach"][0], apart.min(), rtol=1e-5)
    for name in FIELDS:  # time 0 is the query itself
        np.testing.assert_array_equal(found.values[name][:, 0], queries[name])


def test_the_same_question_has_the_same_answer_alone_and_in_company() -> None:
    both, alone = answer(drawn(0, 1), 3.9), answer(drawn(1), 3.9)
    for name in FIELDS:
        np.testing.assert_array_equal(both.values[name][1], alone.values[name][0])
    assert (both.seconds > 0).all()
    assert both.measures["digits"].tolist() == [18.0, 18.0]


def test_words_that_are_too_short_are_told_from_those_that_do() -> None:
    found = answer(drawn(25), 0.5, 10.0, most_bits=80)
    assert found.status[0] == Status.NOT_CONVERGED
    assert found.known.tolist() == [[True, False]]
    assert np.isnan(found.measures["digits"][0])
    assert "80 bits" in found.notes[0]


@pytest.mark.parametrize("second", [(-0.5, np.sqrt(3) / 2), (0.0, 0.0)])
def test_a_collision_of_all_three_ends_with_what_was_before_it(second: tuple[float, float]) -> None:
    third = (-1 - second[0], -second[1])
    found = answer(query([(1, 0), second, third]), 0.5, 10.0, most_bits=80, budget=2.0)
    assert found.status[0] in (Status.NOT_CONVERGED, Status.OUT_OF_BUDGET)
    assert found.known.tolist() == [[True, False]]
    assert len(found.notes) == 1


def test_the_budget_is_kept() -> None:
    answer(drawn(0), 0.1)
    begin = perf_counter()
    found = answer(drawn(0, 1), 1.0, 1e4, budget=0.3)
    assert perf_counter() - begin < 2.0
    assert (found.status == Status.OUT_OF_BUDGET).all()
    assert not found.known[:, 1].any()
    assert "raise budget" in found.notes[0]


def test_steps_end_it_at_the_same_place_however_busy_the_machine() -> None:
    times = (0.1, 0.4, 10.0)
    found, again = (answer(drawn(0), *times, most_steps=30, budget=b) for b in (60.0, np.inf))
    assert found.status[0] == Status.OUT_OF_BUDGET
    assert found.measures["steps"][0] == 30
    assert found.known[0].tolist() == [True, True, False]
    assert "most_steps" in found.notes[0]
    np.testing.assert_array_equal(found.values["x"], again.values["x"])


def test_what_two_runs_agree_on_is_kept_when_the_budget_is_over() -> None:
    """Nearly a collision of all three leaves two of them so close that no one counts their turns."""
    found = answer(query([(1, 0), (0, 1e-6), (-1, -1e-6)]), 0.25, 0.49, 10.0, budget=1.0)
    assert found.status[0] == Status.OUT_OF_BUDGET
    assert found.known.tolist() == [[True, True, False]]
    assert found.error_estimate[0] < 1e-9


def test_coincident_bodies_are_refused_and_the_others_answered() -> None:
    queries = {name: np.array(array) for name, array in drawn(0, 1).items()}
    queries["x"][0, 1:], queries["y"][0, 1:] = 0.25, 0.5
    found = answer(queries, 0.0, 1.0)
    assert found.status.tolist() == [Status.REFUSED, Status.SOLVED]
    assert found.known.tolist() == [[False, False], [True, True]]
    assert np.isnan(found.measures["closest_approach"][0])


def test_questions_and_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(SolverError, match="strictly increasing"):
        answer(drawn(0), 2.0, 1.0)
    with pytest.raises(SolverError, match="softening"):
        Reference(ThreeBody(softening=0.1))
    for wrong in ({"decimals": 16}, {"budget": 0.0}, {"first_bits": 70}, {"most_bits": 60}):
        with pytest.raises(SolverError, match=next(iter(wrong))):
            answer(drawn(0), 1.0, **wrong)
    assert Reference(ThreeBody()).label == "Reference Taylor 10 decimals"
