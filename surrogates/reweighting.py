"""Energies of stored configurations, weighted for the temperature that is asked for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch

from ..datasets.configurations import Configurations
from .surrogate import Surrogate, SurrogateError, TrainingRecord

__all__ = ["Reweighting", "bond_energies"]


class Reweighting(Surrogate):
    """Mean energy and specific heat at any temperature from configurations that were drawn at others.

    It is told the energy: that of neighbours on a periodic grid that like to be alike (Ising). All stored
    configurations together give how many there are of each energy, the density of states, as likely as can
    be: each counts by how often it would have come up at all the temperatures together. Boltzmann's factor
    then weights them for any other temperature. Nothing else is learned, and nothing is drawn.

    Between temperatures that share energies it interpolates as well as their configurations allow. Beyond
    them, and where neighbours share none, there is nothing to weight, and it is wrong without a warning.

    Reference: Ferrenberg & Swendsen 1989, doi:10.1103/PhysRevLett.63.1195.
    """

    @dataclass(frozen=True)
    class Settings:
        """How the density of states is found, and what the answer is called.

        Attributes:
            iterations: of the fixed point, at most.
            tolerance: change of a logarithm at which it is reached.
            energy, heat: names of the mean energy and of the variance over T^2, both for each place.
        """

        iterations: int = 10_000
        tolerance: float = 1e-10
        energy: str = "energy"
        heat: str = "specific_heat"

        def __post_init__(self) -> None:
            if self.iterations < 1 or not self.tolerance > 0:
                raise SurrogateError(
                    f"iterations must be at least 1 and tolerance positive, got {self.iterations} and "
                    f"{self.tolerance}"
                )
            if not self.energy or not self.heat or self.energy == self.heat:
                raise SurrogateError(f"energy and heat need two names, got {self.energy!r} and {self.heat!r}")

    learns: ClassVar[type] = Configurations
    settings: Settings
    condition: str = ""
    places: int = 0
    levels: torch.Tensor | None = None
    """(levels,) energies that were seen."""
    density: torch.Tensor | None = None
    """(levels,) logarithms of how many configurations have each, but for one constant."""

    def fit(
        self,
        examples: Configurations,
        validation: Configurations,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Count energies at every temperature, then find the density that explains all counts.

        Raises `SurrogateError` for configurations of anything but +1 and -1, and temperatures that are not
        positive.
        """
        begin = time.perf_counter()
        self.refuse_without_both(examples, validation)
        (_, (_, *grid)), *_ = examples.output_shapes.items()
        self.condition, self.places = examples.condition, int(torch.tensor(grid).prod())
        self.input_shapes = {self.condition: ()}
        self.output_shapes = {self.settings.energy: (), self.settings.heat: ()}
        temperatures, energies = self._read(examples)
        levels, places = torch.unique(energies, return_inverse=True)
        counts = torch.zeros(len(energies), len(levels), dtype=torch.float64)
        counts.scatter_add_(1, places, torch.ones_like(energies))
        density = self._density(temperatures, levels, counts)
        self.levels, self.density = levels.to(self.device), density.to(self.device)
        judged, seen = self._read(validation)
        found = self._weighted(judged.to(self.device))[0].cpu()
        means = seen.mean(dim=1)
        error = float(((found - means).square().sum() / means.square().sum()).sqrt())
        return TrainingRecord(time.perf_counter() - begin, len(examples), 1, error)

    @torch.no_grad()
    def __call__(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """See `Surrogate`: (batch,) temperatures -> (batch,) energies and specific heats."""
        if self.levels is None:
            raise SurrogateError("Reweighting has not learned yet: call `fit` or `load` first")
        if self.condition not in inputs or inputs[self.condition].ndim != 1:
            got = tuple(inputs[self.condition].shape) if self.condition in inputs else "nothing"
            raise SurrogateError(f"expected {self.condition!r} of shape (batch,), got {got}")
        temperatures = inputs[self.condition].double()
        mean, variance = self._weighted(temperatures)
        heat = variance / temperatures**2
        names = (self.settings.energy, self.settings.heat)
        return {n: (v / self.places).to(self.dtype) for n, v in zip(names, (mean, heat), strict=True)}

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        if self.levels is None or self.density is None:
            raise SurrogateError("Reweighting has not learned yet: call `fit` or `load` first")
        return {"levels": self.levels, "density": self.density}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        self.levels, self.density = (tensors[name].to(self.device) for name in ("levels", "density"))

    def noted(self) -> dict[str, object]:
        """See `Surrogate`."""
        return {**super().noted(), "condition": self.condition, "places": self.places}

    def recall(self, noted: Mapping[str, object]) -> None:
        """See `Surrogate`."""
        super().recall(noted)
        self.condition, self.places = str(noted["condition"]), int(str(noted["places"]))

    def _read(self, examples: Configurations) -> tuple[torch.Tensor, torch.Tensor]:
        """(conditions,) temperatures and (conditions, copies) energies."""
        held = examples.held(dtype="float64")
        temperatures = torch.from_numpy(held.inputs[examples.condition])
        spins = torch.from_numpy(next(iter(held.outputs.values()))[:, 0])
        if not bool((temperatures > 0).all()):
            raise SurrogateError(
                f"{self.condition!r} must be positive to reweight by, got {float(temperatures.min()):g}"
            )
        if not bool((spins.abs() == 1).all()):
            raise SurrogateError("Reweighting knows the energy of +1 and -1, and these are other values")
        return temperatures, bond_energies(spins, dimensions=spins.ndim - 2)

    def _density(
        self, temperatures: torch.Tensor, levels: torch.Tensor, counts: torch.Tensor
    ) -> torch.Tensor:
        """The fixed point: log g(E) = log sum_i n_i(E) - log sum_i exp(f_i - E / T_i), with exp(-f_i) the sum
        of g(E) exp(-E / T_i); but for a constant, as there are as many configurations at each temperature.
        """
        factors = -levels / temperatures[:, None]
        free, seen = torch.zeros(len(temperatures), 1, dtype=torch.float64), counts.sum(dim=0).log()
        density = seen
        for _ in range(self.settings.iterations):
            density = seen - (factors + free).logsumexp(dim=0)
            found = -(density + factors).logsumexp(dim=1, keepdim=True)
            # only differences count
            found = found - found[0]
            change, free = float((found - free).abs().max()), found
            if change < self.settings.tolerance:
                break
        return density - density.max()

    def _weighted(self, temperatures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(batch,) mean and variance of the energy of the whole grid."""
        assert self.levels is not None and self.density is not None
        weights = (self.density - self.levels / temperatures[:, None]).softmax(dim=1)
        mean = weights @ self.levels
        return mean, (weights * (self.levels - mean[:, None]).square()).sum(dim=1)


def bond_energies(spins: torch.Tensor, *, dimensions: int) -> torch.Tensor:
    """(..., *grid) of +1 and -1 -> (...) minus the sum of s s' over all neighbours on a periodic grid."""
    axes = range(-dimensions, 0)
    along = [(spins * spins.roll(1, dims=axis)).sum(dim=tuple(axes)) for axis in axes]
    return -torch.stack(along).sum(dim=0)
