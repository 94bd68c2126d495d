"""Mistakes in what makes networks cheaper, or brings them elsewhere, each with the test that must notice."""

from fault import planted

__all__ = ["FAULTS"]

BLOCKS = "tests/surrogates/test_low_precision_blocks.py"
QUANTISED = "tests/surrogates/test_quantised_layers.py"
PRUNED = "tests/surrogates/test_magnitude_pruning.py"
ADAPTER = "tests/surrogates/test_low_rank_adapter.py"
MATRICES = "tests/surrogates/test_matrix_layers.py"
LAST = "tests/surrogates/test_last_layers.py"
LOWERED = "tests/surrogates/test_low_precision.py"
ADAPTED = "tests/surrogates/test_adapting.py"
DISTILLED = "tests/surrogates/test_distilling.py"
BENCH = "tests/experiments/test_bench_low_cost.py"

FAULTS = (
    *planted(
        "surrogates/blocks/bit_packing.py",
        BLOCKS,
        (
            "codes.flatten()[: math.prod(shape)]",
            "codes.T.flatten()[: math.prod(shape)]",
            "test_codes_come_out_of_their_bytes_as_they_went_in",
        ),
    ),
    *planted(
        "surrogates/blocks/ternary_linear.py",
        BLOCKS,
        (
            "weight.abs().mean()",
            "weight.abs().amax()",
            "test_ternary_values_are_the_nearest_in_units_of_the_mean_size",
        ),
        (
            "straight_through(values.to(weight.dtype), weight / scale), scale",
            "straight_through(values.to(weight.dtype), weight), scale",
            "test_gradients_pass_through_the_rounding_as_if_the_rounded_weights_moved",
        ),
    ),
    *planted(
        "surrogates/blocks/quantised_linear.py",
        QUANTISED,
        (
            "(values / scale).round()",
            "(values / scale).trunc()",
            "test_a_number_is_its_code_times_the_scale_to_half_a_scale",
        ),
        (
            "size * self.scale",
            "size.amax() * self.scale",
            "test_a_quantised_layer_is_the_product_of_whole_numbers",
        ),
        (
            "weights = functional.pad(weights, (0, -inputs % EIGHT, 0, -outputs % EIGHT))",
            "weights = functional.pad(weights, (0, -inputs % EIGHT))",
            "test_on_a_gpu_sizes_are_filled_up_to_those_that_it_multiplies",
        ),
    ),
    *planted(
        "surrogates/blocks/quantised_convolution.py",
        QUANTISED,
        (
            "for points in reversed(layer.padding)",
            "for points in layer.padding",
            "test_a_quantised_convolution_is_that_of_rounded_fields_and_weights",
        ),
        (
            "size.reshape(-1, 1).repeat_interleave(math.prod(grid), dim=0)",
            "size.reshape(-1, 1).repeat(math.prod(grid), 1)",
            "test_a_quantised_convolution_is_that_of_rounded_fields_and_weights",
        ),
    ),
    *planted(
        "surrogates/blocks/low_rank_adapter.py",
        ADAPTER,
        (
            "torch.zeros(rows, rank)",
            "torch.full((rows, rank), 1e-3)",
            "test_a_new_adapter_changes_nothing_and_a_merged_one_says_the_same",
        ),
        (
            "layer.parameters(recurse=False)",
            "layer.parameters()",
            "test_two_matrices_of_one_layer_are_adapted_apart",
        ),
    ),
    *planted(
        "surrogates/blocks/magnitude_pruning.py",
        PRUNED,
        (
            "weight.abs().flatten().argsort(stable=True)",
            "weight.flatten().argsort(stable=True)",
            "test_the_share_that_is_left_out_is_exact_and_smaller_than_what_stays",
        ),
        (
            "coming = coming + first.bias.square()",
            "coming = coming + 0",
            "test_the_weakest_neurons_go_and_one_stays",
        ),
        (
            "argsort(stable=True)[gone:].sort().values",
            "argsort(stable=True)[:-gone].sort().values",
            "test_neurons_of_no_weight_are_gone_and_the_function_is_the_same",
        ),
    ),
    *planted(
        "surrogates/blocks/matrix_layers.py",
        MATRICES,
        (
            "given.numel() if isinstance(layer, TRANSPOSED) else said.numel()",
            "said.numel()",
            "test_products_are_counted_as_loops_would_make_them",
        ),
        (
            "return (0, 2)",
            "return (0, 1)",
            "test_an_output_hears_of_its_matrix_what_lies_at_its_place_along_the_axes_of_outputs",
        ),
    ),
    *planted(
        "surrogates/blocks/matrix_layers.py",
        QUANTISED,
        (
            "return (1,) if isinstance(layer, TRANSPOSED) else (0,)",
            "return (0,)",
            "test_stored_codes_are_the_weights_to_half_a_scale_of_each_output",
        ),
    ),
    *planted(
        "surrogates/low_precision.py",
        LOWERED,
        (
            "StoredPruned(weight, share=share)",
            "StoredPruned(weight, share=0.5)",
            "test_each_form_is_what_it_says",
        ),
        (
            "if name in whole.get(path, ()):",
            "if False:",
            "test_outputs_of_very_unlike_weights_all_outlive_pruning_and_learn_on",
        ),
        (
            "tensor.numel() * tensor.element_size()",
            "tensor.numel() * 4",
            "test_bytes_are_those_that_the_numbers_take",
        ),
    ),
    *planted(
        "surrogates/low_precision_training.py",
        LOWERED,
        (
            "remove_parametrizations(layer, own, leave_parametrized=False)",
            "remove_parametrizations(layer, own, leave_parametrized=True)",
            "test_ternary_weights_learn_what_rounding_forgets",
        ),
    ),
    *planted(
        "surrogates/low_precision_training.py",
        LOWERED,
        (
            "() if name in last else weights_of(layer)",
            "weights_of(layer)",
            "test_pruned_weights_stay_zero_and_the_others_make_up_for_them",
        ),
    ),
    *planted(
        "surrogates/energy.py",
        "tests/surrogates/test_energy.py",
        (
            "products * weight.shape[-1] / points * zeros",
            "products / len(weights) * zeros",
            "test_of_axial_mixing_each_matrix_counts_by_the_points_that_it_joins",
        ),
        (
            "is not None] += multiply_adds",
            "is not None] = multiply_adds",
            "test_operations_are_those_of_all_layers_in_an_answer",
        ),
        ("(1 - share) * each", "each", "test_energy_is_by_hand_what_it_is"),
        (
            "found[of_whole_numbers(layer) is not None]",
            "found[True]",
            "test_products_that_no_whole_numbers_have_are_charged_in_full",
        ),
    ),
    *planted(
        "surrogates/surrogate.py",
        LOWERED,
        ("if self.lowering:", "if False:", "test_a_lowered_one_is_not_saved_nor_lowered_again"),
    ),
    *planted(
        "surrogates/further_training.py",
        ADAPTED,
        (
            "if name in changed:",
            "if True:",
            "test_a_network_in_double_precision_keeps_its_frozen_digits",
        ),
        (
            "tuned = copy.deepcopy(module)",
            "tuned = module",
            "test_a_network_in_double_precision_keeps_its_frozen_digits",
        ),
        (
            "_spread(objective, SPREAD)",
            "_spread(objective, 1)",
            "test_a_checkpoint_is_of_all_trajectories_and_not_of_the_first_alone",
        ),
        (
            ', "first_validation_error": objective.validate(module)}',
            "}",
            "test_a_checkpoint_is_of_all_trajectories_and_not_of_the_first_alone",
        ),
    ),
    *planted(
        "surrogates/last_layers.py",
        LOWERED,
        (
            "torch.set_grad_enabled(True)",
            "torch.is_grad_enabled()",
            "test_each_form_is_what_it_says",
        ),
    ),
    *planted(
        "experiments/bench_low_cost_forms.py",
        BENCH,
        (
            "made[name] = form.make(ready, asked)",
            "made[name] = form.make(float32, asked)",
            "test_every_form_of_every_surrogate_has_its_errors_times_bytes_and_energy",
        ),
    ),
    *planted(
        "experiments/seeds.py",
        "tests/experiments/test_seeds.py",
        (
            "max(map(number, one)) <",
            "min(map(number, one)) <",
            "test_ways_are_apart_where_no_seed_says_otherwise",
        ),
    ),
    *planted(
        "surrogates/last_layers.py",
        LAST,
        (
            "if slope is not None",
            "if slope is None",
            "test_the_last_layers_are_those_that_no_other_hears",
        ),
        (
            "_place(network, name) in places",
            "False",
            "test_of_a_mixture_the_heads_of_all_experts_and_the_gate_are_trained",
        ),
    ),
    *planted(
        "surrogates/span_map.py",
        ADAPTED,
        (
            "self.asked.refuse_off(self.asked.flatten(given).double())",
            "pass",
            "test_what_the_spans_of_the_first_regime_cannot_hold_is_refused",
        ),
    ),
    *planted(
        "surrogates/sizes.py",
        "tests/surrogates/test_sizes.py",
        (
            'refuse_lowered(surrogate, "sizes")',
            "pass",
            "test_numbers_of_a_lowered_mixture_are_not_counted_as_if_they_were_learned",
        ),
    ),
    *planted(
        "surrogates/distilling.py",
        DISTILLED,
        (
            "(np.diff(given) > 0).all()",
            "(np.diff(given) != 0).all()",
            "test_times_that_do_not_rise_are_refused",
        ),
        (
            "starts.window(i, 0, known)",
            "starts.window(i, 0, wanted)[:known]",
            "test_of_a_trajectory_the_student_sees_no_frame_of_the_solver_but_the_first",
        ),
        (
            "np.repeat(v[first : first + some], self.frames, 0)",
            "np.tile(v[first : first + some], (self.frames, *[1] * (v.ndim - 1)))",
            "test_a_teacher_that_takes_times_is_asked_at_each_of_them",
        ),
        (
            "later = trajectory - self.first.trajectories",
            "later = trajectory - self.first.trajectories + 1",
            "test_labels_and_a_teachers_answers_stand_one_after_the_other",
        ),
    ),
    *planted(
        "experiments/bench_low_cost_problems.py",
        BENCH,
        (
            "frames[:, start + steps]",
            "frames[:, start + 1]",
            "test_the_error_of_a_forecast_is_relative_to_the_truth_at_its_end",
        ),
    ),
    *planted(
        "experiments/bench_low_cost_adaptation.py",
        BENCH,
        (
            "self.whole.read(self.chosen[trajectory]",
            "self.whole.read(trajectory",
            "test_few_are_the_trajectories_that_were_chosen",
        ),
    ),
    *planted(
        "experiments/bench_low_cost_precision.py",
        "tests/experiments/test_bench_low_cost_tables.py",
        (
            "row['test'] / other['test']",
            "row['test'] / other['valid']",
            "test_what_cannot_be_had_is_told_and_what_is_useless_is_drawn_at_the_edge",
        ),
    ),
    *planted(
        "experiments/bench_low_cost_distillation.py",
        BENCH,
        (
            "known.setdefault(str(channels), student)",
            "known.setdefault(source, student)",
            "test_students_of_three_kinds_are_judged_beside_their_teacher",
        ),
    ),
)
