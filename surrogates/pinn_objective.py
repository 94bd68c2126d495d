"""The loss of a network of coordinates: its terms, their weights, and where they are asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..solvers.pointwise import TIME, Places, wanted_by
from .pinn_loss import Known, Term, data_term, equation_term, periodic_term, sizes_of
from .pinn_loss_settings import LossSettings
from .pinn_network import CoordinateNetwork, flat_weights, set_weights
from .pinn_points import condition_points, inner_points, refuse_outside
from .pinn_weights import causal, gradient_norms, kernel_traces
from .surrogate import SurrogateError

__all__ = ["LossSettings", "PhysicsObjective"]

BUILT_IN = 1e-6
"""Of what a condition that is built in may leave, in double precision."""
POOL = 10
"""Times as many points as are wanted, of which those with large residuals are preferred."""
EQUATIONS, DATA = "equations", "data"


class PhysicsObjective:
    """A loss of the network's weights in one line of numbers, and its gradient.

    Attributes:
        network, settings: see there.
        terms: of which the loss is made, by name.
        weights: of the terms.
        refreshes: how often points and weights were drawn.
        known, sizes: all known values and their sizes, where there are any.

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
        self._count(0)
        self.equations, self.terms = equations, dict[str, Term]()
        if equations:
            self._ask_at(self._points(0))
            self._add_conditions()
        self.known: Known | None = None
        if known is not None:
            known = self._with_constants(known)
            refuse_outside(network.problem, known.places, "the data")
            self.known = Known(self.moved(known.places), self.moved(known.values))
            self.sizes = sizes_of(self.known)
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
        slopes = torch.autograd.grad(loss, self.parameters, materialize_grads=True)
        gradient = torch.cat([g.reshape(-1) for g in slopes])
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
        places = self.moved(inner_points(self.network.problem, points, seed=seed, mirrored=self._mirrored))
        term = equation_term(self.network, EQUATIONS, self.network.problem.equations, places)
        with torch.no_grad():
            return float(term.value(self.network).sqrt())

    def moved(self, values: Places) -> dict[str, torch.Tensor]:
        """To the network's device and precision."""
        return {name: value.to(self.device, self.dtype) for name, value in values.items()}

    # following -----------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Other points and weights, as the settings have it, for the network as it is now."""
        self._count(self.refreshes + 1)
        settings = self.settings
        self._draw_known()
        if self.equations and settings.resampling != "never":
            self._ask_at(self._points(self.refreshes))
        if self.equations and settings.causality:
            self._weigh_by_time()
        self._weigh_terms(keeping=0.5)  # half of what was, for one measurement is of one set of points

    def state(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        """Points and weights as tensors and as JSON."""
        inside = self.terms.get(EQUATIONS)
        tensors = {} if inside is None else {f"places.{n}": v for n, v in inside.places.items()}
        if inside is not None and inside.weights is not None:
            tensors["weights"] = inside.weights
        return tensors, {"weights": self.weights, "refreshes": self.refreshes}

    def resume(self, tensors: Mapping[str, torch.Tensor], numbers: Mapping[str, Any]) -> None:
        """Take `state()` back."""
        self.weights = dict(numbers["weights"])
        self._count(numbers["refreshes"])
        self._draw_known()
        if self.equations:
            places = {n.removeprefix("places."): v for n, v in tensors.items() if n.startswith("places.")}
            self._ask_at(self.moved(places))
            weights = tensors.get("weights")
            self.terms[EQUATIONS].weights = None if weights is None else weights.to(self.device, self.dtype)

    def twin(self, network: CoordinateNetwork, name: str) -> Term:
        """A term at the same places for another network of the same problem, e.g. a more precise one."""
        dtype = next(network.parameters()).dtype
        problem, places = network.problem, {n: v.to(dtype) for n, v in self.terms[name].places.items()}
        if name == DATA:
            values = {n: v.to(dtype) for n, v in self._drawn.values.items()}
            return data_term(network, Known(places, values), self.sizes)
        if name.startswith("periodic "):
            return self._periodic(network, name.removeprefix("periodic "), places)
        conditions = {c.name: c.equations for c in problem.conditions}
        return equation_term(network, name, conditions.get(name, problem.equations), places)

    def first_weights(self) -> None:
        """The weighing of terms and by time, for the first points, before the first step."""
        if self.equations and self.settings.causality:
            self._weigh_by_time()
        self._weigh_terms(keeping=0.0)

    def _count(self, refreshes: int) -> None:
        self.refreshes = refreshes
        self.network.held = refreshes < self.settings.hold

    # terms ---------------------------------------------------------------------------------------

    @property
    def _mirrored(self) -> bool:
        return self.network.settings.mirrored

    def _seed(self, purpose: int) -> int:
        return int(np.random.SeedSequence([self.seed, purpose, self.refreshes]).generate_state(1)[0])

    def _points(self, number: int) -> dict[str, torch.Tensor]:
        settings, problem = self.settings, self.network.problem
        preferring = number > 0 and settings.resampling == "residual"
        count = settings.points * (POOL if preferring else 1)
        places = self.moved(inner_points(problem, count, seed=self._seed(0), mirrored=self._mirrored))
        if not preferring:
            return places
        with torch.no_grad():
            pool = equation_term(self.network, EQUATIONS, problem.equations, places)
            size = pool.squares(self.network).sqrt().cpu().double()
        # points where it is not finite are surely among them, so that the loss says so
        fine = size[size.isfinite()]
        size = torch.where(size.isfinite(), size, 1e12 * float(1 + fine.sum()))
        chances = size / size.mean().clamp_min(1e-300) + 1
        generator = torch.Generator().manual_seed(self._seed(1))
        chosen = torch.multinomial(chances, settings.points, generator=generator).to(self.device)
        return {name: values[chosen] for name, values in places.items()}

    def _ask_at(self, places: Places) -> None:
        self.terms[EQUATIONS] = equation_term(self.network, EQUATIONS, self.network.problem.equations, places)

    def _draw_known(self) -> None:
        if self.known is not None:
            self._drawn = self.known.drawn(self.settings.known_points, seed=self._seed(3))
            self.terms[DATA] = data_term(self.network, self._drawn, self.sizes)

    def _add_conditions(self) -> None:
        network, problem = self.network, self.network.problem
        count = self.settings.condition_points
        for i, condition in enumerate(problem.conditions):
            if condition.name in (EQUATIONS, DATA) or condition.name.startswith("periodic "):
                raise SurrogateError(
                    f"a condition may not be called {condition.name!r}, as another part of the loss is; give "
                    "it another name"
                )
            places = self.moved(condition_points(problem, condition, count, seed=self._seed(10 + i)))
            term = equation_term(network, condition.name, condition.equations, places)
            if not (condition.built_in and network.settings.built_in):
                self.terms[condition.name] = term
                continue
            with torch.no_grad():
                off = float(term.value(network).sqrt())
            if not off <= (BUILT_IN if self.dtype == torch.float64 else 1e4 * BUILT_IN):
                raise SurrogateError(
                    f"the condition {condition.name!r} is said to be built in, but the problem's form leaves "
                    f"{off:.1e} of it; look at the form, or do not say so"
                )
        for i, coordinate in enumerate(problem.coordinates):
            if coordinate.periodic and not network.settings.harmonics:
                places = self.moved(inner_points(problem, count, seed=self._seed(100 + i), mirrored=False))
                term = self._periodic(network, coordinate.name, places)
                self.terms[term.name] = term

    def _periodic(self, network: CoordinateNetwork, coordinate: str, places: Places) -> Term:
        problem = network.problem
        i = problem.coordinate_names.index(coordinate)
        asked = wanted_by(problem, problem.equations, EQUATIONS)
        highest = max(orders[i] for _, orders in asked)
        return periodic_term(network, coordinate, places, highest=highest)

    def _weigh_terms(self, *, keeping: float) -> None:
        settings = self.settings
        if settings.weighting == "fixed" or len(self.terms) < 2:
            return
        measure = gradient_norms if settings.weighting == "gradient_norm" else kernel_traces
        found = measure(self.network, self.terms, self.parameters, seed=self._seed(2))
        given = dict(settings.weights)
        self.weights = {
            name: keeping * self.weights[name] + (1 - keeping) * given.get(name, 1.0) * found[name]
            for name in self.terms
        }

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

    def _with_constants(self, known: Known) -> Known:
        """Data with all numbers, of which a form may be made; those that do not vary need not be given.

        Raises `SurrogateError` where a coordinate or a number that varies is missing, and for values of what
        is no unknown.
        """
        problem = self.network.problem
        needed = [*problem.coordinate_names, *(number.name for number in self.network.given)]
        missing = [name for name in needed if name not in known.places]
        if missing:
            raise SurrogateError(f"the data have no {missing[0]!r}; their places need {', '.join(needed)}")
        strange = sorted({*known.values} - {*problem.unknowns})
        if strange:
            raise SurrogateError(
                f"the data have values of {strange[0]!r}; the unknowns are {', '.join(problem.unknowns)}"
            )
        like = next(iter(known.values.values()))
        constants = {number.name: torch.full_like(like, number.low) for number in problem.numbers}
        return Known({**constants, **known.places}, known.values)

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
