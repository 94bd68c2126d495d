"""lbmpy's lattice-Boltzmann kernel, as a peer of our lattice: the extra `peers`, and a C++ compiler.

The same stencil and collision (D2Q9, two relaxation times, double precision) on two arrays, in the widest
vectors that the processor has. It sees no walls and no solids, which ours does; but each of its steps is a
call from Python, some microseconds.

Bauer, Koestler & Ruede, J. Comput. Sci. 49 (2021), doi:10.1016/j.jocs.2020.101269.
"""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core.codegen import get_host_cpu_features

__all__ = ["installed", "lattice_of_lbmpy"]

WEIGHTS = (4 / 9, *[1 / 9] * 4, *[1 / 36] * 4)
RATES = [1.9, 1.2]
"""Inverse relaxation times; the work does not depend on them."""


def installed() -> bool:
    """Whether lbmpy is, and a compiler for what it writes."""
    return importlib.util.find_spec("lbmpy") is not None and any(map(shutil.which, ("g++", "clang++")))


def lattice_of_lbmpy(
    rows: int, columns: int, *, steps: int, start: Any = None, streaming: bool = False
) -> Callable[[], None]:
    """So many steps, two or four or ..., of a fluid at rest or from `start`; each call goes on.

    Args:
        rows, columns: of cells.
        steps: even, so that each call ends where it began.
        start: (columns + 2, rows + 2, 9) in Fortran's order, which each call changes; the outermost are not
            marched.
        streaming: whether what is written goes around the caches: better for grids that exceed them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lbmpy: Any = importlib.import_module("lbmpy")
        pystencils: Any = importlib.import_module("pystencils")
        points = (columns + 2, rows + 2)
        f, g = pystencils.fields(f"f(9), g(9): double[{points[0]},{points[1]}]", layout="fzyx")
        rule = lbmpy.create_lb_update_rule(
            lbm_config=lbmpy.LBMConfig(
                stencil=lbmpy.LBStencil(lbmpy.Stencil.D2Q9),
                method=lbmpy.Method.TRT,
                relaxation_rates=RATES,
                compressible=False,
                zero_centered=False,
            ),
            lbm_optimisation=lbmpy.LBMOptimisation(
                symbolic_field=f, symbolic_temporary_field=g, cse_global=True
            ),
        )
        kernel = _compiled(pystencils, rule, streaming=streaming)
    one: Any = np.zeros((*points, 9), order="F") if start is None else start
    if start is None:
        one[:] = WEIGHTS
    other = one.copy(order="F")

    def march() -> None:
        for _ in range(steps // 2):
            kernel(f=one, g=other)
            kernel(f=other, g=one)

    return march


def _compiled(pystencils: Any, rule: Any, *, streaming: bool) -> Any:
    """For the widest vectors that there are.

    Not with `-Ofast`, its default: that has the whole process forget subnormal numbers once it is loaded.
    """
    config, known = pystencils.CreateKernelConfig(), get_host_cpu_features()
    jit: Any = importlib.import_module("pystencils.jit.cpu")
    config.jit = jit.CpuJit(jit.compiler_info.CompilerInfo.get_default(optlevel="3"))
    for target, needed in (("X86_AVX512", "+avx512f"), ("X86_AVX", "+avx2")):
        if needed in known:
            config.target = getattr(pystencils.Target, target)
            config.cpu.vectorize.enable = True
            config.cpu.vectorize.assume_inner_stride_one = True
            config.cpu.vectorize.use_nontemporal_stores = streaming
            break
    return pystencils.create_kernel(rule, config).compile()
