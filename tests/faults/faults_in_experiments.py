"""Mistakes in comparing that an expert could make, each with the test that must notice it."""

from fault import planted

__all__ = ["FAULTS"]

FAULTS = (
    *planted(
        "solvers/methods/threads.py",
        "tests/experiments/test_timing.py",
        (
            "import scipy.linalg  # noqa: F401 - see below",
            "",
            "test_a_library_that_compiled_code_calls_is_pinned_wherever_it_is_loaded",
        ),
    ),
    *planted(
        "experiments/free_runs.py",
        "tests/experiments/test_free_runs.py",
        (
            '("solver", solver, group * runs)',
            '("solver", solver, 0)',
            "test_the_solver_at_another_step_is_within_its_own_sampling_error",
        ),
        (
            "distances(a, first[label][0]) for a in own",
            'distances(a, first["solver"][0]) for a in own',
            "test_a_wrong_amplitude_is_many_sampling_errors_away",
        ),
        (
            "total / runs",
            "total",
            "test_the_solver_at_another_step_is_within_its_own_sampling_error",
        ),
    ),
    *planted(
        "experiments/compare.py",
        "tests/experiments/test_compare.py",
        (
            "contestant.answered or answer(",
            "answer(",
            "test_what_was_answered_already_is_judged_and_not_asked_for_again",
        ),
        (
            "counted = plan.counted\n",
            "counted = slice(None)\n",
            "test_queries_whose_truth_is_not_known_do_not_count",
        ),
        (
            "scores.append(plan.metric.score(solution, plan.truth)[counted])",
            "scores.append(plan.metric.score(solution, plan.truth)[counted & solution.solved])",
            "test_failed_samples_are_counted_and_spoil_the_score",
        ),
    ),
    *planted(
        "experiments/compare.py",
        "tests/experiments/test_throughput.py",
        (
            "chosen = pool[np.arange(size) % len(pool)]",
            "chosen = np.arange(size) % len(self.counted)",
            "test_alone_everybody_is_asked_the_same_queries_that_count_and_only_for_the_timed_times",
        ),
        (
            "            plan.timed,\n",
            "            plan.times,\n",
            "test_alone_everybody_is_asked_the_same_queries_that_count_and_only_for_the_timed_times",
        ),
    ),
    *planted(
        "experiments/compare.py",
        "tests/experiments/test_verdict.py",
        (
            "return float(np.median(self.scores))",
            "return float(np.mean(self.scores))",
            "test_an_accuracy_is_a_median_over_all_samples_and_seeds_and_failures_keep_their_rank",
        ),
        (
            "return self.data + self.training + self.tuning",
            "return self.training",
            "test_break_even_repays_data_training_and_tuning_in_the_modes_own_time",
        ),
        (
            "np.median(self.scores, axis=1)",
            "np.median(self.scores, axis=0)",
            "test_an_accuracy_is_a_median_over_all_samples_and_seeds_and_failures_keep_their_rank",
        ),
    ),
    *planted(
        "experiments/envelope.py",
        "tests/experiments/test_envelope.py",
        (
            "np.interp(quality, self.quality, np.log(self.seconds))",
            "np.log(self.seconds[-1])",
            "test_cost_is_straight_in_quality_and_log_seconds",
        ),
        (
            'return Cost(float(self.seconds[-1]), ">=")',
            'return Cost(float(self.seconds[-1]), "=")',
            "test_beyond_the_ladder_the_cost_is_a_bound",
        ),
        (
            "gain = solver.seconds - surrogate",
            "gain = solver.seconds",
            "test_break_even_is_the_bill_over_the_gain",
        ),
        (
            "np.exp(np.interp(quality, self.quality, np.log(self.seconds)))",
            "np.interp(quality, self.quality, self.seconds)",
            "test_cost_is_straight_in_quality_and_log_seconds",
        ),
        (
            'turned: dict[Sign, Sign] = {"=": "=", "<=": ">=", ">=": "<="}',
            'turned: dict[Sign, Sign] = {"=": "=", "<=": "<=", ">=": ">="}',
            "test_break_even_is_the_bill_over_the_gain",
        ),
        (
            "np.lexsort((-quality, seconds))",
            "np.arange(len(seconds))",
            "test_no_setting_lies_above_its_envelope",
        ),
    ),
    *planted(
        "experiments/metrics.py",
        "tests/experiments/test_metrics.py",
        (
            "beyond = errors > threshold",
            "beyond = errors < threshold",
            "test_valid_time_is_the_interpolated_crossing_in_lyapunov_times",
        ),
        (
            "return result / characteristic_time",
            "return result * characteristic_time",
            "test_valid_time_is_the_interpolated_crossing_in_lyapunov_times",
        ),
        (
            "times[k - 1] + share",
            "times[k] + share",
            "test_valid_time_is_the_interpolated_crossing_in_lyapunov_times",
        ),
        (
            "result[i] = times[known[i] - 1]",
            "result[i] = times[-1]",
            "test_where_the_truth_ends_a_valid_forecast_counts_up_to_there_and_a_wrong_one_no_further",
        ),
        (
            "np.isfinite(errors), errors, np.inf)",
            "np.isfinite(errors), errors, 0.0)",
            "test_a_frame_that_is_not_finite_has_an_infinite_error",
        ),
        (
            "np.sqrt(difference / points) / size",
            "np.sqrt(difference) / size",
            "test_frame_error_is_the_relative_size_of_the_difference",
        ),
        (
            "return number if self.higher_is_better else -number",
            "return number",
            "test_quality_grows_with_accuracy_for_both_kinds_of_metric",
        ),
        (
            "np.sqrt((errors**2).sum(axis=1) / (sizes**2).sum(axis=1))",
            "np.mean(errors / sizes, axis=1)",
            "test_relative_error_weighs_all_frames_together_and_sees_the_tenth_digit",
        ),
        (
            "(given - true)",
            "(given.astype(np.float32) - true)",
            "test_relative_error_weighs_all_frames_together_and_sees_the_tenth_digit",
        ),
    ),
    *planted(
        "experiments/stages.py",
        "tests/experiments/test_stages.py",
        (
            'task.examples(training_set, "train")',
            'task.examples(training_set, "test")',
            "test_it_learns_from_the_train_split_of_its_set_and_is_judged_on_valid",
        ),
        (
            'task.examples(training_set, "valid")',
            'task.examples(training_set, "train")',
            "test_it_learns_from_the_train_split_of_its_set_and_is_judged_on_valid",
        ),
        ("seed=job.seed,", "seed=0,", "test_each_seed_learns_anew_and_a_null_model_only_once"),
        (
            'for split in ("train", "valid")',
            'for split in ("train", "valid", "test")',
            "test_the_bill_is_the_data_that_was_learned_from_and_chosen_by_not_the_test_data",
        ),
        (
            "float(np.median(seconds))",
            "float(np.mean(seconds))",
            "test_the_bill_is_the_data_of_its_own_set_and_one_training",
        ),
        (
            "load(place, fingerprint=training_set.fingerprint, device",
            "load(place, device",
            "test_what_was_trained_on_another_set_is_refused",
        ),
        ('"dtype": candidate.dtype,\n', "", "test_what_was_trained_otherwise_is_refused_by_name"),
    ),
    *planted(
        "experiments/chaos.py",
        "tests/experiments/test_chaos_starts.py",
        (
            "times = back * main.interval - interval * np.arange(frames - 1, -1, -1.0)",
            "times = interval * np.arange(float(frames))",
            "test_each_frame_of_a_history_leads_to_the_next_and_the_last_is_the_start",
        ),
    ),
    *planted(
        "experiments/hybrid.py",
        "tests/experiments/test_three_body.py",
        (
            "whole[chosen], whole[~chosen] = one, other",
            "whole[chosen], whole[~chosen] = other[:1], one[:1]",
            "test_a_hybrid_asks_the_solver_exactly_where_more_than_the_threshold_is_expected",
        ),
        (
            "second = solver(_some(queries, ~trusted), times)",
            "second = solver(queries, times)",
            "test_a_hybrid_asks_each_side_only_for_its_own_starts",
        ),
        (
            "trusted = expected(queries) <= threshold",
            "trusted = ~(expected(queries) > threshold)",
            "test_a_hybrid_asks_the_solver_exactly_where_more_than_the_threshold_is_expected",
        ),
    ),
    *planted(
        "experiments/verdict.py",
        "tests/experiments/test_verdict.py",
        (
            "place = 1 - share if metric.higher_is_better else share",
            "place = share",
            "test_at_an_equal_error_of_nine_in_ten_the_worst_answers_count",
        ),
        (
            "one.settings == row.settings)",
            "False)",
            "test_a_control_is_compared_with_its_like_in_the_ladder_and_not_with_the_envelope",
        ),
        (
            "max(high, 1 / low) for low, high in controls",
            "high for low, high in controls",
            "test_a_speed_up_within_what_the_control_shows_is_level",
        ),
    ),
    *planted(
        "experiments/throughput.py",
        "tests/experiments/test_throughput.py",
        (
            "self.readings[size].append(seconds / size)",
            "self.readings[size].append(seconds)",
            "test_the_seconds_of_a_batch_are_shared_by_its_queries",
        ),
        (
            "key=lambda n: float(np.median(self.readings[n]))",
            "key=lambda n: self.readings[n][0]",
            "test_the_batch_is_the_size_with_the_least_median_whatever_one_reading_said",
        ),
        (
            "if one.spent <= budget * done:",
            "if True:",
            "test_a_slow_contestant_is_timed_in_fewer_rounds",
        ),
        (
            "if one.spent <= budget * done:",
            "if one.spent <= budget:",
            "test_the_readings_of_a_dear_contestant_are_spread_among_all_rounds",
        ),
    ),
    *planted(
        "experiments/timing.py",
        "tests/experiments/test_timing.py",
        (
            "return cls(float(median)",
            "return cls(float(np.mean(seconds))",
            "test_a_timing_has_the_median_of_the_calls_and_the_first_apart",
        ),
    ),
    *planted(
        "experiments/verdict.py",
        "tests/experiments/test_verdict.py",
        (
            "else solver.seconds / seconds,",
            "else seconds / solver.seconds,",
            "test_speed_up_is_the_solvers_time_at_this_accuracy_over_the_surrogates",
        ),
        (
            "naive=references[0].seconds(mode) / seconds",
            "naive=solver.seconds / seconds",
            "test_speed_up_is_the_solvers_time_at_this_accuracy_over_the_surrogates",
        ),
        (
            "generator.integers(samples, size=samples)",
            "np.arange(samples)",
            "test_the_interval_comes_from_drawing_the_queries_again_alike_for_all",
        ),
        (
            "row.scores[:, self.queries]",
            "row.scores[:, self.queries[::-1]]",
            "test_the_interval_comes_from_drawing_the_queries_again_alike_for_all",
        ),
        (
            "[0.025, 0.975]",
            "[0.25, 0.75]",
            "test_the_interval_comes_from_drawing_the_queries_again_alike_for_all",
        ),
        (
            "elif row.device != device:",
            "elif False:",
            "test_what_ran_on_another_device_gets_no_number_but_the_naive_one",
        ),
        (
            "elif ceiling is not None and accuracy == ceiling:",
            "elif False:",
            "test_a_median_that_is_the_best_score_there_is_is_not_compared",
        ),
        (
            "off = max([1.0, *(",
            "off = min([1.0, *(",
            "test_a_speed_up_within_what_the_control_shows_is_level",
        ),
        (
            "return high >= 1 and low",
            "return high >= self.noise[0] and low",
            "test_a_speed_up_within_what_the_control_shows_is_level",
        ),
        ("skill = all(", "skill = any(", "test_skill_is_to_beat_every_null_model"),
        (
            'if row.kind == "ladder"]\n    return Envelope',
            "]\n    return Envelope",
            "test_the_reference_is_no_part_of_the_ladder",
        ),
        (
            "break_even(row.bill.total,",
            "break_even(row.bill.training,",
            "test_break_even_repays_data_training_and_tuning_in_the_modes_own_time",
        ),
        (
            "metric.quality(np.array([reached_by(share, row.scores, metric) for row in ladder])),",
            "metric.quality(np.array([reached_by(share, row.scores, metric) for row in ladder])) + 0.1,",
            "test_speed_up_is_the_solvers_time_at_this_accuracy_over_the_surrogates",
        ),
        (
            "10.0**number",
            "np.exp(number)",
            "test_speed_up_is_the_solvers_time_at_this_accuracy_over_the_surrogates",
        ),
    ),
)
