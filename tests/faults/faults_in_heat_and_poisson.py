"""Mistakes in the equations of heat and of Poisson, each with the test that must notice."""

from fault import planted

__all__ = ["FAULTS"]

HEAT = "tests/solvers/heat/test_heat.py"
POISSON = "tests/solvers/poisson/test_poisson.py"

FAULTS = (
    *planted(
        "solvers/methods/sine_polynomials.py",
        "tests/solvers/methods/test_sine_polynomials.py",
        (
            "every * (points - 1) - 1, axis=axis)",
            "every * (points - 1), axis=axis)",
            "test_the_polynomial_goes_through_the_points_and_is_the_series_between_them",
        ),
    ),
    *planted(
        "solvers/heat/exact.py",
        HEAT,
        (
            "np.pi / self.system.length * np",
            "np.pi * np",
            "test_each_wave_decays_at_its_own_rate_off_the_unit_scale",
        ),
        (
            "np.abs(start).max(axis=1)[:, None] * np.exp(-decayed)",
            "np.abs(values).max(axis=1)[:, None] * np.exp(-decayed)",
            "test_the_estimate_bounds_the_round_off_of_the_series_and_not_by_much",
        ),
    ),
    *planted(
        "solvers/heat/solvers.py",
        HEAT,
        (
            "right[:-1] += beside * u[1:]",
            "right[1:] += beside * u[:-1]",
            "test_finite_differences_do_to_each_wave_what_their_matrices_say",
        ),
        (
            "ratio = diffusivity * share * self.step",
            "ratio = diffusivity * self.step",
            "test_half_the_step_leaves_what_the_order_says",
        ),
        (
            "alike = diffusivity == number",
            "alike = diffusivity <= number",
            "test_a_sample_s_diffusivity_is_its_own",
        ),
    ),
    *planted(
        "solvers/heat/system.py",
        HEAT,
        (
            "speed[..., :-2] + 10 * speed[..., 1:-1] + speed[..., 2:]",
            "12 * speed[..., 1:-1]",
            "test_the_residual_of_the_exact_solution_falls_with_the_fourth_power_of_spacing_and_interval",
        ),
    ),
    *planted(
        "solvers/heat/equations.py",
        "tests/solvers/heat/test_heat_equations.py",
        (
            'at("diffusivity") * at("u", x=2)',
            'at("u", x=2)',
            "test_the_equations_point_by_point_vanish_on_the_exact_solution",
        ),
    ),
    *planted(
        "solvers/poisson/solvers.py",
        POISSON,
        ("square / 6 *", "square / 12 *", "test_fast_differences_solve_their_matrices"),
    ),
    *planted(
        "solvers/poisson/system.py",
        POISSON,
        (
            "(8 * _middle(f) + _beside(f)) / 12",
            "_middle(f)",
            "test_the_residual_knows_the_nine_points_and_falls_with_the_fourth_power_for_the_exact_answer",
        ),
        (
            "f[:, 0], f[:, -1], f[:, :, 0]",
            "f[:, 0], f[:, :, 0]",
            "test_what_cannot_be_answered_is_said_or_marked",
        ),
    ),
    *planted(
        "solvers/poisson/equations.py",
        POISSON,
        (
            "parity(given, axis=1)",
            "parity(given, axis=0)",
            "test_a_source_s_parities_about_the_middle_are_mirrors",
        ),
    ),
)
