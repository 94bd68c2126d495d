"""Fields in two regimes whose relation is known, with pairs and without."""

from typing import Any

import numpy as np
import torch
from known_dynamics import Asked
from understudy.datasets.translations import Archives, Translations
from understudy.surrogates.alignment import Kinds

DEVIATIONS = (3.0, 2.0, 1.2, 0.7)


def skewed(samples: int, seed: int, deviations: tuple[float, ...] = DEVIATIONS) -> np.ndarray:
    """(samples, numbers) independent exponential numbers of mean zero: only the identity keeps them."""
    drawn = np.random.default_rng(seed).exponential(size=(samples, len(deviations))) - 1
    return np.asarray(drawn * np.array(deviations))


def rotation(numbers: int, seed: int) -> np.ndarray:
    """An orthogonal matrix, far from the identity."""
    return np.asarray(np.linalg.qr(np.random.default_rng(seed).normal(size=(numbers, numbers)))[0])


def turn(angle: float) -> np.ndarray:
    """A rotation of the plane."""
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def fields(samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(samples, 6, 4) in two regimes: the second has another mean, and more of what varies."""
    shapes = rotation(24, 1)[:4].reshape(4, 6, 4)
    first = 5 + np.tensordot(skewed(samples, seed), shapes, 1)
    return first, 9 + 1.5 * (first - 5) + np.linspace(0, 1, 4)


def archives(samples: int, seed: int) -> Archives:
    """Of the fields, none in both."""
    return Archives({"u": fields(samples, 2 * seed)[0]}, {"u": fields(samples, 2 * seed + 1)[1]})


def translations(samples: int, seed: int) -> Translations:
    """Pairs of the fields."""
    first, second = fields(samples, seed)
    return pairs_of(first, second)


def pairs_of(given: np.ndarray, wanted: np.ndarray) -> Translations:
    """Pairs of any fields `u`."""
    source: Any = Asked(u=wanted)
    return Translations(source, given={"u": given}, places=range(len(given)))


def kinds_of(given: np.ndarray, wanted: np.ndarray) -> Kinds:
    """In rows."""
    return Kinds(torch.from_numpy(given), torch.from_numpy(wanted))


def normal(covariance: np.ndarray, samples: int, seed: int) -> np.ndarray:
    """(samples, numbers) of this covariance to the last digit, mean zero."""
    drawn = np.random.default_rng(seed).normal(size=(samples, len(covariance)))
    drawn -= drawn.mean(axis=0)
    white = drawn @ np.linalg.inv(np.linalg.cholesky(drawn.T @ drawn / samples)).T
    return np.asarray(white @ np.linalg.cholesky(covariance).T)


def said(surrogate: Any, given: np.ndarray) -> np.ndarray:
    return np.asarray(surrogate({"given/u": torch.from_numpy(given).to(surrogate.dtype)})["u"].double())


def apart(given: np.ndarray, wanted: np.ndarray) -> Archives:
    return Archives({"u": given}, {"u": wanted})
