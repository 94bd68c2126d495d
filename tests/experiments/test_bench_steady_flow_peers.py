"""The peers of the steady-flow solvers get a sound mesh, and what they answer is read as it is written."""

import re
from pathlib import Path

import numpy as np
import pytest
from understudy.experiments import bench_steady_flow_lbmpy as lbmpy
from understudy.experiments import bench_steady_flow_openfoam as openfoam
from understudy.experiments.bench_steady_flow_mesh import CutMesh
from understudy.experiments.bench_steady_flow_openfoam import SimpleFoam
from understudy.solvers.contract import SolverError
from understudy.solvers.steady_flow import SteadyFlow, StreamNewton, ellipse

SYSTEM = SteadyFlow(32, 64)
ONCE = np.zeros(1)
SIZE = 0.3
SHAPE = ellipse().placed(x=0.7, y=0.45, size=SIZE)


@pytest.fixture(scope="module")
def mesh() -> CutMesh:
    """About a disc."""
    y, x = np.meshgrid(np.arange(33) / 32, np.arange(65) / 32, indexing="ij")
    return CutMesh.around(SHAPE.distance(x, y), SHAPE.distance(*SYSTEM.middles()), spacing=1 / 32)


def test_cells_fill_the_fluid_and_nothing_else(mesh: CutMesh) -> None:
    assert mesh.areas.min() > 0
    assert mesh.areas.sum() == pytest.approx(2 - np.pi * SIZE**2 / 4, abs=2e-3)


def test_every_cell_is_closed_by_its_edges(mesh: CutMesh) -> None:
    around = np.zeros((len(mesh.cells), 2))
    for owner, neighbour, first, second in mesh.inner:
        along = mesh.points[second] - mesh.points[first]
        around[owner] += along
        around[neighbour] -= along
    for _, owner, first, second in mesh.outer:
        around[owner] += mesh.points[second] - mesh.points[first]
    assert np.abs(around).max() < 1e-13


def test_inner_edges_are_in_the_order_that_openfoam_wants(mesh: CutMesh) -> None:
    pairs = [edge[:2] for edge in mesh.inner]
    assert pairs == sorted(set(pairs))
    assert all(owner < neighbour for owner, neighbour in pairs)


def test_edges_lie_on_the_patches_that_they_are_said_to(mesh: CutMesh) -> None:
    lengths = dict.fromkeys(("inlet", "outlet", "walls", "body"), 0.0)
    for patch, _, first, second in mesh.outer:
        lengths[patch] += float(np.hypot(*(mesh.points[second] - mesh.points[first])))
    assert lengths["inlet"] == lengths["outlet"] == pytest.approx(1)
    assert lengths["walls"] == pytest.approx(4)
    assert lengths["body"] == pytest.approx(np.pi * SIZE, rel=0.02)


def test_the_stream_function_is_summed_up_from_the_fluxes(mesh: CutMesh) -> None:
    def psi(points: np.ndarray) -> np.ndarray:
        x, y = points.T
        return np.asarray(y + 0.1 * np.sin(np.pi * y) * np.sin(x) * (np.hypot(x - 0.7, y - 0.45) > SIZE / 2))

    ends = np.array([edge[2:] for edge in mesh.inner])
    inner = psi(mesh.points[ends[:, 1]]) - psi(mesh.points[ends[:, 0]])
    outlet = np.array([edge[2:] for edge in mesh.outer if edge[0] == "outlet"])
    last = psi(mesh.points[outlet[:, 1]]) - psi(mesh.points[outlet[:, 0]])
    y = np.arange(33) / 32
    found = mesh.stream_function(inner, outlet=last, inflow=y, columns=64)
    # columns that no body is in
    for column in (0, 5, 40, 64):
        expected = psi(np.stack([np.full(33, column / 32), y], axis=1))
        np.testing.assert_allclose(found[:, column], expected, atol=1e-12)


