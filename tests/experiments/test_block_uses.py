"""What the page says of blocks is read off the code: whose they are, and who looks at them."""

import pytest
from understudy.experiments.block_uses import (
    EXPERIMENTS,
    SURROGATES,
    block_names,
    blocks_of,
    checked_by,
    helpers_with,
    says,
    surrogates_with,
)
from understudy.surrogates.surrogate import surrogate_names


def test_blocks_are_found_through_other_files_and_other_blocks() -> None:
    assert "mixture_of_experts" in blocks_of("mixture")
    assert "attention" in blocks_of("transformer_stepper")  # by way of the transformer block
    assert "heun_sampler" in blocks_of("field_diffusion")  # by way of its fit
    assert "attention" not in blocks_of("cnn")
    assert blocks_of("persistence") == frozenset()


@pytest.mark.parametrize(
    ("surrogate", "made_of"),
    [
        ("persistence", set()),
        ("cnn", {"gated_convolution", "periodic_convolution", "spectral_resampling"}),
        ("latent_stepper", {"autoencoder", "perceptron", "phase_alignment"}),
        ("field_transformer", {"attention", "edge_maps", "patches", "perceptron", "transformer_block"}),
        ("kalman_smoother", {"linear_gaussian"}),
    ],
)
def test_blocks_of_some_surrogates_are_those_that_one_knows(surrogate: str, made_of: set[str]) -> None:
    assert blocks_of(surrogate) == made_of
    assert {block for block, names in surrogates_with().items() if surrogate in names} == made_of


def test_every_block_has_a_sentence_a_use_and_a_test() -> None:
    for block in block_names():
        assert len(says(block)) > 20, block
        assert surrogates_with()[block] or helpers_with()[block], f"{block} is in no surrogate"
        assert checked_by()[block], f"no test imports the block {block}"


def test_helpers_are_files_that_are_no_surrogates() -> None:
    names = surrogate_names()
    for helpers in helpers_with().values():
        for helper in helpers:
            assert helper not in names
            assert any((folder / f"{helper}.py").is_file() for folder in (SURROGATES, EXPERIMENTS))
