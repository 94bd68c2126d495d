"""How good ensembles are: scores that reward who says what is believed, and whether doubts match errors."""

from __future__ import annotations

import torch

__all__ = ["crps", "spread_skill"]


def crps(members: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """The continuous ranked probability score of an ensemble, fair: (members, ...) and (...) -> (...).

    Mean |member - truth| less half the mean |member - another member|. In units of the field, smaller is
    better; for a single member it is the absolute error, so ensembles and plain answers compare. It is fair:
    a small ensemble scores, on average, as the distribution that it is drawn from.

    Gneiting & Raftery 2007, doi:10.1198/016214506000001437; fair: Ferro 2014, doi:10.1002/qj.2270.
    """
    _refuse(members, truth, least=1)
    count = len(members)
    error = (members - truth).abs().mean(dim=0)
    if count == 1:
        return error
    # of members in order, the sum over all pairs needs no pairs
    ordered = members.sort(dim=0).values
    signs = 2 * torch.arange(count, device=members.device) - (count - 1)
    apart = (signs.to(members).reshape(-1, *[1] * truth.ndim) * ordered).sum(dim=0)
    return error - apart / (count * (count - 1))


def spread_skill(members: torch.Tensor, truth: torch.Tensor) -> tuple[float, float]:
    """Spread and skill of an ensemble, root mean squares over all of (...): (members, ...) and (...).

    The spread is the deviation of the members about their mean, enlarged by what the mean of so few is
    uncertain; the skill is the error of their mean. Where the truth might be one of the members the two are
    equal; an ensemble with less spread trusts itself too much.

    Fortin, Abaza, Anctil & Turcotte 2014, doi:10.1175/JHM-D-14-0008.1.
    """
    _refuse(members, truth, least=2)
    count = len(members)
    spread = ((count + 1) / count * members.var(dim=0).mean()).sqrt()
    skill = (members.mean(dim=0) - truth).square().mean().sqrt()
    return float(spread), float(skill)


def _refuse(members: torch.Tensor, truth: torch.Tensor, *, least: int) -> None:
    if members.shape[1:] != truth.shape or len(members) < least:
        raise ValueError(
            f"an ensemble of a truth of shape {tuple(truth.shape)} has that shape behind its members, "
            f"{least} at least; got {tuple(members.shape)}"
        )
