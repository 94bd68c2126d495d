"""A mixture asks whom its gate names and nobody else; balance, load, collapse and recovery."""

import pytest
import torch
from torch import nn
from understudy.surrogates.blocks.category_embedding import CategoryEmbedding
from understudy.surrogates.blocks.mixture_of_experts import MixtureOfExperts, Routing


@pytest.fixture(autouse=True)
def same_weights_in_every_run() -> None:
    torch.manual_seed(0)


def mixture(experts: int = 4, active: int = 2, **how: object) -> MixtureOfExperts:
    """With last layers that do not start at zero."""
    block = MixtureOfExperts(
        inputs=3,
        hidden=(5,),
        outputs=2,
        experts=experts,
        active=active,
        **how,  # type: ignore[arg-type]
    )
    for expert in block.experts:
        nn.init.normal_(expert.layers[-1].weight)
    return block.double()


def rows(count: int = 40) -> torch.Tensor:
    return torch.randn(count, 3, dtype=torch.float64)


def routing(probabilities: torch.Tensor, active: int) -> Routing:
    best, chosen = probabilities.topk(active, dim=-1)
    return Routing(chosen, best / best.sum(dim=-1, keepdim=True), probabilities)


def test_with_all_experts_it_is_the_dense_mixture() -> None:
    block, x = mixture(active=4), rows()
    shares = block.gate(x).softmax(dim=-1)
    said = torch.stack([expert(x) for expert in block.experts], dim=1)
    torch.testing.assert_close(block(x), (shares[..., None] * said).sum(dim=1), rtol=0, atol=1e-14)


@pytest.mark.parametrize("active", [1, 2, 3])
def test_the_most_probable_experts_answer_each_row_and_any_shape(active: int) -> None:
    block, x = mixture(active=active), rows(24)
    expected = []
    for row in x:
        shares = block.gate(row).softmax(dim=-1)
        order = shares.argsort(descending=True)[:active].tolist()
        total = 1.0 if active == 1 else shares[order].sum()
        expected.append(sum(shares[k] / total * block.experts[k](row) for k in order))
    torch.testing.assert_close(block(x), torch.stack(expected), rtol=0, atol=1e-14)
    torch.testing.assert_close(
        block(x.reshape(2, 4, 3, 3)), torch.stack(expected).reshape(2, 4, 3, 2), rtol=0, atol=1e-14
    )


def test_only_the_chosen_experts_are_computed() -> None:
    block, asked = mixture(active=1), [0, 0, 0, 0]
    for number, expert in enumerate(block.experts):

        def count(_: object, given: tuple[torch.Tensor, ...], __: object, _k: int = number) -> None:
            asked[_k] += len(given[0])

        expert.register_forward_hook(count)
    block(rows(50))
    assert sum(asked) == 50
    load = block.load(block.routing)
    assert load.tolist() == [n / 50 for n in asked]
    block(rows(1))
    assert sum(asked) == 51


def test_an_expert_that_nobody_asks_gets_exactly_no_gradient() -> None:
    block = mixture(active=2)
    with torch.no_grad():
        block.gate.bias[3] = -50.0
    block(rows()).square().sum().backward()
    assert all(p.grad is None or not p.grad.any() for p in block.experts[3].parameters())
    assert all(p.grad is not None and p.grad.any() for p in block.experts[0].parameters())
    assert block.gate.weight.grad is not None
    assert block.gate.weight.grad[:3].abs().min() > 0


def test_a_single_expert_s_answer_moves_the_gate() -> None:
    """Its weight is its probability: of weights that add up to 1 the gate would learn nothing."""
    block = mixture(active=1)
    block(rows()).sum().backward()
    assert block.gate.weight.grad is not None
    assert block.gate.weight.grad.abs().max() > 1e-3


def test_the_balance_is_one_where_all_are_asked_alike_and_their_number_where_one_is() -> None:
    even = torch.full((8, 4), 0.25, dtype=torch.float64)
    even += 1e-9 * torch.eye(4, dtype=torch.float64).repeat(2, 1)
    assert MixtureOfExperts.load(routing(even, 1)).tolist() == [0.25] * 4
    assert float(MixtureOfExperts.balance(routing(even, 1))) == pytest.approx(1.0)
    one = torch.zeros(8, 4, dtype=torch.float64)
    one[:, 2] = 1.0
    assert float(MixtureOfExperts.balance(routing(one, 1))) == pytest.approx(4.0)
    two = torch.zeros(8, 4, dtype=torch.float64)
    two[:, 1:3] = 0.5
    assert float(MixtureOfExperts.balance(routing(two, 2))) == pytest.approx(2.0)


