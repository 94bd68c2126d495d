"""Mistakes in rebuilding windows that an expert could make, each with the test that must notice it."""

from fault import planted

__all__ = ["FAULTS"]

FAULTS = (
    *planted(
        "surrogates/blocks/linear_gaussian.py",
        "tests/surrogates/test_linear_gaussian.py",
        (
            "covariance = transition @ covariance @ transition.mT + process_noise",
            "covariance = transition.mT @ covariance @ transition + process_noise",
            "test_the_filter_is_the_exact_posterior_of_what_came_until_then",
        ),
        (
            "innovation = information[:, frame] - _times(said, mean)",
            "innovation = information[:, frame]",
            "test_the_filter_is_the_exact_posterior_of_what_came_until_then",
        ),
        (
            "later = mean - found.predicted_means[:, frame + 1]",
            "later = mean - found.means[:, frame + 1]",
            "test_the_smoother_is_the_exact_posterior",
        ),
        (
            "found.predicted_roots[:, frame + 1]).mT",
            "found.predicted_roots[:, frame]).mT",
            "test_the_smoother_is_the_exact_posterior",
        ),
        (
            "gain @ (process_noise + covariance) @ gain.mT",
            "gain @ covariance @ gain.mT",
            "test_the_smoother_is_the_exact_posterior",
        ),
    ),
    *planted(
        "surrogates/blocks/k_means.py",
        "tests/surrogates/test_k_means.py",
        (
            "nearest = torch.minimum(nearest, (samples - samples[place])",
            "nearest = torch.maximum(nearest, (samples - samples[place])",
            "test_the_first_centres_are_samples_and_lie_in_different_groups",
        ),
        (
            "sizes = 0.5 * centres.square().sum(dim=1)",
            "sizes = centres.square().sum(dim=1)",
            "test_each_iteration_goes_to_means_and_none_makes_it_worse",
        ),
        (
            "centres[empty] = samples[distances.topk(len(empty)).indices]",
            "centres[empty] = start[empty]",
            "test_a_centre_that_no_sample_is_near_takes_the_farthest_sample",
        ),
    ),
    *planted(
        "surrogates/blocks/patchwise_lstm.py",
        "tests/surrogates/test_patchwise_lstm.py",
        (
            "channels = torch.cat([ends[0], channels, ends[1]], dim=-1)",
            "channels = torch.cat([ends[1], channels, ends[0]], dim=-1)",
            "test_a_patch_sees_its_points_and_its_reach_around_the_end",
        ),
        (
            "rows = hidden.transpose(1, 2).flatten(0, 1)",
            "rows = hidden.flatten(0, 1)",
            "test_one_direction_knows_nothing_of_later_frames_and_two_do",
        ),
        (
            "bidirectional=directions == 2",
            "bidirectional=False",
            "test_one_direction_knows_nothing_of_later_frames_and_two_do",
        ),
    ),
    *planted(
        "surrogates/frame_components.py",
        "tests/surrogates/test_rebuilders.py",
        (
            "weights = known.double() / self.variance",
            "weights = known.double() / self.variance.sqrt()",
            "test_gappy_pod_is_the_mean_of_all_frames_that_could_be_were_frames_normal",
        ),
        (
            "(weights * (seen.double() - self.mean)) @ self.directions",
            "(weights * seen.double() - self.mean) @ self.directions",
            "test_with_nothing_known_the_training_mean_is_answered",
        ),
        (
            "squares / windows.known.double().sum().clamp(min=1)",
            "squares / windows.known.numel()",
            "test_the_kalman_smoother_learns_a_linear_system_from_its_trajectories",
        ),
    ),
    *planted(
        "surrogates/kalman_smoother.py",
        "tests/surrogates/test_rebuilders.py",
        (
            "left = after - before @ step.mT",
            "left = after - after.mean(dim=0)",
            "test_the_kalman_smoother_learns_a_linear_system_from_its_trajectories",
        ),
        (
            "states = torch.cat([numbers[:, order - 1 - k :][:, :frames] for k in range(order)], dim=2)",
            "states = torch.cat([numbers[:, k:][:, :frames] for k in range(order)], dim=2)",
            "test_states_of_more_frames_come_as_close_as_one_likes_to_a_system_of_which_one_number_is_seen",
        ),
        (
            "before.mT @ after).mT",
            "before.mT @ after)",
            "test_the_kalman_smoother_learns_a_linear_system_from_its_trajectories",
        ),
        (
            "best = min(errors,",
            "best = max(errors,",
            "test_noise_that_is_given_is_not_measured_and_chosen_inflations_do_not_harm",
        ),
    ),
    *planted(
        "surrogates/matrix_completion.py",
        "tests/surrogates/test_rebuilders.py",
        (
            "kept = (1 - by[..., None] / values.clamp(min=floor)).clamp(min=0)",
            "kept = (values > by[..., None]).to(values)",
            "test_shrinking_takes_from_every_singular_value",
        ),
        (
            "torch.where(gaps, found, seen)",
            "torch.where(gaps, 0.0, seen)",
            "test_a_matrix_of_low_rank_comes_back_from_enough_of_its_values",
        ),
    ),
    *planted(
        "surrogates/nearest_known.py",
        "tests/surrogates/test_rebuilders.py",
        (
            "sampling=(self.settings.frame, *",
            "sampling=(1.0, *",
            "test_the_nearest_value_is_the_nearest",
        ),
        (
            "n // 2, n // 2) if w else",
            "n // 2, n // 2) if not w else",
            "test_the_nearest_value_is_the_nearest",
        ),
    ),
    *planted(
        "surrogates/regimes.py",
        "tests/surrogates/test_rebuilders.py",
        ("(phase * (-windows", "(phase * (windows", "test_regimes_are_found_again_wherever_they_stand"),
        (
            "-(best % points))",
            "best % points)",
            "test_regimes_are_found_again_wherever_they_stand",
        ),
    ),
    *planted(
        "surrogates/rebuilder.py",
        "tests/surrogates/test_rebuilders.py",
        (
            "self.rebuild(torch.where(k > 0, s, 0.0), k)",
            "self.rebuild(s, k)",
            "test_what_stands_in_the_gaps_is_not_looked_at",
        ),
    ),
    *planted(
        "surrogates/rebuilding_fit.py",
        "tests/surrogates/test_lstm_smoother.py",
        (
            "return float(self._deviation) * (wrong / whole) ** 0.5",
            "return (wrong / whole) ** 0.5",
            "test_the_validation_error_is_that_of_the_answers",
        ),
    ),
    *planted(
        "surrogates/lstm_smoother.py",
        "tests/surrogates/test_lstm_smoother.py",
        (
            "reach=chosen.reach if self.local else 0",
            "reach=chosen.reach - 1 if self.local else 0",
            "test_it_is_built_as_its_settings_say",
        ),
        (
            "mean = frames.mean().expand(frames.shape[1]) if self.local else frames.mean(dim=0)",
            "mean = frames.mean(dim=0)",
            "test_on_a_periodic_line_what_it_learned_in_one_place_holds_in_all",
        ),
        (
            "module.reading.bias.copy_(weights[-1])",
            "module.reading.bias.zero_()",
            "test_the_linear_reading_it_starts_from_is_the_best_there_is",
        ),
    ),
    *planted(
        "surrogates/lstm_smoother.py",
        "tests/surrogates/test_lstm_smoother.py",
        (
            "for w in (own, judged) for part",
            "for w in (own,) for part",
            "test_a_run_resumes_only_with_the_gaps_and_the_validation_it_began_with",
        ),
        (
            "for part in (w.seen, w.known, w.true))",
            "for part in (w.true,))",
            "test_a_run_resumes_only_with_the_gaps_and_the_validation_it_began_with",
        ),
    ),
    *planted(
        "experiments/window_fit.py",
        "tests/experiments/test_window_fit.py",
        (
            "misfit.reshape(len(seen), -1)) - amplitudes",
            "misfit.reshape(len(seen), -1))",
            "test_it_ends_where_no_small_move_of_the_start_makes_it_better",
        ),
        (
            "better = here.cost < before.cost",
            "better = np.isfinite(here.cost)",
            "test_a_rejected_step_is_mended_within_two_iterations",
        ),
        (
            'np.einsum("bjj->bj", after.curvature) * damping[moving, None]',
            "np.ones_like(after.slope) * damping[moving, None]",
            "test_a_rejected_step_is_mended_within_two_iterations",
        ),
        (
            "(np.abs(move).max(axis=1) < SETTLED)",
            "(np.abs(move).max(axis=1) < 0)",
            "test_it_stops_where_nothing_moves",
        ),
        (
            "np.sqrt((np.abs(modes) ** 2).mean(axis=0) / 2)",
            "np.sqrt((np.abs(modes) ** 2).mean(axis=0))",
            "test_the_climate_is_that_of_waves_whose_size_is_known",
        ),
        (
            "part = slice(None, frames)",
            "part = slice(None)",
            "test_early_iterations_see_the_first_frames_alone",
        ),
    ),
    *planted(
        "solvers/methods/lane_fit.py",
        "tests/experiments/test_window_fit.py",
        (
            "i == 0 or length != lengths[i - 1]",
            "i == 0",
            "test_what_fewer_frames_cost_is_not_compared_with_what_more_do",
        ),
    ),
    *planted(
        "solvers/methods/lane_descent.py",
        "tests/experiments/test_window_fit.py",
        (
            "max(1.0, 10 * damping[window])",
            "10 * damping[window]",
            "test_a_rejected_step_is_mended_within_two_iterations",
        ),
    ),
    *planted(
        "solvers/methods/lane_descent.py",
        "tests/solvers/methods/test_lane_fit.py",
        (
            "kept += not (largest < settled and costs[window] < np.inf)",
            "kept += 1",
            "test_a_window_that_would_move_no_more_is_done_and_others_go_on",
        ),
    ),
    *planted(
        "solvers/methods/lane_gram.py",
        "tests/solvers/methods/test_lane_fit.py",
        (
            "physical[row, 0] if block == 0 else fields[0, row, 0]",
            "physical[row, 0]",
            "test_sums_are_those_of_all_products",
        ),
    ),
    *planted(
        "solvers/methods/lane_run.py",
        "tests/solvers/methods/test_lane_fit.py",
        (
            "np.diff(targets[early:], prepend=terms - 1)",
            "np.diff(targets[early:], prepend=0)",
            "test_short_runs_are_those_of_the_solver",
        ),
    ),
)
