"""Mistakes in autoencoders, phases, codes and what is observed, each with the test that notices it."""

from fault import planted

__all__ = ["FAULTS"]

FAULTS = (
    *planted(
        "surrogates/blocks/autoencoder.py",
        "tests/surrogates/test_autoencoder.py",
        (
            "self.expand.weight.copy_(start.T)",
            "self.expand.weight.copy_(2 * start.T)",
            "test_a_new_one_is_the_projection_that_it_is_given_or_keeps_the_first_numbers",
        ),
        (
            "return flat if self.bend is None else flat + self.bend(samples)",
            "return flat",
            "test_where_every_projection_folds_a_curve_the_encoder_unfolds_it",
        ),
        (
            "start = torch.eye(features)[:latent]",
            "start = torch.eye(features)[-latent:]",
            "test_a_new_one_is_the_projection_that_it_is_given_or_keeps_the_first_numbers",
        ),
    ),
    *planted(
        "surrogates/blocks/phase_alignment.py",
        "tests/surrogates/test_autoencoder.py",
        (
            "return shifted(field, -phase), phase",
            "return shifted(field, phase), phase",
            "test_the_shape_has_phase_zero_and_moves_back_to_the_field",
        ),
        (
            "numbers[-1] = 0",
            "pass",
            "test_moving_twice_is_moving_by_the_sum_whatever_the_field",
        ),
    ),
    *planted(
        "surrogates/latent_fit.py",
        "tests/surrogates/test_autoencoder.py",
        (
            "window = (window - window[:, :1, -1:] * _last(window)).to(dtype)",
            "window = window.to(torch.float32).to(dtype)",
            "test_steps_that_are_exact_cost_nothing_and_phases_count_by_their_changes",
        ),
        (
            "self._noise * noise * (1 - _last(code))",
            "self._noise * noise",
            "test_noise_disturbs_the_code_and_not_the_phase",
        ),
    ),
    *planted(
        "surrogates/latent_stepper.py",
        "tests/surrogates/test_latent_stepper.py",
        (
            "if before < first.validation_error:",
            "if False:",
            "test_a_code_is_never_worse_than_the_components_that_it_began_at",
        ),
        (
            "            frames.refuse_strange(state)\n",
            "",
            "test_a_state_off_the_span_of_those_that_were_learned_is_refused",
        ),
        (
            "error = self._one_step_error(validation)",
            "error = lost",
            "test_what_training_says_of_one_step_is_the_error_of_one_step",
        ),
        (
            "return codes + self.scale * self.network(codes[:, :-1])",
            "return codes + self.scale * self.network(codes[:, :-1] + codes[:, -1:])",
            "test_with_the_phase_told_apart_it_commutes_with_every_translation",
        ),
        (
            "turns = turns - 2 * math.pi * (turns / (2 * math.pi)).round()",
            "turns = turns + 0.0",
            "test_it_forecasts_shape_and_place",
        ),
        (
            "if memory is None:",
            "if True:",
            "test_it_stays_in_the_code_between_two_steps",
        ),
    ),
    *planted(
        "surrogates/latent_frames.py",
        "tests/surrogates/test_latent_stepper.py",
        (
            "return self.span.deviation / self.span.deviation.square().sum().sqrt()",
            "return self.span.deviation",
            "test_frames_come_back_from_their_coordinates",
        ),
        (
            "chosen = possible if align is None else align",
            "chosen = align is not False",
            "test_walls_are_learned_without_a_phase_and_aligning_them_is_refused",
        ),
    ),
    *planted(
        "datasets/observations.py",
        "tests/datasets/test_observations.py",
        (
            "seen = scipy.signal.resample(seen, frames.shape[axis] // self.factor, axis=axis)",
            "seen = np.take(seen, np.arange(0, frames.shape[axis], self.factor), axis=axis)",
            "test_waves_that_are_too_short_leave_nothing_instead_of_passing_for_longer_ones",
        ),
        (
            "return {SEEN: known * (frames + noise), KNOWN: known}",
            "return {SEEN: known * frames + noise, KNOWN: known}",
            "test_gaps_are_zero_and_named_and_what_is_seen_has_the_noise_asked_for",
        ),
        (
            "generator = np.random.default_rng([*self._seed, trajectory])",
            "generator = np.random.default_rng(self._seed)",
            "test_what_is_random_depends_on_seed_split_and_window_alone",
        ),
        (
            "first = start * self.every",
            "first = start",
            "test_pairs_are_windows_of_the_trajectories_in_order",
        ),
    ),
)
