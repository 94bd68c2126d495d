"""OpenFOAM's simpleFoam as a solver of steady flows: a peer, where it is installed (Debian: openfoam).

It runs in a process of its own, on one thread. What counts is its own account of its processor time without
what comes before the iterations, as reading the mesh: the first one counts as a mean one. It knows time to a
hundredth of a second, and at least one of these counts.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import KW_ONLY, dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..solvers.contract import Queries, Solution, SolverError
from ..solvers.steady_flow.steady_solver import Flow, SteadySolver, Unsettled
from .bench_steady_flow_mesh import CutMesh, header

__all__ = ["CONVECTION", "SimpleFoam", "installed"]

Array = NDArray[np.float64]
TICK = 0.01
"""Seconds."""
MOST = 3_000
"""Iterations."""
CONVECTION = {"linear": "linear", "linearUpwind": "linearUpwind grad(U)"}
"""Schemes as OpenFOAM writes them."""


def installed() -> bool:
    """Whether there is a simpleFoam on the path."""
    return shutil.which("simpleFoam") is not None


@dataclass(frozen=True)
class SimpleFoam(SteadySolver):
    """Finite volumes on cut cells, SIMPLEC; velocities and nothing else.

    The stream function is summed up from what flows through the cells' faces. The measures: `steps`,
    iterations; `cpu`, seconds that count.

    Attributes:
        tolerance: of the initial residuals of velocity and pressure.
        convection: `linear` (central) or `linearUpwind`, both of second order.
        consistent: SIMPLEC with relaxation 0.9 for the velocity and none for the pressure; else SIMPLE with
            0.7 and 0.3.

    Raises `SolverError` where simpleFoam is not installed.
    """

    _: KW_ONLY
    tolerance: float = 1e-4
    convection: str = "linear"
    consistent: bool = True

    names: ClassVar[tuple[str, ...]] = ("steps", "cpu")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not installed():
            raise SolverError(
                "simpleFoam is not on the path; install OpenFOAM (Debian: apt install openfoam)"
            )

    @property
    def label(self) -> str:
        """E.g. `simpleFoam 64x128 SIMPLEC linear 1e-04`."""
        rows, columns = self.own_grid
        way = "SIMPLEC" if self.consistent else "SIMPLE"
        return f"simpleFoam {rows}x{columns} {way} {self.convection} {self.tolerance:.0e}"

    def __call__(self, queries: Queries, times: Array) -> Solution:
        """See `SteadySolver`; seconds are `cpu`, values the velocities and the stream function."""
        solution = super().__call__(queries, times)
        return replace(
            solution,
            values={name: solution.values[name] for name in ("u", "v", "psi")},
            seconds=np.nan_to_num(solution.measures["cpu"]),
        )

    def flow(self, distance: Array, viscosity: float, guess: Array | None) -> Flow:
        """See `SteadySolver`."""
        rows, columns = self.own_grid
        corners = self.distances(distance, self.own_grid, sides=(True, True))
        middles = self.distances(distance, self.own_grid, sides=(False, False))
        mesh = CutMesh.around(corners, middles, spacing=1 / rows)
        inflow = self.system.inflow(rows)
        with tempfile.TemporaryDirectory() as place:
            case = Path(place)
            self._write(case, mesh, viscosity, np.diff(inflow) * rows)
            ran = subprocess.run(
                ["simpleFoam", "-case", place],
                capture_output=True,
                text=True,
                check=False,
                env={"WM_PROJECT_DIR": "/usr/share/openfoam", **os.environ},  # where Debian has it
            )
            times = [float(t) for t in re.findall(r"ExecutionTime = ([\d.]+) s", ran.stdout)]
            steps = len(times)
            cpu = max(TICK, (times[-1] - times[0]) * steps / max(1, steps - 1)) if times else np.nan
            measures = {"steps": steps, "cpu": cpu}
            if ran.returncode or not 0 < steps < MOST:
                said = (ran.stderr or ran.stdout).strip().splitlines()[-1:]
                raise Unsettled(f"did not converge in simpleFoam: {' '.join(said)}", measures)
            inner, outlet = _fluxes(case / str(steps) / "phi")
        depth = mesh.spacing
        psi = mesh.stream_function(inner / depth, outlet=outlet / depth, inflow=inflow, columns=columns)
        return Flow(psi, np.full((rows, columns), np.nan), np.nan, np.nan, measures)

    def _write(self, case: Path, mesh: CutMesh, viscosity: float, speed: Array) -> None:
        mesh.write(case / "constant" / "polyMesh")
        wall = "noSlip" if self.system.walls == "no_slip" else "slip"
        inlet = [f"({float(u)!r} 0 0)" for u in speed]
        files = {
            "constant/transportProperties": f"transportModel Newtonian; nu {viscosity!r};",
            "constant/turbulenceProperties": "simulationType laminar;",
            "system/controlDict": (
                f"application simpleFoam; startFrom startTime; startTime 0; stopAt endTime; endTime {MOST}; "
                f"deltaT 1; writeControl timeStep; writeInterval {MOST}; writeFormat ascii; "
                "writePrecision 12; timePrecision 6; runTimeModifiable false;"
            ),
            "system/fvSchemes": (
                "ddtSchemes { default steadyState; } gradSchemes { default Gauss linear; } divSchemes { "
                f"div(phi,U) bounded Gauss {CONVECTION[self.convection]}; "
                "div((nuEff*dev2(T(grad(U))))) Gauss linear; } laplacianSchemes { default Gauss linear "
                "corrected; } interpolationSchemes { default linear; } snGradSchemes { default corrected; }"
            ),
            "system/fvSolution": (
                "solvers { p { solver GAMG; smoother GaussSeidel; tolerance 1e-10; relTol 0.1; } "
                "U { solver smoothSolver; smoother symGaussSeidel; tolerance 1e-12; relTol 0.1; } } "
                f"SIMPLE {{ consistent {'yes' if self.consistent else 'no'}; nNonOrthogonalCorrectors 0; "
                f"residualControl {{ p {self.tolerance!r}; U {self.tolerance!r}; }} }} relaxationFactors {{ "
                + (
                    "equations { U 0.9; } }"
                    if self.consistent
                    else "fields { p 0.3; } equations { U 0.7; } }"
                )
            ),
            "0/U": (
                "dimensions [0 1 -1 0 0 0 0]; internalField uniform (1 0 0); boundaryField { inlet { type "
                f"fixedValue; value nonuniform List<vector> {len(inlet)} ({' '.join(inlet)}); }} outlet {{ "
                f"type zeroGradient; }} walls {{ type {wall}; }} body {{ type noSlip; }} "
                "sides { type empty; } }"
            ),
            "0/p": (
                "dimensions [0 2 -2 0 0 0 0]; internalField uniform 0; boundaryField { inlet { type "
                "zeroGradient; } outlet { type fixedValue; value uniform 0; } walls { type zeroGradient; } "
                "body { type zeroGradient; } sides { type empty; } }"
            ),
        }
        kinds = {"0/U": "volVectorField", "0/p": "volScalarField"}
        for name, content in files.items():
            path = case / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(header(kinds.get(name, "dictionary"), path.name) + content + "\n")


def _fluxes(path: Path) -> tuple[Array, Array]:
    """Of the inner faces, and of those of the outlet."""
    text = path.read_text()
    inner = re.search(r"internalField\s+nonuniform List<scalar>\s+\d+\s*\(([^)]*)\)", text)
    outlet = re.search(r"outlet\s*\{[^}]*?List<scalar>\s+\d+\s*\(([^)]*)\)", text)
    if inner is None or outlet is None:
        raise SolverError(f"{path} does not hold the fluxes that are wanted")
    first, last = (np.array(found.group(1).split(), dtype=np.float64) for found in (inner, outlet))
    return first, last
