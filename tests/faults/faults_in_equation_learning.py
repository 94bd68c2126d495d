"""Mistakes in what networks need to learn by an equation, each with the test that must notice."""

from fault import planted

__all__ = ["FAULTS"]

FAULTS = (
    *planted(
        "surrogates/quasi_newton.py",
        "tests/surrogates/test_quasi_newton.py",
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
    ),
    *planted(
        "surrogates/curvature.py",
        "tests/surrogates/test_quasi_newton.py",
        (
            "mixed = -share / along / scale",
            "mixed = share / along / scale",
            "test_on_a_bowl_the_inverse_hessian_is_learned",
        ),
        (
            "scale = min(most * root, sigma) if theta <= 0 else most * min(root, 1 / theta)",
            "scale = 1.0",
            "test_scaling_pays_where_the_first_guess_is_far_too_stiff",
        ),
        (
            "found *= along[-1] / np.dot(self.changes[-1], self.changes[-1])",
            "found *= 1.0",
            "test_the_last_steps_stand_for_the_matrix_that_bfgs_has_of_them",
        ),
    ),
    *planted(
        "surrogates/blocks/jet_perceptron.py",
        "tests/surrogates/test_jet_perceptron.py",
        (
            "out.addcmul_(f[2], h[0] * h[1], value=3)",
            "out.addcmul_(f[2], h[0] * h[1], value=2)",
            "test_derivatives_are_those_of_nested_differentiation",
        ),
        (
            "bell * (2 - square)",
            "bell * (1 - square)",
            "test_derivatives_are_those_of_nested_differentiation",
        ),
        (
            "value=math.comb(m + n, m)",
            "value=1",
            "test_a_loss_of_derivatives_has_the_gradient_of_nested_differentiation",
        ),
    ),
    *planted(
        "surrogates/jet_kernels.py",
        "tests/surrogates/test_fast_jets.py",
        (
            "o2[b] += 3.0 * one_on * g3[b]",
            "o2[b] += one_on * g3[b]",
            "test_streams_and_gradients_are_those_of_torch",
        ),
    ),
)
