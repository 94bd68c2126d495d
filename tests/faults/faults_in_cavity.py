"""Mistakes in the lid-driven cavity, each with the test that must notice."""

from fault import planted

__all__ = ["FAULTS"]

FAULTS = (
    *planted(
        "solvers/cavity/equations.py",
        "tests/solvers/cavity/test_cavity.py",
        (
            "-TURN * (math.pi * along - 2 * below) / square",
            "-TURN * (math.pi * along + 2 * below) / square",
            "test_a_corner_s_flow_obeys_its_walls_and_creeps",
        ),
        (
            'at("psi", y=1) * at("omega", x=1) - at("psi", x=1) * at("omega", y=1)',
            'at("psi", y=1) * at("omega", x=1) + at("psi", x=1) * at("omega", y=1)',
            "test_the_equations_hold_for_the_solver_s_answer",
        ),
        (
            "up * (left * of(x, 1 - y)",
            "up * (up * of(x, 1 - y)",
            "test_both_corners_together_have_the_walls_values_and_slopes",
        ),
    ),
    *planted(
        "solvers/cavity/solvers.py",
        "tests/solvers/cavity/test_cavity.py",
        (
            "slope_y + surface(middles, middles, dx=1)",
            "slope_y + surface(middles, middles, dy=1)",
            "test_the_middle_s_velocity_is_what_others_have_found",
        ),
    ),
    *planted(
        "solvers/cavity/system.py",
        "tests/solvers/cavity/test_cavity.py",
        (
            "carried - viscosity * _laplacian(omega, h)",
            "carried + viscosity * _laplacian(omega, h)",
            "test_the_residual_of_an_answer_falls_and_that_of_another_does_not",
        ),
    ),
)
