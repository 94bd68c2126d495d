"""Mistakes in equations point by point and in networks of coordinates, each with the test that notices."""

from fault import planted

__all__ = ["FAULTS"]


FAULTS = (
    *planted(
        "solvers/methods/trigonometric.py",
        "tests/solvers/methods/test_trigonometric.py",
        (
            "spectrum[1 : (points + 1) // 2] *= 2",
            "spectrum[1 : points // 2 + 1] *= 2",
            "test_of_the_shortest_wave_the_cosine_is_kept_once",
        ),
    ),
    *planted(
        "solvers/methods/plain_spectral.py",
        "tests/solvers/allen_cahn/test_allen_cahn.py",
        (
            "operator.factor.astype(kind), operator.power",
            "operator.factor.astype(kind), 2",
            "test_the_two_engines_agree_on_cubes",
        ),
    ),
    *planted(
        "solvers/methods/two_runs.py",
        "tests/solvers/methods/test_two_runs.py",
        (
            "v[status != Status.SOLVED] = np.nan",
            "pass",
            "test_a_sample_that_is_not_known_well_enough_is_no_truth_and_the_others_are",
        ),
    ),
    *planted(
        "solvers/allen_cahn/equations.py",
        "tests/solvers/allen_cahn/test_allen_cahn_equations.py",
        (
            "spread = system.diffusivity * t",
            "spread = 2 * system.diffusivity * t",
            "test_the_solver_s_kink_is_rounded_so",
        ),
        (
            "system.rate * (u - u**3)",
            "u - u**3",
            "test_the_equation_holds_for_an_answer_and_for_no_other",
        ),
    ),
    *planted(
        "solvers/burgers/equations.py",
        "tests/solvers/burgers/test_burgers_equations.py",
        (
            'at("u", t=1) + u * at("u", x=1)',
            'at("u", t=1) + 0.5 * u * at("u", x=1)',
            "test_burgers_equation_holds_for_the_exact_solution_and_for_no_other",
        ),
    ),
    *planted(
        "solvers/asked_for.py",
        "tests/solvers/test_pointwise.py",
        (
            "highest > 1 and missing and not anywhere",
            "highest > 1 and len(missing) == 2 and not anywhere",
            "test_a_second_derivative_needs_both_ends_and_a_first_one_none",
        ),
    ),
    *planted(
        "surrogates/directions.py",
        "tests/surrogates/test_directions.py",
        (
            "(2, 1): ((1, -1, 0, -2), 6)",
            "(2, 1): ((1, -1, -2, 0), 6)",
            "test_derivatives_are_made_of_those_along_directions",
        ),
    ),
    *planted(
        "surrogates/blocks/coordinate_features.py",
        "tests/surrogates/test_coordinate_features.py",
        (
            "turned = speed**n *",
            "turned = speed.abs()**n *",
            "test_streams_of_features_are_their_nested_derivatives",
        ),
    ),
    *planted(
        "surrogates/pinn_network.py",
        "tests/surrogates/test_pinn_network.py",
        (
            "turned = torch.cat([vectors * sign,",
            "turned = torch.cat([vectors,",
            "test_derivatives_are_nested_ones_of_the_value",
        ),
        (
            "math.comb(n, j) * one[at[j]]",
            "one[at[j]]",
            "test_derivatives_are_nested_ones_of_the_value",
        ),
    ),
    *planted(
        "surrogates/pinn_points.py",
        "tests/surrogates/test_pinn_points.py",
        (
            "{mirror.reflected[0] for mirror in problem.mirrors}",
            "{name for mirror in problem.mirrors for name in mirror.reflected}",
            "test_one_half_for_each_mirror_is_enough_where_they_are_built_in",
        ),
    ),
)
