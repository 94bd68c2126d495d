"""Gradient boosting by the libraries that do it well, out of which only the trees are taken."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from .surrogate import SurrogateError
from .tree_ensemble import Tree, TreeEnsemble

__all__ = ["GROWERS", "GrowingSettings"]

Array = NDArray[np.float64]
LIBRARIES = {
    "scikit-learn": ("sklearn", "scikit-learn", "trees"),
    "xgboost": ("xgboost", "xgboost-cpu", "xgboost"),
}
"""Its module, its package, and the extra that brings it."""
WIDEST = 255
"""Bins of a column that scikit-learn keeps apart."""


@dataclass(frozen=True)
class GrowingSettings:
    """How trees are grown.

    Attributes:
        trees: at most; those that help on the validation pairs are kept.
        learning_rate: the share of what is left that each tree takes on.
        leaves: of each tree, at most.
        samples_in_leaf: at least: fewer follow finer detail, and noise.
        l2: penalty of the leaves' values; 0 for none.
        bins: of each column: splits lie between them only, so that they bound the accuracy. For scikit-learn
            at most 255, and no fewer than any category has codes.
        library: `scikit-learn` (pip install understudy[trees]) or `xgboost` (understudy[xgboost]), which
            compares in single precision.
    """

    trees: int = 1_000
    learning_rate: float = 0.1
    leaves: int = 31
    samples_in_leaf: int = 20
    l2: float = 0.0
    bins: int = 255
    library: Literal["scikit-learn", "xgboost"] = "scikit-learn"

    def __post_init__(self) -> None:
        for name, least in (("trees", 1), ("leaves", 2), ("samples_in_leaf", 1), ("bins", 2)):
            if getattr(self, name) < least:
                raise SurrogateError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if not 0 < self.learning_rate < math.inf or not 0 <= self.l2 < math.inf:
            raise SurrogateError(
                "the learning rate must be positive and l2 not negative, got "
                f"{self.learning_rate} and {self.l2}"
            )
        if self.library not in GROWERS:
            raise SurrogateError(f"the library must be one of {sorted(GROWERS)}, got {self.library!r}")
        if self.library == "scikit-learn" and self.bins > WIDEST:
            raise SurrogateError(f"scikit-learn has at most {WIDEST} bins, got {self.bins}")

    def refuse_without_library(self) -> None:
        """Raise `SurrogateError` where `library` is not installed."""
        module, package, extra = LIBRARIES[self.library]
        if find_spec(module) is None:
            raise _not_installed(package, extra)


def with_scikit_learn(
    rows: Array, target: Array, settings: GrowingSettings, *, sizes: Sequence[int], seed: int
) -> TreeEnsemble:
    """Trees by `HistGradientBoostingRegressor`; the first columns are categories of these sizes.

    Raises `SurrogateError` where scikit-learn is not installed.

    Pedregosa et al., J. Machine Learning Research 12 (2011), arXiv:1201.0490.
    """
    try:
        from sklearn.ensemble import HistGradientBoostingRegressor
    except ImportError as error:
        raise _not_installed(*LIBRARIES["scikit-learn"][1:]) from error
    if max(sizes, default=0) > settings.bins:
        raise SurrogateError(
            f"a category has {max(sizes)} codes, more than there are bins: raise bins ({settings.bins})"
        )
    model = HistGradientBoostingRegressor(
        learning_rate=settings.learning_rate,
        max_iter=settings.trees,
        max_leaf_nodes=settings.leaves,
        min_samples_leaf=settings.samples_in_leaf,
        l2_regularization=settings.l2,
        max_bins=settings.bins,
        categorical_features=list(range(len(sizes))) or None,
        early_stopping=False,
        random_state=seed,
    ).fit(rows, target)
    trees = [_tree_of_scikit_learn(grown, max(sizes, default=0)) for (grown,) in model._predictors]
    return TreeEnsemble.of(trees, start=float(model._baseline_prediction.item()), codes=max(sizes, default=0))


def _tree_of_scikit_learn(grown: Any, codes: int) -> Tree:
    """Its nodes are a record array; the codes that go left are bits of eight words."""
    nodes = grown.nodes
    leaf = nodes["is_leaf"].astype(bool)
    bits = np.unpackbits(
        np.ascontiguousarray(grown.raw_left_cat_bitsets, dtype="<u4").view(np.uint8),
        axis=1,
        bitorder="little",
    )
    chosen = np.flatnonzero(nodes["is_categorical"].astype(bool) & ~leaf)
    return Tree(
        feature=np.where(leaf, -1, nodes["feature_idx"]).astype(np.int32),
        number=np.where(leaf, nodes["value"], nodes["num_threshold"]),
        left=nodes["left"].astype(np.int32),
        right=nodes["right"].astype(np.int32),
        missing_left=nodes["missing_go_to_left"].astype(np.uint8),
        sets={int(n): np.flatnonzero(bits[nodes["bitset_idx"][n], :codes]).tolist() for n in chosen},
    )


def with_xgboost(
    rows: Array, target: Array, settings: GrowingSettings, *, sizes: Sequence[int], seed: int
) -> TreeEnsemble:
    """Trees by XGBoost, grown leaf by leaf on histograms; the first columns are categories of these sizes.

    Raises `SurrogateError` where XGBoost is not installed.

    Chen & Guestrin 2016 (arXiv:1603.02754), doi:10.1145/2939672.2939785.
    """
    try:
        import xgboost
    except ImportError as error:
        raise _not_installed(*LIBRARIES["xgboost"][1:]) from error
    start = float(target.mean())
    kinds = ["c"] * len(sizes) + ["q"] * (rows.shape[1] - len(sizes))
    matrix = xgboost.DMatrix(rows, label=target - start, feature_types=kinds, enable_categorical=True)
    parameters = {
        "objective": "reg:squarederror",
        "base_score": 0.0,
        "tree_method": "hist",
        "grow_policy": "lossguide",
        "max_depth": 0,
        "max_leaves": settings.leaves,
        "eta": settings.learning_rate,
        "min_child_weight": settings.samples_in_leaf,
        "lambda": settings.l2,
        "max_bin": settings.bins,
        "seed": seed,
        "nthread": torch.get_num_threads(),
    }
    booster = xgboost.train(parameters, matrix, num_boost_round=settings.trees)
    learned = json.loads(bytes(booster.save_raw("json")))
    trees = [
        _tree_of_xgboost(grown, max(sizes, default=0))
        for grown in learned["learner"]["gradient_booster"]["model"]["trees"]
    ]
    return TreeEnsemble.of(trees, start=start, codes=max(sizes, default=0), single=True)


def _tree_of_xgboost(grown: Mapping[str, Any], codes: int) -> Tree:
    """It goes left where a number is smaller, not where it is equal; and right with the codes in its sets."""
    left = np.array(grown["left_children"], dtype=np.int32)
    leaf = left < 0
    number = np.array(grown["split_conditions"], dtype=np.float32)
    below = np.nextafter(number, np.float32(-np.inf))
    begins, counts = grown["categories_segments"], grown["categories_sizes"]
    sets = {
        int(node): sorted({*range(codes)} - {*grown["categories"][begin : begin + count]})
        for node, begin, count in zip(grown["categories_nodes"], begins, counts, strict=True)
    }
    return Tree(
        feature=np.where(leaf, -1, np.array(grown["split_indices"])).astype(np.int32),
        number=np.where(leaf, number, below).astype(np.float64),
        left=left,
        right=np.array(grown["right_children"], dtype=np.int32),
        missing_left=np.array(grown["default_left"]).astype(np.uint8),
        sets=sets,
    )


def _not_installed(package: str, extra: str) -> SurrogateError:
    return SurrogateError(
        f"growing these trees needs {package}, which is not installed: pip install 'understudy[{extra}]' (in "
        f"a checkout: pip install -e '.[{extra}]'); trees that are grown answer without it"
    )


GROWERS: Mapping[str, Callable[..., TreeEnsemble]] = {
    "scikit-learn": with_scikit_learn,
    "xgboost": with_xgboost,
}
"""By the name that a setting gives."""