def test_the_files_of_a_mesh_agree(mesh: CutMesh, tmp_path: Path) -> None:
    mesh.write(tmp_path / "polyMesh")
    counts = {}
    for name in ("points", "faces", "owner", "neighbour"):
        lines = (tmp_path / "polyMesh" / name).read_text().splitlines()
        counts[name] = int(lines[1])
        assert len(lines) == counts[name] + 4, name
    assert counts["points"] == 2 * len(mesh.points)
    assert counts["faces"] == counts["owner"]
    assert counts["neighbour"] == len(mesh.inner)
    boundary = (tmp_path / "polyMesh" / "boundary").read_text()
    sizes = [int(n) for n in re.findall(r"nFaces (\d+)", boundary)]
    starts = [int(n) for n in re.findall(r"startFace (\d+)", boundary)]
    assert starts == [len(mesh.inner) + sum(sizes[:k]) for k in range(len(sizes))]
    assert starts[-1] + sizes[-1] == counts["faces"]


def test_fluxes_are_read_patch_by_patch(tmp_path: Path) -> None:
    (tmp_path / "phi").write_text(
        "internalField   nonuniform List<scalar>\n3\n(\n1\n-2e-3\n3\n)\n;\nboundaryField\n{\n    inlet\n    "
        "{\n        type calculated;\n        value nonuniform List<scalar> 1(-7);\n    }\n    outlet\n    "
        "{\n        type calculated;\n        value nonuniform List<scalar>\n2\n(\n5\n6\n)\n;\n    }\n}\n"
    )
    inner, outlet = openfoam._fluxes(tmp_path / "phi")
    assert inner.tolist() == [1, -2e-3, 3]
    assert outlet.tolist() == [5, 6]


def test_without_openfoam_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openfoam.shutil, "which", lambda name: None)
    with pytest.raises(SolverError, match="apt install openfoam"):
        SimpleFoam(SYSTEM)


@pytest.mark.peers
@pytest.mark.skipif(not openfoam.installed(), reason="simpleFoam is not installed")
def test_simplefoam_finds_the_flow_that_newton_finds() -> None:
    query = {"distance": SHAPE.distance(*SYSTEM.middles())[None], "viscosity": np.array([0.02])}
    truth = StreamNewton(SYSTEM, rows=128)(query, ONCE)
    for convection in openfoam.CONVECTION:
        solution = SimpleFoam(SYSTEM, tolerance=1e-5, convection=convection)(query, ONCE)
        assert solution.solved.all(), solution.notes
        gap = sum(((solution.values[n] - truth.values[n]) ** 2).sum() for n in ("u", "v"))
        assert np.sqrt(gap / sum((truth.values[n] ** 2).sum() for n in ("u", "v"))) < 0.03
        assert solution.seconds[0] == solution.measures["cpu"][0] >= openfoam.TICK
        assert set(solution.values) == {"u", "v", "psi"}


@pytest.mark.peers
@pytest.mark.skipif(not openfoam.installed(), reason="simpleFoam is not installed")
def test_a_flow_that_simplefoam_does_not_find_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openfoam, "MOST", 3)
    query = {"distance": SHAPE.distance(*SYSTEM.middles())[None], "viscosity": np.array([0.02])}
    solution = SimpleFoam(SYSTEM, tolerance=1e-8)(query, ONCE)
    assert not solution.solved.any()
    assert np.isnan(solution.values["u"]).all()


@pytest.mark.peers
@pytest.mark.skipif(not lbmpy.installed(), reason="lbmpy is not installed")
def test_the_lattice_of_lbmpy_marches() -> None:
    field = np.zeros((18, 10, 9), order="F")
    field[:] = lbmpy.WEIGHTS
    field[7, 5, 1] += 0.01  # a population that goes along an axis
    before = field.copy()
    march = lbmpy.lattice_of_lbmpy(8, 16, steps=2, start=field)
    march()
    assert not np.array_equal(field, before)
    inner = field[1:-1, 1:-1]
    assert np.isfinite(inner).all()
    assert np.abs(inner - before[1:-1, 1:-1]).max() > 1e-3
    assert inner.sum() == pytest.approx(before[1:-1, 1:-1].sum(), rel=1e-12)
    assert np.nextafter(0.0, 1.0) * np.ones(1) > 0  # the process still knows subnormal numbers
