"""The equation of heat point by point: it vanishes on the exact solution, and what is built in holds."""

import math

import numpy as np
import pytest
import torch
from understudy.solvers.heat import Heat
from understudy.solvers.methods.sine_polynomials import amplitudes, values_of


def drawn(samples: int, system: Heat) -> dict[str, np.ndarray]:
    return dict(system.draw([np.random.default_rng(i) for i in range(samples)]))


def waves_of(*heights: float, system: Heat, diffusivity: float) -> dict[str, np.ndarray]:
    """A start of these amplitudes."""
    u = values_of(np.array([heights]), system.points)
    return {"u": u, "diffusivity": np.array([diffusivity])}


def at_on(solution: object, places: dict[str, torch.Tensor]) -> object:
    """An `At` for a function of the places, by derivatives of derivatives."""
    places = {name: values.clone().requires_grad_() for name, values in places.items()}

    def at(name: str, /, **orders: int) -> torch.Tensor:
        if name in places:
            return places[name]
        value = solution(**places)  # type: ignore[operator]
        for coordinate, times in orders.items():
            for _ in range(times):
                (value,) = torch.autograd.grad(value.sum(), places[coordinate], create_graph=True)
        return value

    return at


@pytest.mark.parametrize("known", [True, False])
def test_the_equations_point_by_point_vanish_on_the_exact_solution(known: bool) -> None:
    system = Heat(65, length=1.5, waves=6, least_diffusivity=0.05, most_diffusivity=0.4)
    query = drawn(1, system)
    if not known:
        del query["diffusivity"]
    problem = system.pointwise(query, horizon=0.7)
    k = torch.arange(1, 7, dtype=torch.float64) * math.pi / 1.5
    heights = torch.from_numpy(amplitudes(query["u"])[0, :6].copy())

    def exact(t: torch.Tensor, x: torch.Tensor, diffusivity: torch.Tensor) -> torch.Tensor:
        decay = torch.exp(-diffusivity[:, None] * t[:, None] * k**2)
        return (heights * decay * torch.sin(x[:, None] * k)).sum(dim=1)

    generator = torch.Generator().manual_seed(0)
    (number,) = problem.numbers
    assert number.varies is not known
    assert (number.low, number.high) == pytest.approx(
        (query["diffusivity"][0],) * 2 if known else (0.05, 0.4)
    )
    t, x, share = (torch.rand(40, generator=generator, dtype=torch.float64) for _ in range(3))
    places = {"t": 0.7 * t, "x": 1.5 * x, "diffusivity": number.spread(share)}
    (left,) = problem.equations(at_on(exact, places)).values()
    assert float(left.detach().abs().max()) < 1e-12
    off = problem.equations(at_on(lambda **p: 1.01 * p["t"] + exact(**p), places))
    assert float(off["heat"].detach().abs().min()) == pytest.approx(1.01)
    for condition in problem.conditions:
        assert not callable(condition.where)
        there = {
            n: torch.full_like(v, condition.where[n]) if n in condition.where else v
            for n, v in places.items()
        }
        (left,) = condition.equations(at_on(exact, there)).values()
        assert float(left.detach().abs().max()) < 1e-13


def test_what_is_built_in_holds_whatever_a_network_says() -> None:
    system = Heat(65, length=1.5, waves=6)
    problem = system.pointwise(drawn(1, system), horizon=0.7)
    assert problem.form is not None
    sides = (torch.linspace(0, end, count, dtype=torch.float64) for end, count in ((1.5, 31), (0.7, 8)))
    x, t = (v.ravel() for v in torch.meshgrid(*sides, indexing="ij"))
    added, factor = problem.form({"x": x, "t": t})["u"]
    assert [c.name for c in problem.conditions] == ["start", "left", "right"]
    assert all(c.built_in for c in problem.conditions)
    on_walls = (x == 0) | (x == 1.5)
    assert not factor[on_walls | (t == 0)].any()
    assert (factor[~on_walls & (t > 0)] > 0).all()
    assert float(factor.max()) == pytest.approx(1.0)
    assert float(added[on_walls].abs().max()) < 1e-13
    single, _ = problem.form({"x": x.float(), "t": t.float()})["u"]
    assert single.dtype == torch.float32
    np.testing.assert_allclose(single.double(), added, atol=1e-5)


@pytest.mark.parametrize(
    ("heights", "odd"), [((1.0, 0.0, 0.3), ()), ((0.0, 2.0), ("u",)), ((1.0, 1.0), None)]
)
def test_a_start_s_parity_about_the_middle_is_a_mirror(
    heights: tuple[float, ...], odd: tuple[str] | None
) -> None:
    system = Heat(33, length=2.0)
    problem = system.pointwise(waves_of(*heights, system=system, diffusivity=0.1), horizon=1.0)
    assert [(m.reflected, m.odd) for m in problem.mirrors] == ([] if odd is None else [(("x",), odd)])
