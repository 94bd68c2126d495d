"""The compiled transforms agree with NumPy's, for every size, precision and arrangement of the lanes."""

import numpy as np
import pytest
from understudy.solvers.methods.builds import Build
from understudy.solvers.methods.exponential_kernels import load, load_in_registers
from understudy.solvers.methods.lane_fourier import make_plan
from understudy.solvers.methods.lane_layout import SIZES, arrange, sized, wavenumbers, why_not
from understudy.solvers.methods.lanes import aligned


def spectrum_of(u, across):
    """(samples, modes) what the state holds after u was loaded, in the order of numpy.fft.rfft."""
    points = u.shape[1]
    build = sized(Build(0), points, u.dtype, across=across).intake
    tables, special = arrange(build, points, u.dtype, {})
    rows = points // build.lanes if across else points
    plan = make_plan(rows, u.dtype.name)
    work, memory = aligned((1, rows, build.lanes), u.dtype), aligned((1, 1, rows, build.lanes), u.dtype)
    history, width = u[:, None], len(u)
    if build.rows:
        load_in_registers(history, width, work[0], memory, tables, special, 1, 0, 2, build)
    else:
        load(history, width, work, memory, plan, tables, special, 1, 0, 2, build.layout, build)
    state = memory[0, 0].astype(np.float64)
    real, imaginary = list(range(0, plan.root, 2)), list(range(1, plan.root, 2))
    for size, first, first_imaginary, _ in plan.blocks:
        real += range(first, first + size)
        imaginary += range(first_imaginary, first_imaginary + size)
    held = wavenumbers(points, u.dtype.name, build.lanes, across)
    values = state[real] + 1j * state[imaginary]
    lanes = 1 if across else build.lanes
    out = np.full((lanes, points // 2 + 1), np.nan, dtype=complex)
    for slot in range(len(held)):
        for lane in range(build.lanes):
            k = held[slot, lane if across else 0]
            row = 0 if across else lane
            if slot == 0 and k == 0:
                out[row, 0], out[row, -1] = values[0, lane].real, values[0, lane].imag
            else:
                assert np.isnan(out[row, abs(k)]), "a wavenumber is held twice"
                out[row, abs(k)] = values[slot, lane] if k > 0 else values[slot, lane].conj()
    return out


@pytest.mark.parametrize(
    ("dtype", "across"),
    [
        pytest.param(np.float64, False, id="batch"),
        pytest.param(np.float32, False, id="single, batch"),
        pytest.param(np.float64, True, id="across"),
        # much to compile; the integrators' tests run some of these
        pytest.param(np.float32, True, id="single, across", marks=pytest.mark.slow),
    ],
)
def test_forward_transforms_agree_with_numpy_for_every_size(dtype, across):
    for points in (8, *SIZES):
        samples = 1 if across else 64 // np.dtype(dtype).itemsize
        rng = np.random.default_rng(points)
        u = (37 * rng.normal(0.2, 1.0, (samples, points))).astype(dtype)
        got = spectrum_of(u, across)
        wanted = np.fft.rfft(u.astype(np.float64)) / points
        wanted[:, 1:-1] *= 2
        tolerance = 4 * np.finfo(dtype).eps * np.log2(points) * np.sqrt((wanted**2).sum() / samples).real
        np.testing.assert_allclose(got, wanted, rtol=0, atol=abs(tolerance) + 37e-16 * points, err_msg=points)


@pytest.mark.parametrize("points", [8, *SIZES])
def test_every_wavenumber_has_one_slot(points):
    for dtype in ("float64", "float32"):
        for across in (False, True):
            build = sized(Build(0), points, dtype, across=across)
            held = np.abs(wavenumbers(points, dtype, build.lanes, across))
            assert sorted(held.ravel()) == list(range(points // 2))


@pytest.mark.parametrize("rows", [0, 1, 3, 5, 14, 18, 30, -8])
def test_a_plan_needs_an_even_number_of_rows_that_three_or_five_and_twos_divide(rows):
    with pytest.raises(ValueError, match=r"1, 3 or 5 times 2, 4, 8, \.\.\., got"):
        make_plan(rows, "float64")


def test_all_three_kinds_of_rows_have_the_same_passes():
    for doublings in range(3, 11):
        whole, three, five = (make_plan(odd << doublings, "float64") for odd in (4, 3, 5))
        for plan, odd in ((three, 3), (five, 5)):
            assert plan.passes[:, 0].tolist() == whole.passes[:, 0].tolist()
            assert (4 * plan.passes[:, 3]).tolist() == (odd * whole.passes[:, 3]).tolist()
            assert (4 * plan.blocks[:, 0]).tolist() == (odd * whole.blocks[:, 0]).tolist()
            assert 4 * plan.root == odd * whole.root


def test_sizes_that_the_kernel_does_not_take_are_said_with_the_nearest_that_it_does():
    assert [n for n in range(400) if not why_not(n)] == [
        *(16, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384)
    ]
    assert not why_not(4096)
    for points, nearest in (
        (8, "16"),
        (17, "16 or 24"),
        (28, "24 or 32"),
        (120, "96 or 128"),
        (5120, "4096"),
    ):
        assert why_not(points).endswith(f"got {points}: use {nearest}")
        assert why_not(points).startswith(
            "the compiled kernel takes 16 to 4096 points that are 1, 3 or 5 times"
        )
    assert why_not(28, most=28).endswith("got 28: use 24")
    assert why_not(64, most=48).endswith(
        "16 to 48 points that are 1, 3 or 5 times 8, 16, 32, ..., got 64: use 48"
    )
    assert why_not(8, most=8).endswith("got 8: use 16")