def test_the_balance_draws_probability_from_the_busy_to_the_idle() -> None:
    block = mixture(active=1)
    with torch.no_grad():
        block.gate.bias.copy_(torch.tensor([3.0, 0.0, 0.0, 0.0]))
    block(rows(100))
    balance = block.balance(block.routing)
    balance.backward()
    slope = block.gate.bias.grad
    assert slope is not None
    assert slope[0] > 0
    assert (slope[1:] < 0).all()
    assert balance.item() > 2


def collapsing(balance: float) -> tuple[torch.Tensor, float]:
    """Loads and error after learning |x| from a start in which one expert gets everything."""
    torch.manual_seed(1)
    block = MixtureOfExperts(inputs=1, hidden=(), outputs=1, experts=4, active=1)
    with torch.no_grad():
        block.gate.bias.copy_(torch.tensor([6.0, 0.0, 0.0, 0.0]))
    descent = torch.optim.Adam(block.parameters(), lr=0.02)
    x = torch.linspace(-1, 1, 256)[:, None]
    for _ in range(600):
        error = (block(x) - x.abs()).square().mean()
        assert block.routing is not None
        loss = error + balance * block.balance(block.routing)
        descent.zero_grad()
        loss.backward()
        descent.step()
    with torch.no_grad():
        error = (block(x) - x.abs()).square().mean()
    return block.load(block.routing), float(error)


def test_a_biased_start_collapses_without_the_balance_and_recovers_with_it() -> None:
    alone, worse = collapsing(0.0)
    assert alone[0] > 0.99
    shared, better = collapsing(0.02)
    assert shared.max() < 0.8
    assert (shared > 0.05).sum() >= 2
    assert better < 0.3 * worse


def test_what_is_stored_and_what_is_active_are_counted() -> None:
    block = mixture(experts=6, active=2)
    expert = 3 * 5 + 5 + 5 * 2 + 2
    assert block.stored_weights == 6 * expert + 3 * 6 + 6
    assert block.active_weights == 2 * expert + 3 * 6 + 6


def test_noise_is_drawn_only_while_training_and_only_if_asked_for() -> None:
    quiet, loud, x = mixture(active=1), mixture(active=1, noise=2.0), rows()
    torch.testing.assert_close(quiet(x), quiet(x), rtol=0, atol=0)
    assert not torch.equal(loud(x), loud(x))
    loud.eval()
    assert torch.equal(loud(x), loud(x))


@pytest.mark.parametrize("wrong", [{"active": 5}, {"active": 0}, {"noise": -1.0}])
def test_mixtures_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"4 experts can be active|noise must not be negative"):
        mixture(**wrong)  # type: ignore[arg-type]


def test_an_embedding_is_a_one_hot_vector_times_its_table() -> None:
    block = CategoryEmbedding(numbers=2, categories=(3, 5), width=4).double()
    codes = torch.tensor([[0, 4], [2, 0], [1, 1]])
    features = torch.cat([torch.randn(3, 2, dtype=torch.float64), codes.double()], dim=1)
    said = block(features)
    assert said.shape == (3, block.outputs) == (3, 10)
    parts = [
        nn.functional.one_hot(codes[:, i], n).double() @ block.tables[i].weight for i, n in ((0, 3), (1, 5))
    ]
    torch.testing.assert_close(said, torch.cat([features[:, :2], *parts], dim=1), rtol=0, atol=0)
    said.sum().backward()
    grad = block.tables[0].weight.grad
    assert grad is not None
    assert grad.tolist() == [[1.0] * 4] * 3
    assert block.tables[1].weight.grad[2:4].abs().max() == 0  # codes that did not occur
    torch.testing.assert_close(block(features.reshape(3, 1, 4)), said[:, None], rtol=0, atol=0)


def test_without_a_width_codes_become_one_hot_vectors() -> None:
    block = CategoryEmbedding(numbers=1, categories=(3, 2), width=None)
    said = block(torch.tensor([[0.5, 2.0, 0.0], [-1.5, 1.0, 1.0]]))
    assert said.tolist() == [[0.5, 0, 0, 1, 1, 0], [-1.5, 0, 1, 0, 0, 1]]
    assert said.shape[1] == block.outputs == 6
    assert not list(block.parameters())
    assert block(torch.zeros(1, 3, dtype=torch.float64)).dtype == torch.float64


@pytest.mark.parametrize("wrong", [{"categories": (3, 0)}, {"width": 0}])
def test_embeddings_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="needs a code"):
        CategoryEmbedding(**{"numbers": 1, "categories": (3,), "width": 2, **wrong})  # type: ignore[arg-type]
