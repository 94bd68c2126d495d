"""Mistakes in learning that an expert could make, each with the test that must notice it."""

from fault import planted

__all__ = ["FAULTS"]

FAULTS = (
    *planted(
        "surrogates/affine_span.py",
        "tests/surrogates/test_affine_span.py",
        (
            "decoding = self.deviation[:, None] * self.basis * self.scale",
            "decoding = self.deviation[:, None] * self.basis",
            "test_what_was_dropped_comes_back_exactly",
        ),
        (
            "off = (centred - centred @ own.basis.T @ own.basis).abs()",
            "off = 0 * centred",
            "test_a_sample_off_the_span_is_refused_by_the_name_of_its_field",
        ),
        ("count > 2 * numbers", "count > 0", "test_few_samples_prove_no_dependence"),
    ),
    *planted(
        "surrogates/answering.py",
        "tests/surrogates/test_answer_networks.py",
        (
            "(time + 1) * (-0.5 * RISE)",
            "(time + 2) * (-0.5 * RISE)",
            "test_the_start_is_exact_where_it_is_known",
        ),
    ),
    *planted(
        "surrogates/blocks/spline_basis.py",
        "tests/surrogates/test_blocks.py",
        (
            "3 * v**3 - 6 * v**2 + 4",
            "3 * v**3 - 6 * v**2 + 3",
            "test_splines_are_those_of_another_library_the_same_times_or_not",
        ),
    ),
    *planted(
        "surrogates/confidence.py",
        "tests/surrogates/test_confidence.py",
        (
            "module.typical * (-said).exp()",
            "module.typical * said.exp()",
            "test_the_predicted_error_follows_the_known_noise_and_is_right_on_average",
        ),
    ),
    *planted(
        "surrogates/scattered.py",
        "tests/surrogates/test_interpolation.py",
        (
            "weights[~inside] = np.eye(coordinates + 1)[0]",
            "weights[~inside] = np.eye(coordinates + 1)[1]",
            "test_outside_of_the_training_queries_the_nearest_answers",
        ),
        (
            "np.maximum(distances[:, -1:], np.finfo(np.float64).tiny)",
            "distances[:, -1:]",
            "test_where_all_that_counts_is_at_one_place_it_answers_there",
        ),
    ),
    *planted(
        "surrogates/interpolation.py",
        "tests/surrogates/test_interpolation.py",
        (
            "place = (times + 1) * (0.5 * (frames - 1))",
            "place = (times + 1) * (0.5 * frames)",
            "test_polynomials_of_time_are_exact_between_frames",
        ),
        (
            "found.append((rows, own[places], shares))",
            "found.append((rows, places, shares))",
            "test_each_code_has_a_table_of_its_own",
        ),
        (
            "if not np.allclose(times, even,",
            "if False and np.allclose(times, even,",
            "test_times_that_are_not_even_are_refused",
        ),
    ),
    *planted(
        "surrogates/span_map.py",
        "tests/surrogates/test_answer_networks.py",
        (
            "return each if regular and",
            "return len(flat) if regular or",
            "test_a_batch_in_any_order_gets_the_same_answers",
        ),
    ),
    *planted(
        "surrogates/state_stepper.py",
        "tests/surrogates/test_state_stepper.py",
        (
            "self.span.refuse_off(flat)",
            "pass",
            "test_a_state_off_the_span_is_refused",
        ),
    ),
    *planted(
        "surrogates/checkpoints.py",
        "tests/surrogates/test_save_load.py",
        (
            "file.get_tensor(name).clone()",
            "file.get_tensor(name)",
            "test_what_is_read_begins_on_a_cache_line_as_what_was_computed_does",
        ),
    ),
    *planted(
        "surrogates/climatology.py",
        "tests/surrogates/test_null_models.py",
        (
            ".mean(axis=0) for i in range(len(examples))",
            ".mean(axis=0) for i in range(1)",
            "test_climatology_answers_the_training_mean_at_each_point",
        ),
    ),
    *planted(
        "surrogates/training_mean.py",
        "tests/surrogates/test_null_models.py",
        (
            "right=True) - 1).clamp(0",
            "right=True)).clamp(0",
            "test_the_training_mean_of_timed_pairs_is_that_of_each_time",
        ),
    ),
    *planted(
        "surrogates/answer_network.py",
        "tests/surrogates/test_answer_networks.py",
        (
            "prepared += seconds",
            "prepared += min(seconds, 0.2)",
            "test_a_training_that_broke_off_resumes_to_the_same_bits_and_bills_all_of_it",
        ),
    ),
    *planted(
        "surrogates/learned_multistep.py",
        "tests/surrogates/test_learned_multistep.py",
        (
            "classical = min(self._classical(points)",
            "classical = max(self._classical(points)",
            "test_learning_starts_from_the_classical_scheme_that_forecasts_best",
        ),
        (
            "chosen = int(np.argmin(misfits))",
            "chosen = int(np.argmax(misfits))",
            "test_learning_makes_forecasts_more_accurate_than_the_classical_scheme",
        ),
        (
            "if found is None or found[1] >= misfit:\n                    break",
            "if found is None:\n                    break",
            "test_it_says_so_when_nothing_learned_is_better_than_the_classical_scheme",
        ),
    ),
    *planted(
        "surrogates/multistep_sensitivity.py",
        "tests/surrogates/test_learned_multistep.py",
        (
            "2 * flux * scipy.fft.rfft(product)",
            "flux * scipy.fft.rfft(product)",
            "test_the_factor_is_the_derivative_of_the_forecast_error",
        ),
    ),
    *planted(
        "surrogates/linear_part.py",
        "tests/surrogates/test_steppers_learn.py",
        ("conserved, 0] = 0.0", "conserved, 0] = 1.0", "test_a_conserved_mean_stays_for_a_thousand_steps"),
    ),
    *planted(
        "surrogates/nvar.py",
        "tests/surrogates/test_nvar.py",
        (
            "int(np.argmin(misfits))",
            "int(np.argmax(misfits))",
            "test_the_noise_with_the_best_validation_forecast_is_kept",
        ),
        (
            "trials[:, :past], trials.shape[1] - past, 1)",
            "trials[:, 1 : past + 1], trials.shape[1] - past, 1)",
            "test_the_forecasts_that_choose_the_noise_begin_right_after_their_history",
        ),
    ),
    *planted(
        "surrogates/reservoir.py",
        "tests/surrogates/test_reservoir.py",
        (
            "states[:, ::2] **= 2",
            "states[:, 1::2] **= 2",
            "test_the_readout_is_the_ridge_solution_of_the_states_it_was_trained_on",
        ),
        (
            "noisy[start:stop], series[start + 1 : stop + 1]",
            "noisy[start:stop], series[start:stop]",
            "test_the_readout_is_the_ridge_solution_of_the_states_it_was_trained_on",
        ),
    ),
    *planted(
        "surrogates/ridge.py",
        "tests/surrogates/test_ridge.py",
        (
            "diagonal += ridge",
            "diagonal += ridge**2",
            "test_blocks_in_any_number_give_the_least_squares_solution",
        ),
        (
            "self._cross += cross",
            "self._cross = cross",
            "test_blocks_in_any_number_give_the_least_squares_solution",
        ),
    ),
    *planted(
        "surrogates/rollout.py",
        "tests/surrogates/test_steppers_learn.py",
        (
            "window[:, step]) / scale",
            "window[:, step - 1]) / scale",
            "test_it_learns_a_linear_map_without_the_linear_part",
        ),
        (
            "state = module(state)",
            "state = module(window[:, step - 1])",
            "test_unrolling_and_noise_change_what_is_learned",
        ),
        (
            "state = state + self._noise * noise",
            "state = state + 0 * noise",
            "test_unrolling_and_noise_change_what_is_learned",
        ),
    ),
    *planted(
        "surrogates/scaling.py",
        "tests/surrogates/test_scaling.py",
        (
            "np.sqrt(squares / count)",
            "squares / count",
            "test_scaling_is_the_mean_and_deviation_of_each_channel",
        ),
        (
            "squares = squares + shift**2 * count * size / (count + size)",
            "pass",
            "test_scaling_is_the_mean_and_deviation_of_each_channel",
        ),
        (
            "* self._column(self.deviation, state) + self",
            "* self._column(self.deviation, state) - self",
            "test_scaling_is_the_mean_and_deviation_of_each_channel",
        ),
    ),
    *planted(
        "surrogates/soap.py",
        "tests/surrogates/test_soap.py",
        (
            '/ (1 - self.momentum ** state["steps"])',
            "",
            "test_soap_is_adam_in_the_eigenbasis_of_the_gradients_moments",
        ),
        (
            "svd(across.double(), full_matrices=True)[0]",
            "svd(across.double(), full_matrices=True)[0].flip(-1)",
            "test_where_an_eigenvalue_routine_gives_up_the_basis_is_that_of_the_singular_vectors",
        ),
    ),
    *planted(
        "surrogates/surrogate.py",
        "tests/surrogates/test_save_load.py",
        (
            "if fingerprint is not None and card",
            "if False and card",
            "test_a_surrogate_is_refused_on_a_set_that_it_was_not_trained_on",
        ),
        (
            "write_whole(weights, content)",
            "write_whole(weights, content[: len(content) // 2])",
            "test_settings_within_settings_come_back_as_they_were",
        ),
    ),
    *planted(
        "surrogates/thinning.py",
        "tests/surrogates/test_reservoir_thinning.py",
        ("spectrum[..., -1] /= 2", "pass", "test_refining_passes_through_the_given_points"),
    ),
    *planted(
        "surrogates/training.py",
        "tests/surrogates/test_training.py",
        (
            "0.5 * (1 + math.cos(math.pi * done))",
            "0.5 * (1 + math.cos(math.pi / 2 * done))",
            "test_it_learns_a_line",
        ),
        (
            "module.load_state_dict(run.best)",
            "pass",
            "test_the_best_weights_are_kept_and_patience_ends_the_run",
        ),
    ),
    *planted(
        "surrogates/training_run.py",
        "tests/surrogates/test_training.py",
        (
            "_generator(self.seed, 0, epoch)",
            "_generator(0, 0, epoch)",
            "test_the_order_of_the_examples_is_the_seeds_own",
        ),
        (
            "if not self.errors or error < min",
            "if not self.errors or error > min",
            "test_the_best_weights_are_kept_and_patience_ends_the_run",
        ),
        (
            "_generator(self.seed, 1, self.step)",
            "_generator(self.seed, 1, 0)",
            "test_every_step_draws_numbers_of_its_own",
        ),
        (
            'self.step, self.before, self.errors = numbers["step"], numbers["seconds"], numbers["errors"]',
            'self.step, self.before = numbers["step"], numbers["seconds"]',
            "test_a_resumed_run_remembers_how_good_it_was_before",
        ),
        (
            'tensors |= {f"optimiser.{k}": v for k, v in moments.items()}',
            "pass",
            "test_a_run_that_broke_off_resumes_to_the_same_bits",
        ),
    ),
)
