"""Attention, transformer blocks and patches: equal to other formulas, with the symmetries of their grid."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional
from understudy.surrogates.blocks.attention import Attention
from understudy.surrogates.blocks.patches import Patches
from understudy.surrogates.blocks.transformer_block import TransformerBlock

GRIDS = [(12,), (4, 6), (2, 3, 4)]


@pytest.fixture(autouse=True)
def same_weights_in_every_run() -> None:
    torch.manual_seed(0)


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def torchs(ours: Attention) -> nn.MultiheadAttention:
    """Torch's own attention with the same weights."""
    theirs = nn.MultiheadAttention(ours.last.in_features, ours.heads, batch_first=True).double()
    with torch.no_grad():
        theirs.in_proj_weight.copy_(ours.pack.weight)
        theirs.in_proj_bias.copy_(ours.pack.bias)
        theirs.out_proj.weight.copy_(ours.last.weight)
        theirs.out_proj.bias.copy_(ours.last.bias)
    return theirs


def test_without_a_grid_it_is_torchs_multi_head_attention() -> None:
    ours, x = Attention(width=12, heads=3).double(), drawn(4, 7, 12)
    theirs = torchs(ours)(x, x, x, need_weights=False)[0]
    torch.testing.assert_close(ours(x), theirs, rtol=0, atol=1e-12)
    assert theirs.std() > 0.05


@pytest.mark.parametrize("periodic", [True, False])
def test_two_tokens_have_the_bias_of_their_offset(periodic: bool) -> None:
    """The mask written pair by pair, for torch's attention."""
    grid, heads = (3, 4), 2
    ours, x = Attention(width=6, heads=heads, grid=grid, periodic=periodic).double(), drawn(5, 12, 6)
    assert ours.bias is not None
    assert not ours.bias.any()
    nn.init.normal_(ours.bias, std=2)
    mask = torch.empty(heads, 12, 12, dtype=torch.float64)
    for i in range(12):
        for j in range(12):
            ahead = [b - a for a, b in zip(np.unravel_index(i, grid), np.unravel_index(j, grid), strict=True)]
            row, column = (a % n if periodic else a + n - 1 for a, n in zip(ahead, grid, strict=True))
            mask[:, i, j] = ours.bias.detach()[:, row, column]
    theirs = torchs(ours)(x, x, x, attn_mask=mask.repeat(5, 1, 1), need_weights=False)[0]
    torch.testing.assert_close(ours(x), theirs, rtol=0, atol=1e-12)


def test_attention_without_places_does_not_know_the_order() -> None:
    attention, x, order = Attention(width=8, heads=2).double(), drawn(3, 9, 8), torch.randperm(9)
    torch.testing.assert_close(attention(x[:, order]), attention(x)[:, order], rtol=0, atol=1e-13)


def moved(grid: tuple[int, ...], block: nn.Module, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """What a block says of translated tokens, and its answer translated."""
    shifts, axes = tuple(range(1, 1 + len(grid))), tuple(range(1, 1 + len(grid)))

    def roll(x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(1, grid).roll(shifts, axes).flatten(1, len(grid))

    return block(roll(tokens)), roll(block(tokens))


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_a_periodic_bias_commutes_with_translations_and_another_does_not(grid: tuple[int, ...]) -> None:
    tokens = drawn(2, int(np.prod(grid)), 8)
    for periodic in (True, False):
        block = Attention(width=8, heads=2, grid=grid, periodic=periodic).double()
        assert block.bias is not None
        nn.init.normal_(block.bias, std=2)
        one, other = moved(grid, block, tokens)
        if periodic:
            torch.testing.assert_close(one, other, rtol=0, atol=1e-13)
        else:
            assert (one - other).abs().max() > 1e-2


def test_a_bias_that_leaves_one_neighbour_makes_a_shift() -> None:
    attention, u = Attention(width=4, heads=2, grid=(3, 5)).double(), drawn(2, 3, 5, 4)
    assert attention.bias is not None
    with torch.no_grad():
        attention.bias.fill_(-torch.inf)
        attention.bias[:, 1, 2] = 0.3
        for layer in (attention.pack, attention.last):
            layer.weight[-4:].copy_(torch.eye(4))
            layer.bias.zero_()
    expected = u.roll((-1, -2), (1, 2))
    found = attention(u.flatten(1, 2)).unflatten(1, (3, 5))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("periodic", [True, False])
def test_a_local_start_looks_at_one_neighbour_with_each_head(periodic: bool) -> None:
    def begun(heads: int, grid: tuple[int, ...]) -> torch.Tensor:
        made = Attention(width=heads, heads=heads, grid=grid, periodic=periodic, local=True).bias
        assert made is not None
        return (
            made.detach()
            if periodic
            else made.detach().roll([1 - n for n in grid], tuple(range(1, 1 + len(grid))))
        )

    line = begun(4, (9,))  # offsets from 0 on; negative ones stand at the end
    assert line.argmax(dim=1).tolist() == [line.shape[1] - 1, 1, line.shape[1] - 2, 2]
    assert line[1, :5].tolist() == [-1, 0, -1, -4, -9]
    plane = begun(4, (5, 6))
    found = [np.unravel_index(int(head.argmax()), head.shape) for head in plane]
    rows, columns = plane.shape[1:]
    assert found == [(rows - 1, 0), (0, columns - 1), (0, 1), (1, 0)]
    assert plane.max() == 0
    assert plane.min() == -9
    assert not begun(2, (1,)).any()


def test_what_is_learned_reaches_the_bias() -> None:
    attention, x = Attention(width=4, heads=2, grid=(2, 3), periodic=False).double(), drawn(2, 6, 4)
    bias = drawn(2, 3, 5).requires_grad_()
    assert torch.autograd.gradcheck(lambda b: functional_call(attention, {"bias": b}, (x,)), (bias,))
    (slope,) = torch.autograd.grad(functional_call(attention, {"bias": bias}, (x,)).square().sum(), bias)
    assert (slope.abs() > 0).all()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"width": 10, "heads": 4}, "heads must divide the width, got 4 heads and a width of 10"),
        ({"width": 8, "heads": 0}, "heads must divide"),
        ({"width": 8, "heads": 2, "grid": ()}, "at least one along each axis"),
        ({"width": 8, "heads": 2, "grid": (3, 0)}, "at least one along each axis"),
    ],
)
def test_attention_that_makes_no_sense_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Attention(**wrong)  # type: ignore[arg-type]


