"""Mistakes in networks that remember, each with the test that must notice it."""

from fault import planted

__all__ = ["FAULTS"]

FAULTS = (
    *planted(
        "surrogates/blocks/convolutional_lstm.py",
        "tests/surrogates/test_convolutional_lstm.py",
        (
            "enter, keep, new, show = (incoming",
            "keep, enter, new, show = (incoming",
            "test_with_kernels_of_one_point_it_is_the_lstm_of_torch_at_every_point",
        ),
        ("bias[1] = 1.0", "bias[0] = 1.0", "test_a_new_cell_keeps_what_it_has"),
        (
            '= "circular" if periodic else "zeros"',
            '= "zeros" if periodic else "circular"',
            "test_on_a_periodic_grid_it_commutes_with_translations_over_a_whole_sequence",
        ),
        (
            "hidden, cell = state\n",
            "hidden, cell = state[0], state[1].detach()\n",
            "test_a_cell_passes_its_gradient_on_by_the_product_of_the_forget_gates",
        ),
        (
            "torch.stack(shown, dim=1), (hidden, cell)",
            "torch.stack(shown, dim=1), (cell, hidden)",
            "test_a_sequence_at_once_is_its_steps_one_by_one",
        ),
    ),
    *planted(
        "surrogates/trajectory_windows.py",
        "tests/surrogates/test_steppers_learn.py",
        (
            "trajectories.frames - frames + 1",
            "trajectories.frames - frames",
            "test_it_overfits_eight_samples",
        ),
    ),
    *planted(
        "surrogates/trajectory_windows.py",
        "tests/surrogates/test_sequence_rollout.py",
        (
            "numbers // self._places, numbers % self._places",
            "numbers % len(self._trajectories), numbers // len(self._trajectories)",
            "test_the_loss_is_that_of_true_frames_first_and_of_its_own_answers_then",
        ),
    ),
    *planted(
        "surrogates/sequence_rollout.py",
        "tests/surrogates/test_sequence_rollout.py",
        (
            "window[:, first + 1 :]) / self._scale",
            "window[:, first : -1]) / self._scale",
            "test_the_loss_is_that_of_true_frames_first_and_of_its_own_answers_then",
        ),
        (
            "module(answers[-1][:, -1:], memory)",
            "module(answers[-1][:, -1:], None)",
            "test_the_loss_is_that_of_true_frames_first_and_of_its_own_answers_then",
        ),
        (
            "features, memory = module.remember(given, None)",
            "features, memory = module.remember(given.detach(), None); memory = memory.detach()",
            "test_the_gradient_comes_through_the_free_steps_and_the_whole_warm_up",
        ),
        (
            "given = given + chosen.input_noise * noise.to(self._device)",
            "window[:, : chosen.warm_up + 1] += chosen.input_noise * noise.to(self._device)",
            "test_noise_is_on_the_frames_that_are_given_and_not_on_those_that_are_wanted",
        ),
        (
            "places.round().long()",
            "places[:1].round().long()",
            "test_validation_is_the_first_step_after_a_warm_up_relative_to_the_state",
        ),
    ),
    *planted(
        "surrogates/recurrent_stepper.py",
        "tests/surrogates/test_recurrent.py",
        (
            "history = history[:, -frames:]",
            "history = history[:, :frames]",
            "test_of_a_longer_history_the_latest_frames_count",
        ),
        (
            "module(self.normalise(state)[:, None], memory)",
            "module(self.normalise(state)[:, None], None)",
            "test_stepping_is_torchs_own_network_run_over_the_whole_sequence",
        ),
        (
            "self.refuse_strange(history.flatten(0, 1))",
            "pass",
            "test_a_state_off_the_span_is_refused_in_the_history_too",
        ),
    ),
    *planted(
        "surrogates/recurrent.py",
        "tests/surrogates/test_recurrent.py",
        (
            "coordinates = states.flatten(1) / self.span.deviation.to(states)",
            "coordinates = states.flatten(1)",
            "test_stepping_is_torchs_own_network_run_over_the_whole_sequence",
        ),
        (
            'bias[width : 2 * width] = float(name.startswith("bias_ih"))',
            "bias[width : 2 * width] = 1.0",
            "test_the_forget_gates_of_a_new_lstm_start_with_a_bias_of_one_in_every_layer",
        ),
        (
            "SequenceWindow(chosen.warm_up, chosen.burn_in, chosen.unroll, chosen.input_noise)",
            "SequenceWindow(chosen.warm_up, chosen.burn_in, chosen.unroll, 0.0)",
            "test_noise_and_free_steps_and_burn_in_change_what_is_learned",
        ),
    ),
    *planted(
        "surrogates/convolutional_recurrent.py",
        "tests/surrogates/test_convolutional_recurrent.py",
        (
            "modes = self.propagation.modes(states.flatten(0, 1))",
            "modes = 0 * self.propagation.modes(states.flatten(0, 1))",
            "test_travelling_waves_are_exact_before_the_first_step_of_training",
        ),
        (
            "zip(self.cells, memory or [None] * len(self.cells), strict=True)",
            "zip(self.cells, [None] * len(self.cells), strict=True)",
            "test_a_sequence_taken_in_at_once_is_its_frames_one_by_one",
        ),
        (
            "self.refuse_other_than_periodic(examples)",
            "pass",
            "test_walls_are_refused",
        ),
    ),
    *planted(
        "experiments/sequence_models.py",
        "tests/experiments/test_sequence_models.py",
        (
            "KuramotoSivashinsky(22.0, 64)",
            "KuramotoSivashinsky(23.0, 64)",
            "test_sets_comparison_and_what_it_runs_beside_are_those_of_kuramoto_sivashinsky",
        ),
    ),
)
