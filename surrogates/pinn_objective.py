"""The loss of a network of coordinates: its terms, their weights, and where they are asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from ..solvers.pointwise import TIME, Places, wanted_by
from .pinn_loss import Known, Term, data_term, equation_term, periodic_term
from .pinn_network import CoordinateNetwork, flat_weights, set_weights
from .pinn_points import condition_points, inner_points, refuse_outside
from .pinn_weights import causal, gradient_norms, kernel_traces
from .surrogate import SurrogateError

__all__ = ["LossSettings", "PhysicsObjective"]

POOL = 10
"""Times as many points as are wanted, of which those with large residuals are preferred."""
EQUATIONS = "equations"


@dataclass(frozen=True)
class LossSettings:
    """The loss, and how it follows the network.

    Attributes:
        points: inside, where the equations are asked for.
        condition_points: of each condition.
        known_points: of known values, drawn from all at each refresh; None for all at once.
        resampling: of the points inside at each refresh: `residual` draws them from ten times as many, with a
            chance that grows with the residual (Wu et al., 2023), `even` spreads others evenly, `never` keeps
            the first.
        refresh: steps between two refreshes.
        weighting: of the terms at each refresh: `fixed` keeps `weights`, `gradient_norm` makes their
            gradients equally long (Wang et al., 2021), `kernel` their neural tangent kernels' traces equal
            (Wang et al., 2022).
        weights: of terms by name, where not 1: `equations`, `data`, a condition's, `periodic x`.
        causality: how strictly earlier times have to be solved first; 0 for not at all (Wang et al., 2024).
        slices: in time, for that.

    Raises `SurrogateError` for settings that make no sense.

    Wu, Zhu, Tan, Kartha & Lu, Comput. Methods Appl. Mech. Eng. 403 (2023), doi:10.1016/j.cma.2022.115671;
    Wang, Teng & Perdikaris, SIAM J. Sci. Comput. 43 (2021), doi:10.1137/20M1318043; Wang, Yu & Perdikaris,
    J. Comput. Phys. 449 (2022), doi:10.1016/j.jcp.2021.110768; Wang, Sankaran & Perdikaris, Comput. Methods
    Appl. Mech. Eng. 421 (2024), doi:10.1016/j.cma.2024.116813.
    """

    points: int = 2_048
    condition_points: int = 256
    known_points: int | None = 4_096
    resampling: Literal["residual", "even", "never"] = "residual"
    refresh: int = 200
    weighting: Literal["fixed", "gradient_norm", "kernel"] = "fixed"
    weights: tuple[tuple[str, float], ...] = ()
    causality: float = 0.0
    slices: int = 16

    def __post_init__(self) -> None:
        if min(self.points, self.condition_points, self.refresh, self.slices) < 1 or self.causality < 0:
            raise SurrogateError(
                "points, condition_points, refresh and slices must be positive and causality at least 0, got "
                f"{self.points}, {self.condition_points}, {self.refresh}, {self.slices} and {self.causality}"
            )
        for name, known in (
            ("resampling", ("residual", "even", "never")),
            ("weighting", ("fixed", "gradient_norm", "kernel")),
        ):
            if getattr(self, name) not in known:
                raise SurrogateError(f"{name} must be {', '.join(known)}, got {getattr(self, name)!r}")
        if any(not weight > 0 for _, weight in self.weights):
            raise SurrogateError(f"weights must be positive, got {dict(self.weights)}")


class PhysicsObjective:
    """A loss of the network's weights in one line of numbers, and its gradient.

    Attributes:
        network, settings: see there.
        terms: of which the loss is made, by name.
        weights: of the terms.
        refreshes: how often points and weights were drawn.

    Raises `SurrogateError` for a term that does not depend on the network, and for points outside.
    """

    def __init__(
        self,
        network: CoordinateNetwork,
        settings: LossSettings,
        *,
        seed: int,
        known: Known | None = None,
        equations: bool = True,
    ) -> None:
        self.network, self.settings, self.seed = network, settings, seed
        self.parameters = list(network.parameters())
        first = self.parameters[0]
        self.device, self.dtype = first.device, first.dtype
        self.refreshes = 0
        self.equations, self.terms = equations, dict[str, Term]()
        if equations:
            self._ask_at(self._points(0))
            self._add_conditions()
        self._known: Known | None = known
        if known is not None:
            refuse_outside(network.problem, known.places, "the data")
            self._every = Known(self._moved(known.places), self._moved(known.values))
            self._draw_known()
        if not self.terms:
            raise SurrogateError("there is nothing to learn: neither equations nor data")
        unknown = sorted({name for name, _ in settings.weights} - {*self.terms})
        if unknown:
            raise SurrogateError(f"there is no term {unknown[0]!r} to weigh; there are {sorted(self.terms)}")
        self.weights = {name: dict(settings.weights).get(name, 1.0) for name in self.terms}
        self._refuse_independent()

    # as numbers ----------------------------------------------------------------------------------

    @property
    def place(self) -> NDArray[np.float64]:
        """(numbers,) the weights as they are."""
        return flat_weights(self.network)

    @place.setter
    def place(self, numbers: NDArray[np.float64]) -> None:
        set_weights(self.network, numbers)

    def __call__(self, numbers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """The loss and its gradient; the network then has these weights."""
        self.place = numbers
        loss = self.loss()
        gradient = torch.cat([g.reshape(-1) for g in torch.autograd.grad(loss, self.parameters)])
        return float(loss.detach()), np.asarray(gradient.cpu().double().numpy())

    def loss(self) -> torch.Tensor:
        """The weighed sum of all terms."""
        parts = [self.weights[name] * term.value(self.network) for name, term in self.terms.items()]
        return sum(parts[1:], parts[0])

    @torch.no_grad()
    def values(self) -> dict[str, float]:
        """Each term, not weighed."""
        return {name: float(term.value(self.network)) for name, term in self.terms.items()}

    def residual(self, points: int, *, seed: int) -> float:
        """The root mean square of all equations at other points, spread evenly; of all terms where there are
        no equations.
        """
        if not self.equations:
            return float(np.sqrt(sum(self.values().values())))
        places = self._moved(inner_points(self.network.problem, points, seed=seed, mirrored=self._mirrored))
        term = equation_term(self.network, EQUATIONS, self.network.problem.equations, places)
        with torch.no_grad():
            return float(term.value(self.network).sqrt())

    # following -----------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Other points and weights, as the settings have it, for the network as it is now."""
        self.refreshes += 1
        settings = self.settings
        if self._known is not None:
            self._draw_known()
        if self.equations and settings.resampling != "never":
            self._ask_at(self._points(self.refreshes))
        if self.equations and settings.causality:
            self._weigh_by_time()
        if settings.weighting != "fixed" and len(self.terms) > 1:
            measure = gradient_norms if settings.weighting == "gradient_norm" else kernel_traces
            found = measure(self.network, self.terms, self.parameters, seed=self._seed(2))
            # half of what was, for one measurement is of one set of points
            self.weights = {name: 0.5 * self.weights[name] + 0.5 * found[name] for name in self.terms}

    def state(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        """Points and weights as tensors and as JSON."""
        inside = self.terms.get(EQUATIONS)
        tensors = {} if inside is None else {f"places.{n}": v for n, v in inside.places.items()}
        if inside is not None and inside.weights is not None:
            tensors["weights"] = inside.weights
        return tensors, {"weights": self.weights, "refreshes": self.refreshes}

    def resume(self, tensors: Mapping[str, torch.Tensor], numbers: Mapping[str, Any]) -> None:
        """Take `state()` back."""
        self.weights, self.refreshes = dict(numbers["weights"]), numbers["refreshes"]
        if self._known is not None:
            self._draw_known()
        if self.equations:
            places = {n.removeprefix("places."): v for n, v in tensors.items() if n.startswith("places.")}
            self._ask_at(self._moved(places))
            weights = tensors.get("weights")
            self.terms[EQUATIONS].weights = None if weights is None else weights.to(self.device, self.dtype)

    def twin(self, network: CoordinateNetwork, name: str) -> Term:
        """A term at the same places for another network of the same problem, e.g. a more precise one."""
        dtype = next(network.parameters()).dtype
        problem, places = network.problem, {n: v.to(dtype) for n, v in self.terms[name].places.items()}
        if name == "data":
            known = self._known
            assert known is not None
            return data_term(network, Known(places, {n: v.to(dtype) for n, v in known.values.items()}))
        if name.startswith("periodic "):
            return self._periodic(network, name.removeprefix("periodic "), places)
        conditions = {c.name: c.equations for c in problem.conditions}
        return equation_term(network, name, conditions.get(name, problem.equations), places)

    def first_weights(self) -> None:
        """The weighing by time, for the first points, before the first step."""
        if self.equations and self.settings.causality:
            self._weigh_by_time()

    # terms ---------------------------------------------------------------------------------------

    @property
    def _mirrored(self) -> bool:
        return self.network.settings.mirrored

    def _seed(self, purpose: int) -> int:
        return int(np.random.SeedSequence([self.seed, purpose, self.refreshes]).generate_state(1)[0])

    def _moved(self, places: Places) -> dict[str, torch.Tensor]:
        return {name: values.to(self.device, self.dtype) for name, values in places.items()}

    def _points(self, number: int) -> dict[str, torch.Tensor]:
        settings, problem = self.settings, self.network.problem
        preferring = number > 0 and settings.resampling == "residual"
        count = settings.points * (POOL if preferring else 1)
        places = self._moved(inner_points(problem, count, seed=self._seed(0), mirrored=self._mirrored))
        if not preferring:
            return places
        with torch.no_grad():
            pool = equation_term(self.network, EQUATIONS, problem.equations, places)
            size = pool.squares(self.network).sqrt().cpu().double()
        chances = size / size.mean().clamp_min(1e-300) + 1
        generator = torch.Generator().manual_seed(self._seed(1))
        chosen = torch.multinomial(chances, settings.points, generator=generator).to(self.device)
        return {name: values[chosen] for name, values in places.items()}

    def _ask_at(self, places: Places) -> None:
        self.terms[EQUATIONS] = equation_term(self.network, EQUATIONS, self.network.problem.equations, places)

    def _draw_known(self) -> None:
        every, limit = self._every, self.settings.known_points
        count = len(next(iter(every.values.values())))
        self._known = every
        if limit is not None and count > limit:
            generator = torch.Generator().manual_seed(self._seed(3))
            chosen = torch.randperm(count, generator=generator)[:limit].to(self.device)
            self._known = Known(
                {name: values[chosen] for name, values in every.places.items()},
                {name: values[chosen] for name, values in every.values.items()},
            )
        self.terms["data"] = data_term(self.network, self._known)

    def _add_conditions(self) -> None:
        network, problem = self.network, self.network.problem
        count = self.settings.condition_points
        for i, condition in enumerate(problem.conditions):
            if condition.built_in and network.settings.built_in:
                continue
            places = self._moved(condition_points(problem, condition, count, seed=self._seed(10 + i)))
            self.terms[condition.name] = equation_term(network, condition.name, condition.equations, places)
        for i, coordinate in enumerate(problem.coordinates):
            if coordinate.periodic and not network.settings.harmonics:
                places = self._moved(inner_points(problem, count, seed=self._seed(100 + i), mirrored=False))
                term = self._periodic(network, coordinate.name, places)
                self.terms[term.name] = term

    def _periodic(self, network: CoordinateNetwork, coordinate: str, places: Places) -> Term:
        problem = network.problem
        i = problem.coordinate_names.index(coordinate)
        asked = wanted_by(problem, problem.equations, EQUATIONS)
        highest = max(orders[i] for _, orders in asked)
        return periodic_term(network, coordinate, places, highest=highest)

    def _weigh_by_time(self) -> None:
        inside = self.terms[EQUATIONS]
        if TIME not in inside.places:
            raise SurrogateError(f"causality needs a coordinate {TIME!r}; set it to 0 for a steady problem")
        with torch.no_grad():
            squares = inside.squares(self.network)
        self.terms[EQUATIONS] = dataclasses.replace(
            inside,
            weights=causal(
                squares, inside.places[TIME], tolerance=self.settings.causality, slices=self.settings.slices
            ),
        )

    def _refuse_independent(self) -> None:
        """Where the network can change nothing, a mistake was made."""
        network = list(self.network.perceptron.parameters())
        for name, term in self.terms.items():
            # of the residuals, for the gradient of their squares vanishes where these happen to be zero
            parts = [r.sum() for r in term.residuals(self.network).values()]
            value = sum(parts[1:], parts[0])
            slopes = torch.autograd.grad(value, network, allow_unused=True) if value.requires_grad else ()
            if not any(slope is not None and bool((slope != 0).any()) for slope in slopes):
                raise SurrogateError(
                    f"the term {name!r} does not depend on what the network says (its gradient is zero); "
                    "look at its equations, and at points that a built-in form leaves no freedom"
                )
