"""Mistakes in systems' equations point by point, each with the test that must notice."""

from fault import planted

__all__ = ["FAULTS"]

HOLD = "tests/solvers/test_equations_hold.py"

FAULTS = (
    *planted(
        "solvers/kuramoto_sivashinsky/equations.py",
        HOLD,
        (
            "+ wider**4 *",
            "- wider**4 *",
            "test_kuramoto_sivashinsky",
        ),
        ("+ wider * u *", "+ u *", "test_kuramoto_sivashinsky"),
        ('"momentum": left - forcing', '"momentum": left + forcing', "test_kuramoto_sivashinsky"),
    ),
    *planted(
        "solvers/three_body/equations.py",
        HOLD,
        ("force[c][:, 0, body - 1]", "force[1 - c][:, 0, body - 1]", "test_three_bodies"),
        ("y[:, None], mass)", "y[:, None], mass.flip(-1))", "test_masses_that_differ"),
    ),
    *planted(
        "solvers/three_body/equations.py",
        "tests/surrogates/test_pinn_systems.py",
        ("(t / horizon).square()", "t / horizon", "test_what_it_says_is_built_in_is"),
    ),
    *planted(
        "solvers/steady_flow/equations.py",
        HOLD,
        ("u * shear + v * stretch + at", "u * shear - v * stretch + at", "test_steady_flow"),
        (
            "-u * turn - v * shear + at",
            "-u * turn - v * shear - at",
            "test_steady_flow",
        ),
        (
            'at("p") - at("viscosity") * at("psi", x=1, y=1)',
            'at("p") + at("viscosity") * at("psi", x=1, y=1)',
            "test_steady_flow",
        ),
    ),
)
