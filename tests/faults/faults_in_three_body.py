"""Mistakes in the three-body solvers that an expert could make, each with the test that must notice."""

from fault import planted

__all__ = ["FAULTS"]

ANSWERS = "tests/solvers/three_body/test_tb_answers.py"
LAWS = "tests/solvers/three_body/test_tb_laws.py"
TROUBLE = "tests/solvers/three_body/test_tb_faults.py"

FAULTS = (
    *planted(
        "solvers/three_body/regularised.py",
        ANSWERS,
        (
            "constants[n, 6 + k] = -1 / (4 * mass[n, k])",
            "constants[n, 6 + k] = -1 / (4 * mass[n, i])",
            "test_a_triangle_of_unequal_masses_turns_as_lagrange_found",
        ),
        (
            "constants[n, 3 + k] = (1 / mass[n, i] + 1 / mass[n, j]) / 8",
            "constants[n, 3 + k] = (1 / mass[n, i] + 1 / mass[n, k]) / 8",
            "test_a_triangle_of_unequal_masses_turns_as_lagrange_found",
        ),
        (
            "store(out, row + 12, scale * r0 * r12)",
            "store(out, row + 12, 1.001 * scale * r0 * r12)",
            "test_a_triangle_of_unequal_masses_turns_as_lagrange_found",
        ),
    ),
    *planted(
        "solvers/three_body/dormand_prince_frames.py",
        ANSWERS,
        (
            "total = fma(total, share if d % 2 else left",
            "total = fma(total, left if d % 2 else share",
            "test_it_agrees_with_an_integrator_written_by_others",
        ),
        (
            "at = minimum(maximum(at - step,",
            "at = minimum(maximum(at + step,",
            "test_the_closest_approach_is_that_of_the_ellipse",
        ),
    ),
    *planted(
        "solvers/three_body/newton.py",
        TROUBLE,
        (
            "off = abs(energy - potential) / constants[bodies + 2, lane]",
            "off = abs(energy - potential) / potential",
            "test_at_a_coarse_tolerance_what_has_lost_its_energy_is_not_called_solved",
        ),
    ),
    *planted(
        "solvers/three_body/dormand_prince.py",
        ANSWERS,
        (
            "until[0, lane] = shares[0, lane]",
            "until[0, lane] = 1.0",
            "test_the_closest_approach_is_that_of_the_ellipse",
        ),
    ),
    *planted(
        "solvers/three_body/dormand_prince.py",
        TROUBLE,
        (
            "lost = drift[0, lane] > WORTHLESS or not h[0, lane] > 1e-250",
            "lost = not h[0, lane] > 1e-250",
            "test_at_a_coarse_tolerance_what_has_lost_its_energy_is_not_called_solved",
        ),
    ),
    *planted(
        "solvers/three_body/fixed_steps.py",
        LAWS,
        (
            "share = select(away, later, share)",
            "share = later",
            "test_a_sample_s_answer_depends_on_no_other_sample_nor_on_threads",
        ),
        (
            "kinetic = load(constants, bodies + 1, 8)",
            "kinetic = fill(0.0, 8)",
            "test_halving_the_step_divides_the_error_by_two_to_the_order",
        ),
        (
            "return np.array([*outer, 1 - 2 * sum(outer), *reversed(outer)])",
            "return np.array([*outer, 1 - 2 * sum(outer), *outer])",
            "test_halving_the_step_divides_the_error_by_two_to_the_order",
        ),
    ),
    *planted(
        "solvers/three_body/barycentre.py",
        LAWS,
        (
            "at = centre[i, 0] + centre[i, 1] * times[f]",
            "at = centre[i, 0]",
            "test_a_turned_moved_and_drifting_start_gives_the_turned_moved_and_drifting_answer",
        ),
    ),
    *planted(
        "solvers/three_body/compiled_solver.py",
        TROUBLE,
        (
            "found[lost], status[lost] = np.nan, Status.DIVERGED",
            "pass",
            "test_a_step_far_too_long_is_marked_where_it_ends_in_nonsense",
        ),
        (
            "if refused.any():",
            "if refused.all():",
            "test_two_bodies_at_one_place_are_refused_and_the_others_solved",
        ),
    ),
    *planted(
        "solvers/three_body/certified.py",
        "tests/solvers/three_body/test_tb_certified.py",
        (
            "doubtful = np.flatnonzero(~(estimate <= self.agreement) & (status != Status.REFUSED))",
            "doubtful = np.flatnonzero(status == Status.DIVERGED)",
            "test_what_two_runs_disagree_on_is_solved_in_long_words_and_the_rest_is_not",
        ),
        (
            "apart = 2 * np.maximum(*distances) / self.system.extent(queries)[:, None]",
            "apart = 2 * np.maximum(*distances)",
            "test_a_system_of_another_size_is_certified_alike",
        ),
        (
            "array[error > self.agreement] = np.nan",
            "pass",
            "test_softened_bodies_on_which_two_runs_disagree_are_marked_and_known_before",
        ),
        (
            "notes=self._notes(status),",
            "notes=fine.notes[:0],",
            "test_a_start_with_two_bodies_at_one_place_stays_refused",
        ),
    ),
    *planted(
        "solvers/three_body/projection.py",
        "tests/solvers/three_body/test_tb_projection.py",
        (
            "by_spin = np.stack([mass * vy, -mass * vx, -mass * y, mass * x])",
            "by_spin = np.stack([mass * vy, mass * vx, -mass * y, mass * x])",
            "test_disturbed_states_get_their_energy_and_spin_back_and_come_no_farther_from_the_truth",
        ),
        (
            "[:, None, None, None] / mass",
            "[:, None, None, None] + 0 * mass",
            "test_a_barycentre_that_rests_goes_on_to_rest",
        ),
    ),
    *planted(
        "solvers/three_body/system.py",
        "tests/solvers/three_body/test_tb_system.py",
        (
            "generator.uniform([-0.5, 0.0], [0.0, 1.0])",
            "generator.uniform([-0.5, 0.0], [0.0, 0.8])",
            "test_the_standard_starts_are_those_of_breen_and_fill_their_region",
        ),
        (
            "square + self.softening**2)",
            "square)",
            "test_the_invariants_are_those_written_out_by_hand",
        ),
    ),
)
