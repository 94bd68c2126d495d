"""What cannot be solved ends with a status and its reason, and spoils nothing else."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from understudy.solvers.contract import Queries, SolverError, Status
from understudy.solvers.steady_flow import (
    Shape,
    SteadyFlow,
    StreamNewton,
    airfoil,
    distance_of_image,
    ellipse,
    shape_of_csv,
)
from understudy.solvers.steady_flow.steady_solver import GUESS

SYSTEM = SteadyFlow(32, 64)
SOLVER = StreamNewton(SYSTEM)
ONCE = np.zeros(1)


def of(*shapes: Shape, viscosity: float = 0.02) -> dict[str, np.ndarray]:
    """A query of these shapes, then of one that is all right."""
    good = ellipse(0.7).placed(x=0.7, y=0.5, size=0.3)
    distance = np.stack([shape.distance(*SYSTEM.middles()) for shape in (*shapes, good)])
    return {"distance": distance, "viscosity": np.full(len(distance), viscosity)}


def box(left: float, right: float, low: float, high: float) -> Shape:
    return Shape((np.array([[left, low], [right, low], [right, high], [left, high]]),))


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (box(0.5, 0.8, -1, 2), "touches a wall"),
        (box(0.5, 0.8, 0.0, 0.4), "touches a wall"),
        (box(-1, 0.3, 0.3, 0.6), "at the inflow or the outflow"),
        (box(1.7, 3, 0.3, 0.6), "at the inflow or the outflow"),
        (box(-1, 3, -1, 2), "are all solid"),
        (box(0.5, 0.9, 0.5, 0.525), "nowhere a cell thick"),
        (box(0.5, 0.9, 0.5, 0.51), "nowhere a cell thick"),
        (ellipse().placed(x=0.7, y=0.5, size=0.6), "Reynolds number above 45"),
    ],
)
def test_what_is_no_obstacle_is_refused_with_the_reason_and_the_others_solved(
    shape: Shape, said: str
) -> None:
    query = of(shape, viscosity=0.02 if "Reynolds" not in said else 0.0095)
    solution = SOLVER(query, ONCE)
    assert solution.status.tolist() == [Status.REFUSED, Status.SOLVED]
    assert np.isnan(solution.values["u"][0]).all()
    assert np.isnan(solution.values["drag"][0]).all()
    assert len(solution.notes) == 1
    assert solution.notes[0].startswith("1 of 2 samples ")
    assert said in solution.notes[0]


@pytest.mark.parametrize(("below", "thickness"), [(0.3, 0.025), (0.3, 0.01), (0.05, 0.01)])
def test_a_thin_body_beside_a_thick_one_is_refused(below: float, thickness: float) -> None:
    top = 0.6 - below
    thick, thin = box(0.5, 0.8, 0.6, 0.8), box(0.5, 0.9, top - thickness, top)
    solution = SOLVER(of(Shape((*thick.outlines, *thin.outlines))), ONCE)
    assert solution.status.tolist() == [Status.REFUSED, Status.SOLVED]
    assert "nowhere a cell thick" in solution.notes[0]


def test_the_pieces_of_a_pointed_tail_are_no_thin_bodies() -> None:
    turned = airfoil(thickness=0.25).placed(turned=0.5)
    query = of(turned.placed(x=0.6, y=0.5, size=0.6))
    within = query["distance"][0] < 0
    assert ndimage.label(within, structure=np.ones((3, 3)))[1] > 1
    assert SOLVER(query, ONCE).status.tolist() == [Status.SOLVED, Status.SOLVED]


def test_fluid_that_is_shut_in_is_refused() -> None:
    query = of(ellipse().placed(x=0.7, y=0.5, size=0.6))
    ring = np.abs(query["distance"][0] + 0.15) - 0.1
    query["distance"][0] = ring
    solution = SOLVER(query, ONCE)
    assert solution.status[0] == Status.REFUSED
    assert "shut in" in solution.notes[0]


def test_too_few_steps_are_said_to_be() -> None:
    solution = StreamNewton(SYSTEM, most_steps=1)(of(), ONCE)
    assert solution.status.tolist() == [Status.NOT_CONVERGED]
    assert np.isnan(solution.values["psi"]).all()
    assert "did not converge in 1 steps" in solution.notes[0]


def test_a_guess_that_leads_nowhere_ends_in_a_status() -> None:
    query = of(box(0.6, 0.8, 0.4, 0.6))
    generator = np.random.default_rng(0)
    for worthless in (
        np.full((2, *SYSTEM.grid), np.nan),
        1e12 * generator.standard_normal((2, *SYSTEM.grid)),
    ):
        solution = SOLVER({**query, GUESS: worthless}, ONCE)
        assert (solution.status == Status.NOT_CONVERGED).all()
        assert np.isnan(solution.values["u"]).all()
        assert "did not converge" in solution.notes[0]


@pytest.mark.parametrize("name", ["distance", "viscosity"])
def test_nan_in_a_query_is_named(name: str) -> None:
    query = of()
    query[name][0] = np.nan
    with pytest.raises(SolverError, match=rf"'{name}'.*NaN.*\[0\]"):
        SOLVER(query, ONCE)


def test_a_viscosity_of_nothing_is_refused() -> None:
    with pytest.raises(SolverError, match=r"viscosity must be positive; it is not in samples \[0\]"):
        SOLVER({**of(), "viscosity": np.zeros(1)}, ONCE)


def test_a_geometry_of_another_grid_is_refused() -> None:
    query: Queries = {"distance": np.ones((1, 64, 128)), "viscosity": np.ones(1)}
    with pytest.raises(SolverError, match=r"distance.*shape \(samples, 32, 64\)"):
        SOLVER(query, ONCE)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: SteadyFlow(4, 64), "rows must be a whole number of at least 8"),
        (lambda: SteadyFlow(walls="sticky"), "walls"),  # type: ignore[arg-type]
        (lambda: SteadyFlow(families=("cube",)), "families"),  # type: ignore[arg-type]
        (lambda: SteadyFlow(most_reynolds=100.0), "at most 45, up to which flows are steady"),
        (lambda: SteadyFlow(largest=2.0), "largest"),
        (
            lambda: SteadyFlow(families=("airfoil",), smallest=0.08, largest=0.12).draw(
                [np.random.default_rng(0)]
            ),
            "no airfoil",
        ),
        (lambda: StreamNewton(SteadyFlow(32, 63), rows=33), "square cells"),
        (lambda: StreamNewton(SYSTEM, tolerance=0.0), "tolerance"),
        (lambda: StreamNewton(SYSTEM, most_steps=0), "most_steps"),
        (lambda: airfoil(thickness=2.0), "an airfoil needs"),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_what_would(make: object, said: str) -> None:
    assert callable(make)
    with pytest.raises(SolverError, match=said):
        make()


def test_an_image_becomes_a_distance(tmp_path: Path) -> None:
    image = np.full((256, 512), 255, np.uint8)
    y, x = np.meshgrid((np.arange(256) + 0.5) / 256, (np.arange(512) + 0.5) / 256, indexing="ij")
    image[np.hypot(x - 0.7, (1 - y) - 0.4) < 0.15] = 0
    exact = ellipse().placed(x=0.7, y=0.4, size=0.3).distance(*SYSTEM.middles())
    grey, opaque = np.stack([image] * 3, axis=2), np.full((256, 512, 1), 255, np.uint8)
    coloured = np.concatenate([grey, opaque], axis=2)
    cut_out = np.concatenate([0 * grey, 255 - image[..., None]], axis=2)  # black, transparent around
    eight, sixteen = tmp_path / "grey.png", tmp_path / "sixteen.png"
    Image.fromarray(image).save(eight)
    Image.fromarray(257 * image.astype(np.uint16)).save(sixteen)
    for given in (
        *(image, image / 255, 257 * image.astype(np.uint16), image.astype(int), image > 127),
        *(grey, coloured, cut_out, coloured / 255),
        *(eight, str(sixteen)),
    ):
        np.testing.assert_allclose(distance_of_image(given, *SYSTEM.grid), exact, atol=1.2 / 256)


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.ones((64, 64)), "2 times as wide as high, got 64 x 64"),
        (np.ones((64, 128)), "nowhere dark"),
        (np.zeros((64, 128)), "all dark"),
        (np.ones(7), "finite grey"),
        (np.full((64, 128), np.nan), "finite grey"),
        (np.full((64, 128), 200.0), "from 0 to 1 in float64; got 200"),
        (np.full((64, 128), 256), "from 0 to 255 in int64; got 256"),
        (Path("nowhere.png"), "nowhere.png cannot be read as PNG"),
        (Path(__file__), "cannot be read as PNG"),
    ],
)
def test_an_image_that_is_no_obstacle_is_refused(image: np.ndarray | Path, said: str) -> None:
    with pytest.raises(SolverError, match=said):
        distance_of_image(image, *SYSTEM.grid)


def test_a_polygon_comes_from_csv(tmp_path: Path) -> None:
    path = tmp_path / "shape.csv"
    path.write_text("x,y\n0.5,0.4\n0.8,0.4\n0.8,0.6\n0.5,0.6\n\n1.0,0.2\n1.2,0.2\n1.1,0.4\n")
    shape = shape_of_csv(path)
    assert [len(outline) for outline in shape.outlines] == [4, 3]
    assert shape.distance(np.array([0.65]), np.array([0.5]))[0] == pytest.approx(-0.1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no polygon"),
        ("0,0\n1,1\n", "three finite vertices"),
        ("0,0\n1,1\n2,2\n", "no area"),
        ("0,0\n1,b\n0,1\n", "line 2"),
        ("0,0\n1,nan\n0,1\n", "three finite vertices"),
    ],
)
def test_a_csv_that_is_no_polygon_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "shape.csv"
    path.write_text(text)
    with pytest.raises(SolverError, match=said):
        shape_of_csv(path)
    with pytest.raises(SolverError, match="cannot be read"):
        shape_of_csv(tmp_path / "none.csv")
