"""Mistakes in Burgers' equation and in what spectral solvers share, each with the test that must notice."""

from fault import planted

__all__ = ["FAULTS"]

TESTS = "tests/solvers/burgers/test_burgers.py"

FAULTS = (
    *planted(
        "solvers/burgers/exact.py",
        TESTS,
        (
            " - mean * offsets * h / (2 * viscosity)",
            "",
            "test_in_a_moving_frame_the_same_happens_elsewhere",
        ),
        (
            "kernel = -((offsets * h) ** 2) / (4 * viscosity * time)",
            "kernel = -((offsets * h) ** 2) / (2 * viscosity * time)",
            "test_the_quadrature_is_another_quadrature_s",
        ),
    ),
    *planted(
        "solvers/methods/line_symmetries.py",
        TESTS,
        (
            "-np.roll(u[..., ::-1], 1, axis=-1)",
            "-u[..., ::-1]",
            "test_the_mean_stays_energy_falls_and_odd_starts_stay_odd",
        ),
    ),
    *planted(
        "solvers/burgers/reference.py",
        TESTS,
        ("values[bad] = np.nan", "pass", "test_what_cannot_be_answered_is_said_or_marked"),
    ),
    *planted(
        "solvers/methods/spectral_system.py",
        TESTS,
        (
            "queries[self.number].to(u)[:, None, None]",
            "2 * queries[self.number].to(u)[:, None, None]",
            "test_the_residual_of_the_exact_solution_falls_with_the_fourth_power_of_the_interval",
        ),
    ),
    *planted(
        "solvers/methods/spectral_solver.py",
        TESTS,
        ("alike = numbers == number", "alike = numbers <= number", "test_a_sample_s_viscosity_is_its_own"),
    ),
    *planted(
        "solvers/methods/fourier.py",
        TESTS,
        ("[..., ::every]", "[..., :points]", "test_the_spectral_solver_and_the_quadrature_agree"),
    ),
)
