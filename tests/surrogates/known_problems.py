"""Small problems for networks of coordinates, whose solutions are known."""

import math
from typing import Any

import torch
from understudy.solvers.pointwise import At, Condition, Coordinate, Mirror, Number, Places, Pointwise
from understudy.surrogates.pinn import PINN
from understudy.surrogates.pinn_loss import Known
from understudy.surrogates.pinn_network import CoordinateNetwork, NetworkSettings
from understudy.surrogates.pinn_objective import LossSettings, PhysicsObjective
from understudy.surrogates.pinn_training import DescentSettings

DIFFUSIVITY, RATE = 0.2, 1.7


def small(
    steps: int = 200,
    *,
    hidden: tuple[int, ...] = (8, 8),
    dtype: torch.dtype = torch.float64,
    network: Any = (),
    loss: Any = (),
    **descent: Any,
) -> PINN:
    """A network that learns in a second."""
    asked = {"points": 128, "condition_points": 32, "refresh": 100, **dict(loss)}
    settings = PINN.Settings(
        NetworkSettings(hidden=hidden, **dict(network)),
        LossSettings(**asked),
        DescentSettings(steps=steps, **descent),
    )
    return PINN(settings, dtype=dtype)


def start(value: float = 1.0) -> Condition:
    """u at t = 0."""
    return Condition("start", {"t": 0.0}, lambda at: {"u": at("u") - value})


def decay(*, rate: Number = Number("rate", RATE, RATE), **changes: Any) -> Pointwise:  # noqa: B008
    """u' = -rate u from 1: exp(-rate t)."""
    known = {
        "coordinates": (Coordinate("t", 0.0, 2.0),),
        "unknowns": ("u",),
        "equations": lambda at: {"decay": at("u", t=1) + at("rate") * at("u")},
        "conditions": (start(),),
        "numbers": (rate,),
    }
    return Pointwise(**{**known, **changes})


def oscillator() -> Pointwise:
    """u'' = -4 u from 1, at rest: cos(2 t)."""

    def at_rest(at: At) -> dict[str, torch.Tensor]:
        return {"place": at("u") - 1, "speed": at("u", t=1)}

    return Pointwise(
        coordinates=(Coordinate("t", 0.0, 2.0),),
        unknowns=("u",),
        equations=lambda at: {"force": at("u", t=2) + 4 * at("u")},
        conditions=(Condition("start", {"t": 0.0}, at_rest),),
    )


def heat(**changes: Any) -> Pointwise:
    """A rod with cold ends: exp(-diffusivity pi^2 t) sin(pi x)."""

    def cold(at: At) -> dict[str, torch.Tensor]:
        return {"u": at("u")}

    def as_at_first(at: At) -> dict[str, torch.Tensor]:
        return {"u": at("u") - torch.sin(math.pi * at("x"))}

    def form(places: Places) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
        t, x = places["t"], places["x"]
        return {"u": (torch.sin(math.pi * x), 4 * t * x * (1 - x))}

    known = {
        "coordinates": (Coordinate("t", 0.0, 1.0), Coordinate("x", 0.0, 1.0)),
        "unknowns": ("u",),
        "equations": lambda at: {"heat": at("u", t=1) - at("diffusivity") * at("u", x=2)},
        "conditions": (
            Condition("start", {"t": 0.0}, as_at_first, built_in=True),
            Condition("left", {"x": 0.0}, cold, built_in=True),
            Condition("right", {"x": 1.0}, cold, built_in=True),
        ),
        "numbers": (Number("diffusivity", DIFFUSIVITY, DIFFUSIVITY),),
        "form": form,
        "mirrors": (Mirror(("x",)),),
    }
    return Pointwise(**{**known, **changes})


