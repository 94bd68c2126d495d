"""The compiled transforms agree with NumPy's, for every size, precision and arrangement of the lanes."""

import numpy as np
import pytest
from understudy.solvers.methods.builds import Build
from understudy.solvers.methods.lane_exponential import _Engine
from understudy.solvers.methods.lane_fourier import make_plan
from understudy.solvers.methods.lane_layout import arrange, sized, wavenumbers

SIZES = [8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]


def engine_for(points, dtype, across):
    build = sized(Build(0, nonlinear=1), points, dtype, across=across)
    zero = np.zeros(points // 2 + 1)
    tables, special = arrange(build, points, np.dtype(dtype), {"linear0": zero, "nonlinear0": 1j * zero})
    return _Engine(build, points, dtype, tables, special)


def spectrum_of(engine, points):
    """(lanes, modes) what the state holds, in the order of numpy.fft.rfft."""
    plan, state = engine.plan, engine.state[0].astype(np.float64)
    real, imaginary = list(range(0, plan.root, 2)), list(range(1, plan.root, 2))
    for size, first, first_imaginary, _ in plan.blocks:
        real += range(first, first + size)
        imaginary += range(first_imaginary, first_imaginary + size)
    build = engine.build
    held = wavenumbers(points, engine.work.dtype.name, build.lanes, build.across)
    values = state[real] + 1j * state[imaginary]
    lanes = 1 if build.across else build.lanes
    out = np.full((lanes, points // 2 + 1), np.nan, dtype=complex)
    for slot in range(len(held)):
        for lane in range(build.lanes):
            k = held[slot, lane if build.across else 0]
            row = 0 if build.across else lane
            if slot == 0 and k == 0:
                out[row, 0], out[row, -1] = values[0, lane].real, values[0, lane].imag
            else:
                assert np.isnan(out[row, abs(k)]), "a wavenumber is held twice"
                out[row, abs(k)] = values[slot, lane] if k > 0 else values[slot, lane].conj()
    return out


@pytest.mark.parametrize("across", [False, True], ids=["batch", "across"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_forward_transforms_agree_with_numpy_for_every_size(dtype, across):
    for points in SIZES:
        engine = engine_for(points, dtype, across)
        samples = 1 if across else engine.build.lanes
        rng = np.random.default_rng(points)
        u = (37 * rng.normal(0.2, 1.0, (samples, points))).astype(dtype)
        engine.take(u, 0, present=True)
        got = spectrum_of(engine, points)
        wanted = np.fft.rfft(u.astype(np.float64)) / points
        wanted[:, 1:-1] *= 2
        tolerance = 4 * np.finfo(dtype).eps * np.log2(points) * np.sqrt((wanted**2).sum() / samples).real
        np.testing.assert_allclose(got, wanted, rtol=0, atol=abs(tolerance) + 37e-16 * points, err_msg=points)


@pytest.mark.parametrize("points", SIZES)
def test_every_wavenumber_has_one_slot(points):
    for dtype in ("float64", "float32"):
        for across in (False, True):
            build = sized(Build(0), points, dtype, across=across)
            held = np.abs(wavenumbers(points, dtype, build.lanes, across))
            assert sorted(held.ravel()) == list(range(points // 2))


@pytest.mark.parametrize("rows", [0, 1, 12, -8])
def test_a_plan_needs_a_power_of_two(rows):
    with pytest.raises(ValueError, match="power of two"):
        make_plan(rows, "float64")
