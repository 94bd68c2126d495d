"""Mistakes in what networks need to learn by an equation, each with the test that must notice."""

from fault import planted

__all__ = ["FAULTS"]

FAULTS = (
    *planted(
        "surrogates/quasi_newton.py",
        "tests/surrogates/test_quasi_newton.py",
        (
            "mixed = -share / along / scale",
            "mixed = share / along / scale",
            "test_on_a_bowl_the_inverse_hessian_is_learned",
        ),
        (
            "known = np.array(gradient, dtype=np.float64)",
            "known = np.asarray(gradient, dtype=np.float64)",
            "test_an_objective_may_use_its_array_again",
        ),
        (
            "if value <= enough and np.isfinite(gradient).all() and value < self.value:",
            "if np.isfinite(gradient).all():",
            "test_a_cliff_is_not_climbed_and_an_edge_not_crossed",
        ),
        (
            "scale = min(most * root, sigma) if theta <= 0 else most * min(root, 1 / theta)",
            "scale = 1.0",
            "test_scaling_pays_where_the_first_guess_is_far_too_stiff",
        ),
    ),
    *planted(
        "surrogates/blocks/jet_perceptron.py",
        "tests/surrogates/test_jet_perceptron.py",
        (
            "_times(3 * f[2] * one, two)",
            "_times(2 * f[2] * one, two)",
            "test_derivatives_are_those_of_nested_differentiation",
        ),
        (
            "bell * (2 - square)",
            "bell * (1 - square)",
            "test_derivatives_are_those_of_nested_differentiation",
        ),
    ),
)
