"""Mistakes in pipe flow, mixtures, categories and trees, each with the test that must notice."""

from fault import planted

__all__ = ["FAULTS"]

PIPES = "tests/solvers/pipe_flow/test_pipe_flow.py"
COMPARED = "tests/experiments/test_pipe_flow.py"
CATEGORIES = "tests/surrogates/test_categories.py"
EXPERTS = "tests/surrogates/test_mixture_of_experts.py"
TREES = "tests/surrogates/test_boosted_trees.py"

FAULTS = (
    *planted(
        "solvers/pipe_flow/exact.py",
        PIPES,
        (
            "(PACE / np.log(omega * b / PACE)) ** 2",
            "((omega - PACE * a / b) / PACE) ** -2",
            "test_the_closed_form_loses_no_digits_and_says_so",
        ),
        ("PACE * a / b)", "a / b)", "test_the_closed_form_is_moodys_chart"),
    ),
    *planted(
        "solvers/pipe_flow/colebrook.py",
        PIPES,
        (
            "64 / np.minimum(reynolds, LAMINAR_UNTIL)",
            "64 / reynolds",
            "test_the_critical_zone_is_a_straight_line_between_its_ends",
        ),
        (
            "(values >= TURBULENT_FROM)",
            "(values > TURBULENT_FROM)",
            "test_the_critical_zone_is_a_straight_line_between_its_ends",
        ),
        (
            "share * root.pow(-2)) - 1",
            "share * root.pow(-2)) - share",
            "test_the_residual_vanishes_on_the_law_of_each_regime_and_nowhere_else",
        ),
    ),
    *planted(
        "solvers/pipe_flow/solvers.py",
        PIPES,
        (
            "(1 + 2 / np.log(10) * slope / inside)",
            "(1 + 2 * slope / inside)",
            "test_newton_squares_the_error_and_the_fixed_point_leaves_a_share_of_it",
        ),
        (
            "(roughness / GRAINS) ** 1.11",
            "(roughness / GRAINS) ** 1.2",
            "test_formulae_are_as_close_as_their_authors_say_and_no_closer",
        ),
        (
            "root[left] = np.nan",
            "pass",
            "test_what_does_not_reach_the_tolerance_has_no_answer_and_the_others_theirs",
        ),
        (
            "left = left[moved]",
            "left = left if moved.any() else left[:0]",
            "test_no_sample_depends_on_another_and_the_answer_is_the_same_at_all_times",
        ),
    ),
    *planted(
        "solvers/pipe_flow/compiled_solver.py",
        PIPES,
        (
            'np.float32 if self.precision == "single" else np.float64',
            "np.float64",
            "test_compiled_newton_is_newton_in_either_precision",
        ),
    ),
    *planted(
        "solvers/pipe_flow/kernels.py",
        PIPES,
        (
            "(over + off * (1.0 + off / 3.0))",
            "(over + off)",
            "test_clamonds_iteration_is_as_close_as_its_author_says",
        ),
    ),
    *planted(
        "solvers/pipe_flow/system.py",
        PIPES,
        (
            "(material == np.floor(material)) & ",
            "",
            "test_pipes_that_make_no_sense_are_refused_by_name",
        ),
    ),
    *planted(
        "datasets/groups.py",
        "tests/datasets/test_groups.py",
        (
            "**self.system.groups(queries)",
            "**self.system.groups({**queries, 'diameter': 1 + 0 * queries['diameter']})",
            "test_answers_are_asked_in_groups",
        ),
        (
            "if own[name] != other[name]:",
            "if False:",
            "test_sets_of_a_system_with_other_parameters_are_refused",
        ),
    ),
    *planted(
        "datasets/picture.py",
        "tests/datasets/test_groups.py",
        ("if values.size == 1:", "if False:", "test_a_set_without_axes_is_sound_has_a_card_and_a_picture"),
    ),
    *planted(
        "surrogates/affine_span.py",
        CATEGORIES,
        (
            "said.where(own.logarithms, 0.0).exp(), said)",
            "said, said)",
            "test_a_span_of_logarithms_is_the_span_of_the_logarithms",
        ),
        (
            "if not bool((positive > 0).all()):",
            "if False:",
            "test_what_is_not_positive_has_no_logarithm",
        ),
    ),
    *planted(
        "surrogates/categories.py",
        CATEGORIES,
        (
            "table[found] != singles",
            "table[found] < singles",
            "test_a_code_that_was_not_seen_is_refused_by_name",
        ),
    ),
    *planted(
        "surrogates/span_map.py",
        CATEGORIES,
        (
            '"known": dict(self.known)',
            '"known": {}',
            "test_it_comes_back_from_disk_with_its_codes",
        ),
        (
            "if self.known and not self._number_shapes:",
            "if False:",
            "test_codes_without_a_number_are_refused",
        ),
    ),
    *planted(
        "surrogates/confidence.py",
        CATEGORIES,
        (
            "linear = not outputs.logarithmic",
            "linear = True",
            "test_timed_pairs_have_categories_too_and_start_exactly",
        ),
    ),
    *planted(
        "surrogates/blocks/mixture_of_experts.py",
        EXPERTS,
        (
            "best if self.active == 1 else best / best",
            "best / best",
            "test_a_single_expert_s_answer_moves_the_gate",
        ),
        (
            "best / best.sum(dim=-1, keepdim=True)",
            "best",
            "test_the_most_probable_experts_answer_each_row_and_any_shape",
        ),
        (
            "routing.chosen == number",
            "routing.chosen >= 0",
            "test_only_the_chosen_experts_are_computed",
        ),
        (
            "return experts * (cls",
            "return (cls",
            "test_the_balance_is_one_where_all_are_asked_alike_and_their_number_where_one_is",
        ),
        (
            "gate + self.active * expert",
            "gate + expert",
            "test_what_is_stored_and_what_is_active_are_counted",
        ),
    ),
    *planted(
        "surrogates/mixture.py",
        CATEGORIES,
        (
            "return error + self.weight * mixture",
            "return error + 0 * mixture",
            "test_the_balance_keeps_more_experts_at_work",
        ),
        (
            "found.append(routing)",
            "found[:] = [routing]",
            "test_a_mixture_says_what_share_each_expert_was_asked",
        ),
    ),
    *planted(
        "surrogates/tree_kernels.py",
        TREES,
        (
            "seen <= number[node]",
            "seen < number[node]",
            "test_walks_go_left_where_smaller_or_equal_and_by_the_sets_of_codes",
        ),
        (
            "missing_left[node] != 0",
            "missing_left[node] == 0",
            "test_walks_go_left_where_smaller_or_equal_and_by_the_sets_of_codes",
        ),
    ),
    *planted(
        "surrogates/tree_growing.py",
        TREES,
        (
            "early_stopping=False",
            "early_stopping=True",
            "test_our_walk_says_what_the_library_says",
        ),
        (
            'bitorder="little"',
            'bitorder="big"',
            "test_our_walk_says_what_the_library_says",
        ),
    ),
    *planted(
        "experiments/pipe_findings.py",
        COMPARED,
        (
            ' and find_spec("sklearn") is None',
            "",
            "test_a_missing_library_is_named_only_where_it_is_missing",
        ),
    ),
    *planted(
        "experiments/pipe_figures.py",
        COMPARED,
        (
            "found = roughness[within.any(axis=1)]",
            "found = roughness",
            "test_a_chart_of_other_pipes_has_the_lines_that_these_have",
        ),
    ),
    *planted(
        "experiments/command.py",
        COMPARED,
        (
            "chosen.items() if isinstance(command, Training) else ()",
            "chosen.items()",
            "test_trees_without_their_library_are_refused_before_anything_is_solved",
        ),
    ),
    *planted(
        "surrogates/boosted_trees.py",
        TREES,
        (
            "kept.append(grown.first(best))",
            "kept.append(grown)",
            "test_as_many_trees_are_kept_as_are_best_on_the_validation_pairs",
        ),
        (
            "np.exp(p) if n in",
            "p if n in",
            "test_codes_and_decades_are_learned",
        ),
    ),
)
