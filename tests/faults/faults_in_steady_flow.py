"""Mistakes in the steady-flow solvers that an expert could make, each with the test that must notice."""

from fault import planted

__all__ = ["FAULTS"]

ANSWERS = "tests/solvers/steady_flow/test_sf_answers.py"
LAWS = "tests/solvers/steady_flow/test_sf_laws.py"
TROUBLE = "tests/solvers/steady_flow/test_sf_faults.py"
GEOMETRY = "tests/solvers/steady_flow/test_sf_geometry.py"

FAULTS = (
    *planted(
        "solvers/steady_flow/momentum.py",
        ANSWERS,
        (
            "drag += share * (grip * (here - lid) if j == rows - 1",
            "drag += share * (grip * (here - 0.5 * lid) if j == rows - 1",
            "test_between_a_wall_at_rest_and_a_moving_one_the_speed_is_the_height",
        ),
        (
            "total = inertia * (north * north - south * south + right * east - left * west)",
            "total = inertia * (north * north - south * south + right * east - right * west)",
            "test_a_manufactured_flow_is_found_to_second_order",
        ),
        (
            "resistance += np.where(beside, friction * (1 / near - 1), 0.0)",
            "resistance += 0.0",
            "test_the_cylinder_of_schaefer_and_turek",
        ),
    ),
    *planted(
        "solvers/steady_flow/momentum.py",
        LAWS,
        (
            "fu[j, i] = total + friction * drag + share * ku[j, i] * here",
            "fu[j, i] = total + 1.001 * friction * drag + share * ku[j, i] * here",
            "test_the_equations_written_a_second_time_hold_for_the_answer",
        ),
    ),
    *planted(
        "solvers/steady_flow/stream.py",
        LAWS,
        (
            "along = (self.ku[:, 1:-1] * self.u[:, 1:-1]).sum()",
            "along = (self.ku[:, 1:-1] * self.u[:, 1:-1]).clip(0).sum()",
            "test_drag_is_what_the_flow_loses_between_inflow_and_outflow",
        ),
    ),
    *planted(
        "solvers/steady_flow/stream_newton.py",
        LAWS,
        (
            "error = np.sqrt(change / whole) / 3",
            "error = np.sqrt(change / whole) / 30",
            "test_halving_the_cells_quarters_the_error_and_the_estimate_knows_it",
        ),
    ),
    *planted(
        "solvers/steady_flow/system.py",
        TROUBLE,
        (
            "elif ndimage.label(~solid)[1] > 1:",
            "elif ndimage.label(~solid)[1] > 2:",
            "test_fluid_that_is_shut_in_is_refused",
        ),
    ),
    *planted(
        "solvers/steady_flow/geometry.py",
        GEOMETRY,
        (
            "inside = not inside",
            "inside = True",
            "test_the_distance_to_a_turned_square_is_negative_within",
        ),
    ),
    *planted(
        "solvers/methods/nested_dissection.py",
        "tests/solvers/methods/test_nested_dissection.py",
        (
            "for r in (r0 - 1, r1):",
            "for r in (r0 - 1,):",
            "test_it_solves_as_a_general_sparse_solver_does",
        ),
    ),
)
