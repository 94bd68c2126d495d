"""Mistakes in attention, transformers, Fourier operators and depth, each with the test that must notice."""

from fault import planted

__all__ = ["FAULTS"]

ATTENTION = "tests/surrogates/test_attention.py"
FOURIER = "tests/surrogates/test_fourier_operators.py"
DEPTH = "tests/surrogates/test_depth.py"

FAULTS = (
    *planted(
        "surrogates/blocks/attention.py",
        ATTENTION,
        (
            "(ahead + first) % count",
            "(ahead.abs() + first) % count",
            "test_two_tokens_have_the_bias_of_their_offset",
        ),
        (
            "place[None, :] - place[:, None]",
            "place[:, None] - place[None, :]",
            "test_a_bias_that_leaves_one_neighbour_makes_a_shift",
        ),
        (
            "index = index * count +",
            "index = index * len(counts) +",
            "test_two_tokens_have_the_bias_of_their_offset",
        ),
        (
            "(3, self.heads, -1)).permute(2, 0, 3, 1, 4)",
            "(3, -1, self.heads)).permute(2, 0, 4, 1, 3)",
            "test_without_a_grid_it_is_torchs_multi_head_attention",
        ),
    ),
    *planted(
        "surrogates/blocks/transformer_block.py",
        ATTENTION,
        (
            "tokens + self.perceptron(self.between(tokens))",
            "tokens + self.perceptron(tokens)",
            "test_a_transformer_block_has_its_formula_and_the_symmetry_of_its_grid",
        ),
        (
            "periodic=periodic, local=local, zero=True",
            "periodic=periodic, local=local, zero=False",
            "test_a_new_transformer_block_is_the_identity_bit_for_bit_and_learns",
        ),
    ),
    *planted(
        "surrogates/blocks/patches.py",
        ATTENTION,
        (
            'mode="replicate"',
            'mode="constant"',
            "test_a_grid_that_patches_do_not_fill_is_continued_and_cut_off_again",
        ),
        (
            "for more in reversed(missing)",
            "for more in missing",
            "test_a_grid_that_patches_do_not_fill_is_continued_and_cut_off_again",
        ),
        (
            "if not self.pad and any(",
            "if False and any(",
            "test_patches_that_cannot_be_cut_are_refused",
        ),
    ),
    *planted(
        "surrogates/blocks/fourier_block.py",
        FOURIER,
        (
            "torch.addcmul(value, value, gate)",
            "torch.addcmul(value, value, gate.tanh())",
            "test_gated_blocks_are_the_same_function_while_the_grid_carries_their_products",
        ),
    ),
    *planted(
        "surrogates/blocks/spectral_convolution.py",
        FOURIER,
        (
            "extend_modes(mixed, self.small, self.grid)",
            "extend_modes(mixed, self.small, self.grid) / len(self.grid)",
            "test_one_layer_holds_advection_and_diffusion_exactly",
        ),
    ),
    *planted(
        "surrogates/fourier_operator.py",
        FOURIER,
        (
            "(0, self.columns, 0, self.rows)",
            "(self.columns, 0, self.rows, 0)",
            "test_zeros_behind_the_ends_keep_one_end_from_the_other",
        ),
    ),
    *planted(
        "surrogates/network_sizes.py",
        FOURIER,
        (
            "(min(grid) - 1) // 2",
            "min(grid) // 2",
            "test_modes_that_a_grid_does_not_carry_are_refused_with_what_it_carries",
        ),
    ),
    *planted(
        "surrogates/blocks/residual_block.py",
        DEPTH,
        (
            "return field + change if self.skip else change",
            "return field + change",
            "test_a_plain_block_starts_with_outputs_of_the_size_of_its_inputs",
        ),
        (
            "div_(math.sqrt(SQUARES[activation]))",
            "div_(SQUARES[activation])",
            "test_a_plain_gate_does_to_sizes_and_gradients_what_was_worked_out",
        ),
        (
            "1 / 3 + 1 / (2 * math.pi * math.sqrt(3))",
            "1 / 2",
            "test_a_plain_block_starts_with_outputs_of_the_size_of_its_inputs",
        ),
    ),
    *planted(
        "surrogates/blocks/edge_maps.py",
        "tests/surrogates/test_field_networks.py",
        (
            "(maps[:, :, 1:] * edges[:, None]).sum(dim=2)",
            "maps[:, :, 1:].sum(dim=2)",
            "test_functions_of_the_edge_help_where_the_answer_has_one",
        ),
    ),
    *planted(
        "experiments/bench_depth_skips.py",
        "tests/experiments/test_bench_depth.py",
        (
            "after = frames[:, 1:].reshape(said.shape)",
            "after = frames[:, :-1].reshape(said.shape)",
            "test_what_is_judged_is_the_step_and_the_forecast_it_was_asked_for",
        ),
        (
            "torch.manual_seed(job.seed)",
            "torch.manual_seed(0)",
            "test_the_gradient_is_that_of_the_weights_which_training_begins_with",
        ),
    ),
)