def poisson() -> Pointwise:
    """u_xx + u_yy = -2 pi^2 sin(pi x) sin(pi y) in the unit square, 0 around it: sin(pi x) sin(pi y)."""

    def equation(at: At) -> dict[str, torch.Tensor]:
        source = 2 * math.pi**2 * torch.sin(math.pi * at("x")) * torch.sin(math.pi * at("y"))
        return {"poisson": at("u", x=2) + at("u", y=2) + source}

    def form(places: Places) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
        x, y = places["x"], places["y"]
        return {"u": (torch.zeros_like(x), 16 * x * (1 - x) * y * (1 - y))}

    return Pointwise(
        coordinates=(Coordinate("x", 0.0, 1.0), Coordinate("y", 0.0, 1.0)),
        unknowns=("u",),
        equations=equation,
        conditions=tuple(
            Condition(f"{name} = {end:g}", {name: end}, lambda at: {"u": at("u")}, built_in=True)
            for name in ("x", "y")
            for end in (0.0, 1.0)
        ),
        form=form,
        mirrors=(Mirror(("x",)), Mirror(("y",))),
    )


def ring() -> Pointwise:
    """u_t + u_x = u_xx / 10 on a ring of length 2, from sin(pi x): it travels and decays."""

    def as_at_first(at: At) -> dict[str, torch.Tensor]:
        return {"u": at("u") - torch.sin(math.pi * at("x"))}

    return Pointwise(
        coordinates=(Coordinate("t", 0.0, 0.5), Coordinate("x", -1.0, 1.0, periodic=True)),
        unknowns=("u",),
        equations=lambda at: {"ring": at("u", t=1) + at("u", x=1) - 0.1 * at("u", x=2)},
        conditions=(Condition("start", {"t": 0.0}, as_at_first),),
    )


def exact(name: str, places: Places) -> torch.Tensor:
    """The solution of the problem of this name."""
    if name == "poisson":
        return torch.sin(math.pi * places["x"]) * torch.sin(math.pi * places["y"])
    t = places["t"]
    if name == "decay":
        return torch.exp(-RATE * t)
    if name == "oscillator":
        return torch.cos(2 * t)
    moved, pace = (places["x"], DIFFUSIVITY) if name == "heat" else (places["x"] - t, 0.1)
    return torch.exp(-pace * math.pi**2 * t) * torch.sin(math.pi * moved)


def everywhere(problem: Pointwise, points: int = 21) -> dict[str, torch.Tensor]:
    """A grid from end to end, in as many dimensions as there are coordinates."""
    axes = [torch.linspace(c.low, c.high, points, dtype=torch.float64) for c in problem.coordinates]
    return dict(zip(problem.coordinate_names, torch.meshgrid(*axes, indexing="ij"), strict=True))


def error(pinn: PINN, name: str) -> float:
    """The largest, on a grid."""
    places = everywhere(pinn.problem)
    said = pinn.at(**places)["u"]
    return float((said - exact(name, places)).abs().max())


def measured(name: str, problem: Pointwise, values: int = 100, *, noise: float = 0.0, seed: int = 0) -> Known:
    """Values of the solution at random places."""
    generator = torch.Generator().manual_seed(seed)
    places = {
        c.name: c.low + c.length * torch.rand(values, generator=generator, dtype=torch.float64)
        for c in problem.coordinates
    }
    u = exact(name, places)
    return Known(places, {"u": u + noise * torch.randn(values, generator=generator, dtype=torch.float64)})


SOFT_NETWORK = NetworkSettings(hidden=(6, 6), built_in=False, mirrored=False)


def objective_of(
    problem: Pointwise,
    *,
    network: NetworkSettings = SOFT_NETWORK,
    known: Known | None = None,
    **settings: Any,
) -> PhysicsObjective:
    """A loss whose conditions are soft."""
    chosen = LossSettings(**{"points": 64, "condition_points": 16, **settings})
    return PhysicsObjective(CoordinateNetwork(problem, network).double(), chosen, seed=3, known=known)


def places_of(objective: PhysicsObjective, name: str = "equations") -> dict[str, torch.Tensor]:
    """At which a term is asked for."""
    return dict(objective.terms[name].places)