def test_tokens_that_do_not_fill_the_grid_are_refused() -> None:
    with pytest.raises(ValueError, match=r"grid \(3, 4\) has 12 tokens, got 11"):
        Attention(width=4, heads=2, grid=(3, 4))(torch.randn(1, 11, 4))


@pytest.mark.parametrize("grid", [None, (2, 3)], ids=str)
def test_a_new_transformer_block_is_the_identity_bit_for_bit_and_learns(grid: tuple[int, ...] | None) -> None:
    block, x = TransformerBlock(width=8, heads=2, grid=grid).double(), drawn(3, 6, 8)
    stack = nn.Sequential(*(TransformerBlock(width=8, heads=2, grid=grid) for _ in range(12))).double()
    assert torch.equal(block(x), x)
    assert torch.equal(stack(x), x)
    (block(x) - 1).square().sum().backward()
    assert block.attention.last.weight.grad is not None
    assert block.attention.last.weight.grad.abs().max() > 0.1


def test_a_transformer_block_has_its_formula_and_the_symmetry_of_its_grid() -> None:
    grid, tokens = (4, 3), drawn(2, 12, 8)
    block = TransformerBlock(width=8, heads=4, grid=grid, expansion=3, activation="tanh").double()
    for parameter in block.parameters():
        nn.init.normal_(parameter, std=0.4)
    one, other = moved(grid, block, tokens)
    torch.testing.assert_close(one, other, rtol=0, atol=1e-12)

    def normal(x: torch.Tensor, layer: nn.LayerNorm) -> torch.Tensor:
        centred = x - x.mean(-1, keepdim=True)
        return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt() * layer.weight + layer.bias

    middle = tokens + block.attention(normal(tokens, block.before))
    first, _, last = block.perceptron.layers
    hidden = torch.tanh(normal(middle, block.between) @ first.weight.T + first.bias)
    assert hidden.shape[-1] == 24
    expected = middle + hidden @ last.weight.T + last.bias
    torch.testing.assert_close(block(tokens), expected, rtol=0, atol=1e-12)
    with pytest.raises(ValueError, match="expansion must be at least 1, got 0"):
        TransformerBlock(width=8, heads=2, expansion=0)


@pytest.mark.parametrize(
    ("grid", "patch"), [((12,), 3), ((6, 8), 2), ((4, 6, 2), 2), ((5, 7), 1), ((6, 4), 1)], ids=str
)
def test_a_field_comes_back_from_its_patches_as_it_was(grid: tuple[int, ...], patch: int) -> None:
    patches, u = Patches(grid=grid, patch=patch), drawn(3, 2, *grid)
    tokens = patches.cut(u)
    assert tokens.shape == (3, int(np.prod(patches.tokens)), 2 * patches.points)
    assert torch.equal(patches.join(tokens), u)


def test_a_token_holds_its_own_patch_in_torchs_order() -> None:
    patches, u = Patches(grid=(6, 8), patch=2), drawn(3, 2, 6, 8)
    torchs_own = functional.pixel_unshuffle(u, 2).flatten(2).transpose(1, 2)
    assert torch.equal(patches.cut(u), torchs_own)
    whole = Patches(grid=(4, 6, 2), patch=2)
    v = drawn(1, 2, 4, 6, 2)
    assert torch.equal(whole.cut(v)[0, 4], v[0, :, 2:4, 2:4, :].flatten())


@pytest.mark.parametrize("grid", [(10,), (5, 7), (5, 3, 4)], ids=str)
def test_a_grid_that_patches_do_not_fill_is_continued_and_cut_off_again(grid: tuple[int, ...]) -> None:
    patches, u = Patches(grid=grid, patch=4, pad=True), drawn(3, 2, *grid)
    tokens = patches.cut(u)
    assert patches.tokens == tuple(-(-n // 4) for n in grid)
    assert torch.equal(patches.join(tokens), u)
    last = tokens[:, -1].unflatten(1, (2, -1))[..., -1]
    assert torch.equal(last, u.flatten(2)[..., -1])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"grid": (12, 18), "patch": 4}, "choose a patch of 1, 2, 3, 6 points, or pad the grid"),
        ({"grid": (8,), "patch": 0}, "at least 1 point"),
        ({"grid": (8, 8, 8, 8), "patch": 2}, "1, 2 or 3 axes"),
    ],
)
def test_patches_that_cannot_be_cut_are_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Patches(**wrong)  # type: ignore[arg-type]


def test_a_field_of_another_grid_is_not_cut_and_without_a_grid_nothing_is_near() -> None:
    with pytest.raises(ValueError, match=r"grid \(6, 4\), got \(4, 6\)"):
        Patches(grid=(6, 4), patch=2).cut(torch.zeros(1, 1, 4, 6))
    with pytest.raises(ValueError, match="no token is near"):
        Attention(width=4, heads=2, local=True)
