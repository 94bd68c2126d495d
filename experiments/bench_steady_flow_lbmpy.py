"""lbmpy's lattice-Boltzmann kernel, as a peer of our lattice: the extra `peers`, and a C++ compiler.

The same stencil and collision (D2Q9, two relaxation times, double precision) in its fastest form here: two
arrays, the widest vectors that the processor has. It sees no walls and no solids, which ours does.

Bauer, Koestler & Ruede, J. Comput. Sci. 49 (2021), doi:10.1016/j.jocs.2020.101269.
"""

from __future__ import annotations

import importlib
import importlib.util
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
    """Whether lbmpy is."""
    return importlib.util.find_spec("lbmpy") is not None


def lattice_of_lbmpy(rows: int, columns: int, steps: int) -> Callable[[], None]:
    """So many steps of a fluid at rest; each call goes on."""
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
        kernel = _compiled(pystencils, rule)
    one: Any = np.zeros((*points, 9), order="F")
    one[:] = WEIGHTS
    other = one.copy(order="F")

    def march() -> None:
        here, there = one, other
        for _ in range(steps):
            kernel(f=here, g=there)
            here, there = there, here

    return march


def _compiled(pystencils: Any, rule: Any) -> Any:
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
            break
    return pystencils.create_kernel(rule, config).compile()
