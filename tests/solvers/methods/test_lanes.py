"""Lanes: every operation agrees with NumPy in every lane."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numba import njit
from numba.core.errors import TypingError
from understudy.solvers.methods.lanes import (
    ALIGNMENT,
    absolute,
    aligned,
    all_lanes,
    any_lane,
    fill,
    fma,
    lane,
    load,
    maximum,
    minimum,
    select,
    shuffle,
    sqrt,
    store,
)

ROWS = 12
FINITE = st.floats(-1e6, 1e6, allow_nan=False, width=32).filter(lambda v: v == 0 or abs(v) > 1e-6)


@njit(cache=True)
def arithmetic_of_eight(a, b, c, out):
    x, y, z = load(a, 0, 8), load(b, 0, 8), load(c, 0, 8)
    store(out, 0, x + y)
    store(out, 1, x - y)
    store(out, 2, x * y)
    store(out, 3, x / y)
    store(out, 4, -x)
    store(out, 5, fma(x, y, z))
    store(out, 6, sqrt(absolute(x)))
    store(out, 7, absolute(x))
    store(out, 8, minimum(x, y))
    store(out, 9, maximum(x, y))
    store(out, 10, select(x < y, 2.0 * x, z - 1))
    store(out, 11, fill(a[0, 3], 8) * 0.5 + y)


def expected(a, b, c):
    return np.stack(
        [
            a + b,
            a - b,
            a * b,
            a / b,
            -a,
            a * b + c,
            np.sqrt(np.abs(a)),
            np.abs(a),
            np.minimum(a, b),
            np.maximum(a, b),
            np.where(a < b, 2 * a, c - 1),
            a[3] * type(a[3])(0.5) + b,
        ]
    )


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@settings(max_examples=60, deadline=None, derandomize=True)
@given(values=arrays(np.float64, (3, 8), elements=FINITE))
def test_arithmetic_agrees_with_numpy_in_every_lane(dtype, values):
    a, b, c = values.astype(dtype)
    b = np.where(b == 0, dtype(1.5), b)
    out = aligned((ROWS, 8), dtype)
    arithmetic_of_eight(a[None].copy(), b[None].copy(), c[None].copy(), out)
    wanted = expected(a, b, c)
    exact = [0, 1, 2, 3, 4, 6, 7, 8, 9]
    np.testing.assert_array_equal(out[exact], wanted[exact])
    scale = np.abs(a * b) + np.abs(c) + np.abs(b) + np.abs(a) + 1
    assert (np.abs(out - wanted) <= 2 * np.finfo(dtype).eps * scale).all()


@njit(cache=True)
def comparisons_of_eight(a, b, out):
    x, y = load(a, 0, 8), load(b, 0, 8)
    one, zero = fill(1.0, 8), fill(0.0, 8)
    store(out, 0, select(x < y, one, zero))
    store(out, 1, select(x <= y, one, zero))
    store(out, 2, select(x > y, one, zero))
    store(out, 3, select(x >= y, one, zero))
    store(out, 4, select(x == y, one, zero))
    store(out, 5, select(x != y, one, zero))
    return any_lane(x < y), all_lanes(x <= y)


def test_comparisons_agree_with_numpy_also_for_nan_and_infinity():
    special = np.array([0.0, -0.0, 1.0, np.nan, np.inf, -np.inf, 3.5, 3.5])
    for shift in range(8):
        a, b = special[None], np.roll(special, shift)[None]
        out = aligned((6, 8), np.float64)
        some, every = comparisons_of_eight(a, b, out)
        wanted = [a < b, a <= b, a > b, a >= b, a == b, a != b]
        np.testing.assert_array_equal(out.astype(bool), np.concatenate(wanted))
        assert some == (a < b).any()
        assert every == (a <= b).all()


@njit(cache=True)
def sixteen_in_double_rows(a, out):
    for row in range(len(a)):
        x = load(a, row, 16)
        store(out, row, shuffle(x, (15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)) + x)
    return lane(load(a, 1, 16), 5)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_number_of_lanes_is_free_and_rows_are_addressed_in_order(dtype):
    a = np.random.default_rng(3).normal(2.0, 700.0, (5, 16)).astype(dtype)
    out = np.empty_like(a)
    assert sixteen_in_double_rows(a, out) == a[1, 5]
    np.testing.assert_array_equal(out, a[:, ::-1] + a)


def test_a_lane_does_not_depend_on_its_place_nor_on_the_others():
    rng = np.random.default_rng(5)
    a, b, c = rng.normal(0.3, 40.0, (3, 8))
    out, moved = aligned((ROWS, 8), np.float64), aligned((ROWS, 8), np.float64)
    arithmetic_of_eight(a[None], b[None], c[None], out)
    order = rng.permutation(8)
    arithmetic_of_eight(a[None, order], b[None, order], c[None, order], moved)
    np.testing.assert_array_equal(moved[:11], out[:11, order])
    b[1:] = np.nan
    arithmetic_of_eight(a[None], b[None], c[None], moved)
    np.testing.assert_array_equal(moved[:, 0], out[:, 0])


def test_aligned_arrays_begin_on_a_cache_line_and_are_zero():
    for rows in range(1, 9):
        array = aligned((rows, 3), np.float32)
        assert array.ctypes.data % ALIGNMENT == 0
        assert array.shape == (rows, 3)
        assert not array.any()


def test_a_variable_number_of_lanes_is_refused():
    @njit
    def variable(a, count):
        return lane(load(a, 0, count), 0)

    with pytest.raises(TypingError, match="as a constant"):
        variable(np.zeros((2, 8)), 8)


def test_columns_of_a_transposed_array_are_refused():
    @njit
    def first(a):
        return lane(load(a, 0, 8), 0)

    with pytest.raises(TypingError, match="C-contiguous"):
        first(np.zeros((8, 2)).T)


def test_lanes_and_solver_work_without_wide_vectors(tmp_path):
    program = Path(__file__).with_name("narrow_vectors.py")
    environment = os.environ | {
        "NUMBA_CPU_NAME": "x86-64",
        "NUMBA_CPU_FEATURES": "+sse2",
        "NUMBA_CACHE_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, str(program)], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
