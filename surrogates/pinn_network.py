"""A network of coordinates that stands for the unknowns of a problem, and their derivatives."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..solvers.pointwise import Derivative, Places, Pointwise
from .blocks.coordinate_features import CoordinateFeatures
from .blocks.jet_perceptron import JetPerceptron
from .directions import Directions
from .fast_jets import jets
from .surrogate import SurrogateError

__all__ = ["CoordinateNetwork", "NetworkSettings", "Prepared", "flat_weights", "set_weights"]


@dataclass(frozen=True)
class NetworkSettings:
    """The network.

    Attributes:
        hidden: widths of the hidden layers.
        activation: `gelu`, `tanh`, `silu` or `sine`; what is not smooth is refused.
        gain: of the first weights, in units of Glorot & Bengio's.
        harmonics: waves by which a periodic coordinate enters, so that the answer is periodic by
            construction; 0 to ask for that in the loss instead.
        random_waves, wavenumber: how many random waves of all coordinates there are besides, and of what
            deviation their wavenumbers are, in units of the domain's half.
        factorised: whether each neuron's scale is learned apart.
        built_in: whether conditions hold by construction where the problem knows how.
        mirrored: whether the problem's symmetries hold by construction.
    """

    hidden: tuple[int, ...] = (20, 20, 20)
    activation: str = "gelu"
    gain: float = 1.6
    harmonics: int = 1
    random_waves: int = 0
    wavenumber: float = 3.0
    factorised: bool = False
    built_in: bool = True
    mirrored: bool = True

    def __post_init__(self) -> None:
        if not self.gain > 0:
            raise SurrogateError(f"gain must be positive, got {self.gain}")


@dataclass(frozen=True)
class Prepared:
    """Points, and all that depends on them alone.

    Attributes:
        places: coordinates and numbers by name, (points,) each.
        directions: along which is differentiated.
        features: (streams, copies times points, features) what the network is given.
        form: (streams, points, unknowns) twice: what is added to the network's word, and its factor; None
            where nothing is built in.
    """

    places: Places
    directions: Directions
    features: torch.Tensor
    form: tuple[torch.Tensor, torch.Tensor] | None


class CoordinateNetwork(nn.Module):
    """(coordinates, numbers) -> unknowns and their derivatives.

    Arguments:
        problem: what it is to solve.
        settings: see there.
        recover: numbers that are not known, with a first guess of each: they are learned, too. One that is
            positive stays so.
        seed: of the first weights.

    Raises `SurrogateError` for an activation that is not smooth or sizes that make no sense.
    """

    def __init__(
        self,
        problem: Pointwise,
        settings: NetworkSettings,
        *,
        recover: Mapping[str, float] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.problem, self.settings = problem, settings
        self.guesses = dict(recover or {})
        known = {number.name for number in problem.numbers}
        if not {*self.guesses} <= known:
            raise SurrogateError(
                f"the problem has no number {sorted({*self.guesses} - known)[0]!r} that could be recovered; "
                f"it has {', '.join(sorted(known)) or 'none'}"
            )
        self.given = [number for number in problem.ranges if number.name not in self.guesses]
        harmonics = [settings.harmonics if c.periodic else 0 for c in problem.coordinates]
        generator = torch.Generator().manual_seed(seed)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            try:
                self.features = CoordinateFeatures(
                    [*harmonics, *[0] * len(self.given)],
                    random=settings.random_waves,
                    scale=settings.wavenumber,
                    generator=generator,
                )
                self.perceptron = JetPerceptron(
                    inputs=self.features.outputs,
                    hidden=settings.hidden,
                    outputs=len(problem.unknowns),
                    activation=settings.activation,
                    gain=settings.gain,
                    factorised=settings.factorised,
                )
            except ValueError as error:
                raise SurrogateError(str(error)) from error
        self.held = False
        self.recovered = nn.ParameterDict(
            {name: nn.Parameter(torch.tensor(0.0)) for name in sorted(self.guesses)}
        )

    def number(self, name: str) -> torch.Tensor:
        """A number that is learned, as it is now: in units of its first guess its logarithm is learned, where
        that is 0 the number itself. While it is `held` nothing is learned of it.
        """
        guess, learned = self.guesses[name], self.recovered[name]
        learned = learned.detach() if self.held else learned
        return guess * torch.exp(learned) if guess else learned

    def prepare(self, places: Places, wanted: Iterable[Derivative]) -> Prepared:
        """Points made ready for these derivatives."""
        problem = self.problem
        directions = Directions.of(orders for _, orders in wanted)
        x = torch.stack([places[name] for name in problem.coordinate_names], dim=1)
        halves = torch.tensor([0.5 * c.length for c in problem.coordinates], dtype=torch.float64).to(x)
        middles = torch.tensor([0.5 * (c.low + c.high) for c in problem.coordinates], dtype=torch.float64).to(
            x
        )
        numbers = [number.scaled(places[number.name])[:, None] for number in self.given]
        vectors = torch.tensor(directions.vectors).reshape(-1, len(halves)).to(x)
        features = []
        for signs, _ in self._images():
            sign = torch.tensor(signs).to(x)
            moved = torch.cat([(x - middles) / halves * sign, *numbers], dim=1)
            # a function of the mirrored point, differentiated along a direction: along the mirrored one there
            turned = torch.cat([vectors * sign, vectors.new_zeros(len(vectors), len(numbers))], dim=1)
            features.append(self.features.streams(moved, turned, directions.orders))
        form = self._form(places, vectors * halves, directions) if self._formed else None
        return Prepared(dict(places), directions, torch.cat(features, dim=1), form)

    def streams(self, prepared: Prepared) -> torch.Tensor:
        """(streams, points, unknowns)"""
        said = jets(self.perceptron, prepared.features, prepared.directions.orders)
        images = self._images()
        if len(images) > 1:
            parities = torch.tensor([parity for _, parity in images]).to(said)
            copies = said.reshape(len(said), len(images), -1, said.shape[-1])
            said = (copies * parities[:, None] / len(images)).sum(dim=1)
        if prepared.form is not None:
            added, factor = prepared.form
            said = added + _product(factor, said, prepared.directions.orders)
        return said

    def forward(self, prepared: Prepared) -> dict[Derivative, torch.Tensor]:
        """Each derivative of each unknown that was prepared for, (points,)."""
        said = self.streams(prepared)
        halves = [0.5 * c.length for c in self.problem.coordinates]
        found = {}
        for orders, recipe in prepared.directions.recipes.items():
            scale = math.prod(half**-n for half, n in zip(halves, orders, strict=True))
            whole = sum(scale * factor * said[place] for factor, place in recipe)
            assert isinstance(whole, torch.Tensor)
            for i, unknown in enumerate(self.problem.unknowns):
                found[unknown, orders] = whole[:, i]
        return found

    @property
    def _formed(self) -> bool:
        return self.settings.built_in and self.problem.form is not None

    def _images(self) -> list[tuple[list[float], list[float]]]:
        """Signs of the coordinates and of the unknowns for every product of mirrors."""
        problem = self.problem
        mirrors = problem.mirrors if self.settings.mirrored else ()
        found = []
        for taken in itertools.product((False, True), repeat=len(mirrors)):
            chosen = [mirror for mirror, is_taken in zip(mirrors, taken, strict=True) if is_taken]
            signs = [
                math.prod(-1.0 if c in m.reflected else 1.0 for m in chosen) for c in problem.coordinate_names
            ]
            parities = [math.prod(-1.0 if u in m.odd else 1.0 for m in chosen) for u in problem.unknowns]
            found.append((signs, parities))
        return found

    def _form(
        self, places: Places, vectors: torch.Tensor, directions: Directions
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What is added and what multiplies, with their derivatives along the directions."""
        # in inference mode, in which tasks ask, autograd finds no derivatives even where it is switched on,
        # and of tensors that were made in it takes only copies
        with torch.inference_mode(mode=False):
            copies = {name: values.clone() for name, values in places.items()}
            return self._formed_at(copies, vectors.clone(), directions)

    def _formed_at(
        self, places: Places, vectors: torch.Tensor, directions: Directions
    ) -> tuple[torch.Tensor, torch.Tensor]:
        names, unknowns = self.problem.coordinate_names, self.problem.unknowns
        points = len(places[names[0]])
        found = torch.zeros(2, 1 + sum(directions.orders), points, len(unknowns)).to(places[names[0]])
        found[1, 0] = 1.0

        def parts(way: torch.Tensor, vector: torch.Tensor) -> dict[tuple[int, int], torch.Tensor]:
            moved = {name: places[name] + way * vector[i] for i, name in enumerate(names)}
            form = self.problem.form
            assert form is not None
            said = form({**places, **moved})
            return {(k, unknowns.index(u)): part for u, both in said.items() for k, part in enumerate(both)}

        place = 1
        still = torch.zeros(points, requires_grad=False).to(places[names[0]])
        for (k, u), value in parts(still, torch.zeros(len(names)).to(still)).items():
            found[k, 0, :, u] = value
        for vector, order in zip(vectors, directions.orders, strict=True):
            way = still.clone().requires_grad_()
            with torch.enable_grad():
                for (k, u), value in parts(way, vector).items():
                    for n in range(order):
                        if not value.requires_grad:
                            break  # it is constant along this direction
                        (slope,) = torch.autograd.grad(value.sum(), way, create_graph=True, allow_unused=True)
                        if slope is None:
                            break
                        found[k, place + n, :, u], value = slope.detach(), slope
            place += order
        return found[0], found[1]


def flat_weights(network: nn.Module) -> NDArray[np.float64]:
    """(numbers,) all that a network learns, in one line."""
    flat = torch.cat([p.detach().reshape(-1) for p in network.parameters()])
    return np.asarray(flat.cpu().double().numpy())


@torch.no_grad()
def set_weights(network: nn.Module, numbers: NDArray[np.float64]) -> None:
    """Undoes `flat_weights`."""
    begin = 0
    for parameter in network.parameters():
        part = torch.from_numpy(numbers[begin : begin + parameter.numel()])
        parameter.copy_(part.view_as(parameter))
        begin += parameter.numel()


def _product(one: torch.Tensor, other: torch.Tensor, orders: Sequence[int]) -> torch.Tensor:
    """The streams of a product, by Leibniz."""
    found, place = [one[0] * other[0]], 1
    for order in orders:
        for n in range(1, order + 1):
            at = [0, *range(place, place + order)]
            terms = [math.comb(n, j) * one[at[j]] * other[at[n - j]] for j in range(n + 1)]
            found.append(sum(terms[1:], terms[0]))
        place += order
    return torch.stack(found)
