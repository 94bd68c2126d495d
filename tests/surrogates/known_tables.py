"""Tables of numbers, a code and an answer that is known, with the interface of a split on disk."""

from typing import Any

import numpy as np
import torch
from known_dynamics import Asked, Evolved
from understudy.datasets.pairs import Pairs

MAKES = {30.0: 1.0, 10.0: -2.0, 20.0: 0.5}
"""What each code is worth; their order means nothing."""


def makes(samples: int, seed: int) -> Pairs:
    """A price, size * 10^worth of the make, over four decades of size; `shift` may be negative."""
    generator = np.random.default_rng(seed)
    size = 10 ** generator.uniform(-2, 2, samples)
    make = generator.choice(list(MAKES), samples)
    worth = np.array([MAKES[code] for code in make])
    price = size * 10**worth
    source: Any = Asked(size=size, make=make, price=price, shift=worth)
    return Pairs(source, inputs=("size", "make"), outputs=("price",))


def of(pairs: Pairs, **how: Any) -> Pairs:
    """The same source with other inputs and outputs."""
    return Pairs(pairs.source, **how)


def falling(samples: int, seed: int) -> Pairs:
    """start * exp(-make * t), of some hundred: timed."""
    generator = np.random.default_rng(seed)
    start, make = generator.uniform(100, 200, samples), generator.choice([1.0, 2.0], samples)
    times = np.linspace(0.0, 2.0, 9)
    source: Any = Evolved({"u": start[:, None] * np.exp(-make[:, None] * times)}, {"make": make}, times)
    return Pairs(source, inputs=("u", "make"), outputs=("u",), timed=True)


def tensors(named: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(values) for name, values in named.items()}
