"""What a system says of its own solutions depends on what was asked, too, and can be differentiated by it."""

import numpy as np
import pytest
import torch
from channel_flow import ChannelFlow, Flow

SYSTEM, INTERVAL = ChannelFlow(pulse=0.5), 0.2
QUERIES = SYSTEM.draw([np.random.default_rng(i) for i in range(3)])
SOLUTION = Flow(SYSTEM)(QUERIES, INTERVAL * np.arange(4))


def as_tensors(arrays: object) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(np.array(values)) for name, values in arrays.items()}  # type: ignore[attr-defined]


def test_every_equation_has_its_residual_and_the_solution_obeys_them_all() -> None:
    residual = SYSTEM.residual(as_tensors(SOLUTION.values), as_tensors(QUERIES), interval=INTERVAL)
    assert list(residual) == ["momentum", "pressure", "no slip"]
    assert residual["momentum"].shape == (3, 4, 5, 3)
    assert residual["pressure"].shape == (3, 4, 5)
    assert all(float(r.abs().max()) < 1e-12 for r in residual.values())
    assert np.abs(SYSTEM.invariants(SOLUTION.values, QUERIES)["drag balance"]).max() < 1e-12


@pytest.mark.parametrize(
    ("name", "broken"), [("reynolds", "momentum"), ("inlet", "momentum"), ("solid", "no slip")]
)
def test_the_answer_to_another_query_does_not_obey(name: str, broken: str) -> None:
    other = {**QUERIES, name: QUERIES[name] + 1}
    residual = SYSTEM.residual(as_tensors(SOLUTION.values), as_tensors(other), interval=INTERVAL)
    assert float(residual[broken].abs().max()) > 0.1
    if name != "inlet":
        assert np.abs(SYSTEM.invariants(SOLUTION.values, other)["drag balance"]).max() > 0.1


def test_a_parameter_can_be_found_by_descending_the_residual() -> None:
    queries = as_tensors(QUERIES)
    truth, queries["reynolds"] = queries["reynolds"], torch.full((3,), 5.0, dtype=torch.float64)
    queries["reynolds"].requires_grad_()
    for _ in range(200):
        residual = SYSTEM.residual(as_tensors(SOLUTION.values), queries, interval=INTERVAL)["momentum"]
        (slope,) = torch.autograd.grad((residual**2).mean(dim=(1, 2, 3)).sum(), queries["reynolds"])
        queries["reynolds"] = (queries["reynolds"] - 0.2 * slope).detach().requires_grad_()
    torch.testing.assert_close(queries["reynolds"].detach(), truth, rtol=1e-6, atol=1e-6)
