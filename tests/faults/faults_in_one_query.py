"""Mistakes in what is charged, judged and said of networks of coordinates, each with its test."""

from fault import planted

__all__ = ["FAULTS"]

FAULTS = (
    *planted(
        "experiments/one_query.py",
        "tests/experiments/test_one_query.py",
        (
            "seconds = [record.seconds + evaluating for record in one.records]",
            "seconds = [evaluating for record in one.records]",
            "test_a_network_pays_its_training_as_the_time_of_its_answer",
        ),
        (
            "surrogate.weights = snapshot",
            "pass",
            "test_its_error_is_that_of_the_network_that_was_kept",
        ),
        (
            "np.zeros_like(v[:, : len(times)])",
            "np.ones_like(v[:, : len(times)])",
            "test_nothing_is_worse_than_nothing",
        ),
    ),
    *planted(
        "experiments/one_query_report.py",
        "tests/experiments/test_one_query.py",
        (
            "return min(self.limits.values(), default=0.0)",
            "return max(self.limits.values(), default=0.0)",
            "test_all_are_compared_after_the_shortest_training_and_by_their_first_seed",
        ),
        (
            "float(np.median(times))",
            "float(np.min(times))",
            "test_a_mark_is_reached_when_half_of_the_seeds_have",
        ),
        (
            "np.interp(np.log(max(seconds, 1e-9)), np.log(times), np.log(errors))",
            "np.interp(max(seconds, 1e-9), times, np.log(errors))",
            "test_between_two_snapshots_the_error_is_straight_in_logarithms",
        ),
    ),
    *planted(
        "experiments/pinn_candidates.py",
        "tests/experiments/test_one_query.py",
        (
            "if unknown:",
            "if False:",
            "test_a_change_reaches_the_part_that_has_it_and_a_misspelt_one_is_refused",
        ),
        (
            "dataclasses.replace(recommended, descent=descent), seeds=1, limit=short",
            "recommended, seeds=1, limit=short",
            "test_the_recommended_have_three_seeds_and_all_the_time_the_others_one_and_a_fifth",
        ),
    ),
    *planted(
        "solvers/heat/ladder.py",
        "tests/experiments/test_one_query.py",
        (
            "[SineSeries(system), *differences]",
            "differences",
            "test_the_exact_series_is_an_opponent_and_no_more_exact_than_a_double",
        ),
    ),
    *planted(
        "experiments/over_numbers.py",
        "tests/experiments/test_over_numbers.py",
        (
            'task.answers / len(training_set.split("train"))',
            "1",
            "test_the_bill_is_of_answers_that_were_told",
        ),
        (
            'return replace(entry, kind="surrogate", remark=',
            "return replace(entry, remark=",
            "test_interpolation_is_judged_and_the_mean_is_a_null",
        ),
    ),
    *planted(
        "experiments/inverse_problems.py",
        "tests/experiments/test_bench_inverse.py",
        (
            "+ deviations[name] * generator",
            "+ 2 * deviations[name] * generator",
            "test_data_are_the_solvers_answer_and_noise_of_the_size_that_is_told",
        ),
        (
            "self.times[measured.frames]",
            "self.times[measured.frames - 1]",
            "test_what_a_network_is_told_are_the_same_values_at_their_places",
        ),
    ),
    *planted(
        "experiments/bench_inverse_numbers.py",
        "tests/experiments/test_bench_inverse.py",
        (
            '"error_bar": found * spread,',
            '"error_bar": 3 * found * spread,',
            "test_the_solvers_fit_is_the_best_estimate_there_can_be",
        ),
        (
            "(~(off <= FAR * bars)).sum()",
            "(off > FAR * bars).sum()",
            "test_missed_is_what_is_far_or_was_not_found",
        ),
    ),
    *planted(
        "experiments/bench_burgers_deepxde.py",
        "tests/experiments/test_bench_burgers.py",
        (
            '- VISCOSITY * at("u", x=2)}',
            '- 2 * VISCOSITY * at("u", x=2)}',
            "test_the_plain_problem_is_the_systems_with_nothing_built_in",
        ),
        (
            "ratio = np.median(errors",
            "ratio = np.min(errors",
            "test_a_row_is_the_median_of_its_seeds_and_says_how_far_off_the_peer_is",
        ),
    ),
)
