"""What the fields of a steady flow lack, for torch: differentiable, and written a second time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

from ..contract import SolverError
from ..methods.staggered_momentum import NEAREST

if TYPE_CHECKING:
    from .system import SteadyFlow

__all__ = ["imbalances"]


def imbalances(
    system: SteadyFlow, values: Mapping[str, torch.Tensor], queries: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """See `SteadyFlow.residual`."""
    u, v, p = (values[name] for name in ("u", "v", "p"))
    for name, field in (("u", u), ("v", v), ("p", p)):
        if field.ndim != 4 or tuple(field.shape[2:]) != system.grid:
            raise SolverError(
                f"{name} must be (samples, times, {system.rows}, {system.columns}), got {tuple(field.shape)}"
            )
    h = system.spacing
    distance = queries["distance"].to(u)[:, None]
    viscosity = queries["viscosity"].to(u)[:, None, None, None]
    inflow = torch.as_tensor(system.inflow(), dtype=u.dtype, device=u.device)
    speed = (torch.diff(inflow) / h).expand(*u.shape[:2], -1)[..., None]
    u = torch.cat([speed, u], dim=-1)
    v = torch.cat([torch.zeros_like(v[..., :1, :]), v], dim=-2)
    divergence = (torch.diff(u, dim=-1) + torch.diff(v, dim=-2)) / h
    # beyond the ends: along walls no flow or an even one; past the outflow nothing changes
    along = -1.0 if system.walls == "no_slip" else 1.0
    tall = torch.cat([along * u[..., :1, :], u, along * u[..., -1:, :]], dim=-2)
    wide = torch.cat([-v[..., :1], v, v[..., -1:]], dim=-1)
    at_u, at_v = _between(distance)
    half = torch.ones_like(u[:1, :1, :1, 1:])
    half[..., -1] = 0.5  # the sides at the outflow have half a cell
    in_cells_u, in_cells_v = 0.5 * (u[..., 1:] + u[..., :-1]), 0.5 * (v[..., 1:, :] + v[..., :-1, :])
    corner_u = 0.5 * (tall[..., 1:, :] + tall[..., :-1, :])
    corner_v = 0.5 * (wide[..., 1:] + wide[..., :-1])
    shear = corner_u * corner_v  # zero at walls, for there v is
    square = torch.cat([in_cells_u**2, u[..., -1:] ** 2], dim=-1)
    push_x = torch.diff(square, dim=-1) / h + half * torch.diff(shear, dim=-2)[..., 1:] / h
    push_y = torch.diff(in_cells_v**2, dim=-2) / h + torch.diff(shear, dim=-1)[..., 1:-1, :] / h
    slope_x = torch.diff(torch.cat([p, torch.zeros_like(p[..., :1])], dim=-1), dim=-1) / h
    slope_y = torch.diff(p, dim=-2) / h
    bend_x = torch.diff(torch.cat([u, u[..., -1:]], dim=-1), n=2, dim=-1)
    bend_x = bend_x + half * (torch.diff(tall, n=2, dim=-2) - _nearness(at_u) * u)[..., 1:]
    bend_y = (torch.diff(wide, n=2, dim=-1) - _nearness(at_v) * v)[..., 1:-1, :] + torch.diff(v, n=2, dim=-2)
    momentum_x = push_x + slope_x - viscosity * bend_x / h**2
    momentum_y = push_y + slope_y - viscosity * bend_y / h**2
    momentum_y = torch.cat([momentum_y, torch.zeros_like(momentum_y[..., :1, :])], dim=-2)
    fluid_u, fluid_v = at_u[..., 1:] >= 0, at_v[..., 1:, :] >= 0
    return {
        "momentum_x": torch.where(fluid_u, momentum_x, 0.0),
        "momentum_y": torch.where(fluid_v, momentum_y, 0.0),
        "divergence": divergence,
        "slip_x": torch.where(fluid_u, 0.0, u[..., 1:]),
        "slip_y": torch.where(fluid_v, 0.0, v[..., 1:, :]),
    }


def _between(distance: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """As `SteadyFlow.between`."""
    wide = torch.cat([distance[..., :1], distance, distance[..., -1:]], dim=-1)
    tall = torch.cat([distance[..., :1, :], distance, distance[..., -1:, :]], dim=-2)
    return 0.5 * (wide[..., 1:] + wide[..., :-1]), 0.5 * (tall[..., 1:, :] + tall[..., :-1, :])


def _nearness(at: torch.Tensor) -> torch.Tensor:
    """What friction with walls nearer than the next side adds, in parts of that with the next side."""
    total = torch.zeros_like(at)
    for dim in (-1, -2):
        edge = torch.ones_like(at.narrow(dim, 0, 1))
        padded = torch.cat([edge, at, edge], dim=dim)
        for first in (0, 2):
            other = padded.narrow(dim, first, at.shape[dim])
            beside = (at >= 0) & (other < 0)
            share = (at / torch.where(beside, at - other, torch.ones_like(at))).clamp(min=NEAREST)
            total = total + torch.where(beside, 1 / share - 1, torch.zeros_like(at))
    return total
