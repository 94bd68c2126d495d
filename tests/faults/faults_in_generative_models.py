"""Mistakes in refining, its losses, adversaries and diffusions, each with the test that notices it."""

from fault import planted

__all__ = ["FAULTS"]

FAULTS = (
    *planted(
        "surrogates/blocks/fourier_resampling.py",
        "tests/surrogates/test_fourier_resampling.py",
        (
            "(0.5 if count > old else 2.0)",
            "1.0",
            "test_a_line_is_resampled_as_scipy_does_it",
        ),
        (
            "field = _along(field, axis - len(points), count)",
            "field = _along(field, -1, count)",
            "test_several_axes_are_resampled_one_after_the_other",
        ),
    ),
    *planted(
        "surrogates/blocks/consistency.py",
        "tests/surrogates/test_fourier_resampling.py",
        (
            "return without_seen(field, coarse) + resampled(seen, grid)",
            "return field + resampled(seen, grid)",
            "test_the_view_of_a_consistent_field_is_the_one_asked_for",
        ),
    ),
    *planted(
        "surrogates/blocks/charbonnier.py",
        "tests/surrogates/test_refinement_losses.py",
        (
            "square / self.scale**2",
            "square / self.scale",
            "test_the_slope_of_charbonnier_is_its_closed_form",
        ),
    ),
    *planted(
        "surrogates/blocks/spectral_loss.py",
        "tests/surrogates/test_refinement_losses.py",
        ("images[-1] = 1.0", "pass", "test_unweighted_the_spectral_loss_is_the_mean_square"),
        (
            "(1 + lengths) ** self.power",
            "lengths**self.power",
            "test_waves_count_by_their_length_their_strength_and_their_place",
        ),
        (
            "apart = self.phases * _square(first - second)",
            "apart = _square(first - second)",
            "test_waves_count_by_their_length_their_strength_and_their_place",
        ),
    ),
    *planted(
        "surrogates/blocks/feature_loss.py",
        "tests/surrogates/test_refinement_losses.py",
        (
            ".requires_grad_(False)",
            ".requires_grad_(True)",
            "test_gradients_reach_the_answer_and_never_the_features",
        ),
        (
            "return super().train(False)",
            "return super().train(mode)",
            "test_the_features_are_a_copy_that_stays_in_evaluation",
        ),
        (
            "list(copy.deepcopy(features))",
            "list(features)",
            "test_the_features_are_a_copy_that_stays_in_evaluation",
        ),
    ),
    *planted(
        "surrogates/blocks/discriminator.py",
        "tests/surrogates/test_adversary.py",
        (
            "convolutions = [spectral_norm(one) for one in convolutions]",
            "pass",
            "test_bounded_each_kernel_has_the_singular_value_one",
        ),
    ),
    *planted(
        "surrogates/blocks/gradient_penalty.py",
        "tests/surrogates/test_adversary.py",
        (
            "slope.square().flatten(1).sum(dim=1).mean()",
            "slope.square().mean()",
            "test_the_penalty_of_a_linear_critic_is_the_square_of_its_weights",
        ),
        (
            "create_graph=True",
            "create_graph=False",
            "test_the_penalty_is_a_mean_over_samples_and_differentiable",
        ),
    ),
    *planted(
        "surrogates/blocks/preconditioned_denoiser.py",
        "tests/surrogates/test_denoising.py",
        (
            "level * self.deviation / whole.sqrt()",
            "level / whole.sqrt()",
            "test_what_the_network_sees_and_has_to_say_has_unit_variance",
        ),
        (
            "into * noisy, factors.told",
            "noisy, factors.told",
            "test_what_the_network_sees_and_has_to_say_has_unit_variance",
        ),
    ),
    *planted(
        "surrogates/blocks/noise_conditioning.py",
        "tests/surrogates/test_denoising.py",
        (
            "field * (1 + factor) + shift",
            "field * factor + shift",
            "test_a_new_conditioning_changes_nothing_and_then_scales_and_shifts_channels",
        ),
    ),
    *planted(
        "surrogates/blocks/heun_sampler.py",
        "tests/surrogates/test_denoising.py",
        (
            "0.5 * (slope + later)",
            "slope",
            "test_heun_converges_to_the_exact_flow_with_second_order_and_euler_with_first",
        ),
        (
            "math.sqrt(more**2 - 1)",
            "math.sqrt(more - 1)",
            "test_samples_of_normal_data_have_its_mean_and_covariance",
        ),
    ),
    *planted(
        "surrogates/blocks/proper_scores.py",
        "tests/surrogates/test_proper_scores.py",
        ("apart / (count * (count - 1))", "apart / count**2", "test_small_ensembles_score_alike_on_average"),
        (
            "((count + 1) / count * members.var(dim=0).mean()).sqrt()",
            "members.var(dim=0).mean().sqrt()",
            "test_spread_and_skill_are_equal_where_the_truth_might_be_a_member",
        ),
    ),
    *planted(
        "surrogates/coarse_interpolation.py",
        "tests/surrogates/test_refiners.py",
        (
            'bc_type="periodic"',
            'bc_type="natural"',
            "test_cubic_and_linear_interpolation_go_around_the_line_as_scipys_do",
        ),
    ),
    *planted(
        "surrogates/coarse_regression.py",
        "tests/surrogates/test_refiners.py",
        (
            "self._parted(fields - resampled(seen, self.grid))",
            "self._parted(fields)",
            "test_regression_finds_a_linear_law_of_which_fourier_knows_nothing",
        ),
        (
            "turned = sums % np.array(coarse)[:, None, None]",
            "turned = np.minimum(sums, np.array(coarse)[:, None, None] - 1)",
            "test_regression_commutes_with_translations_by_cells_and_keeps_the_view",
        ),
    ),
    *planted(
        "surrogates/refinement_scaling.py",
        "tests/surrogates/test_refiners.py",
        (
            "lacking = (squares / views.fields.numel()) ** 0.5",
            "lacking = squares / views.fields.numel()",
            "test_units_are_those_of_the_fields_and_of_what_the_interpolation_lacks",
        ),
    ),
    *planted(
        "surrogates/super_resolution.py",
        "tests/surrogates/test_super_resolution.py",
        (
            "return without_seen(self.network(shown), self.coarse)",
            "return self.network(shown)",
            "test_the_coarse_view_of_an_answer_is_the_one_that_was_given",
        ),
    ),
    *planted(
        "surrogates/refining_fit.py",
        "tests/surrogates/test_super_resolution.py",
        (
            'plain_to_optimiser(self._optimiser, parts["optimiser"], {})',
            "pass",
            "test_with_an_adversary_a_run_that_broke_off_resumes_to_the_same_bits",
        ),
        (
            "functional.softplus(-self._critic(",
            "functional.softplus(self._critic(",
            "test_the_answer_is_judged_by_what_the_critic_has_just_learned",
        ),
    ),
    *planted(
        "surrogates/training_run.py",
        "tests/surrogates/test_super_resolution.py",
        (
            'self.objective.restore(parts["objective"])',
            "pass",
            "test_with_an_adversary_a_run_that_broke_off_resumes_to_the_same_bits",
        ),
    ),
    *planted(
        "surrogates/residual_denoiser.py",
        "tests/surrogates/test_field_diffusion.py",
        (
            "self.passed(white) / self.gain",
            "self.passed(white) / self.passed.gain",
            "test_noise_has_unit_size_and_is_not_seen",
        ),
        (
            "return without_seen(self.denoiser(noisy, level, shown), self.coarse)",
            "return self.denoiser(noisy, level, shown)",
            "test_every_member_has_the_coarse_view",
        ),
    ),
    *planted(
        "surrogates/denoising_fit.py",
        "tests/surrogates/test_field_diffusion.py",
        (
            "score = crps(found.transpose(0, 1).double(), lacking.double()).mean()",
            "score = (found.double().mean(dim=1) - lacking.double()).abs().mean()",
            "test_weights_are_judged_by_the_score_of_the_ensemble_and_not_by_the_error_of_its_mean",
        ),
        (
            "lacking + strength * module.noise(noise)",
            "lacking + module.noise(noise)",
            "test_the_ensemble_doubts_as_much_as_it_errs_and_scores_better_than_a_mean",
        ),
    ),
    *planted(
        "datasets/observations.py",
        "tests/surrogates/test_refiners.py",
        (
            "gives: ClassVar[type] = Observations",
            "gives: ClassVar[type] = Pairs",
            "test_a_task_that_observes_nothing_is_refused_before_training",
        ),
    ),
    *planted(
        "experiments/direct_insertion.py",
        "tests/experiments/test_direct_insertion.py",
        (
            "state += (history[:, i] - state @ down) @ up",
            "state = history[:, i] @ up",
            "test_a_grid_that_is_not_compiled_answers_as_one_that_is",
        ),
        (
            "if self._tables is not None:",
            "if self._tables is None:",
            "test_what_is_timed_is_the_solver_and_not_the_loop_around_it",
        ),
        (
            "seen[:, -self.frames :]",
            "seen[:, : self.frames]",
            "test_one_frame_is_interpolated",
        ),
    ),
    *planted(
        "solvers/methods/lane_insertion.py",
        "tests/experiments/test_direct_insertion.py",
        (
            "lacking[c] -= state[p] * down[p, c]",
            "lacking[c] -= 0.5 * state[p] * down[p, c]",
            "test_a_step_is_the_solvers_and_then_the_frame_replaces_what_is_seen",
        ),
        (
            "lacking[c] = seen[first + sample, frame, c]",
            "lacking[c] = seen[sample, frame, c]",
            "test_the_compiled_loop_answers_as_one_solution_after_another",
        ),
    ),
    *planted(
        "experiments/refinement_comparison.py",
        "tests/experiments/test_super_resolution.py",
        (
            "queries[SEEN][:, -frames:]",
            "queries[SEEN][:, :frames]",
            "test_who_rebuilds_windows_is_given_the_last_frames_and_answers_the_last",
        ),
        (
            "row.label not in ensembles",
            "True",
            "test_ensembles_are_scored_as_such_and_plain_answers_by_their_absolute_error",
        ),
    ),
    *planted(
        "experiments/refinement_measures.py",
        "tests/experiments/test_super_resolution.py",
        (
            "(waves > true.shape[-1] / factor / 2)",
            "(waves > 0)",
            "test_spectra_are_compared_in_decades_where_nothing_is_seen",
        ),
    ),
)
