"""Boosted trees: a stump is the best of all, our walk is the library's, and files need no library."""

import builtins
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import Asked, obstacles, swings
from known_tables import makes, of, tensors
from understudy.datasets.pairs import Pairs
from understudy.surrogates.boosted_trees import BoostedTrees
from understudy.surrogates.surrogate import SurrogateError, load
from understudy.surrogates.tree_ensemble import Tree, TreeEnsemble
from understudy.surrogates.tree_growing import GROWERS, GrowingSettings

Array = np.ndarray
SMALL = GrowingSettings(trees=30, samples_in_leaf=3)


def grown(library: str) -> Any:
    """A parameter for the library, skipped where it is missing."""
    module = {"scikit-learn": "sklearn", "xgboost": "xgboost"}[library]
    found = True
    try:
        __import__(module)
    except ImportError:
        found = False
    return pytest.param(library, marks=pytest.mark.skipif(not found, reason=f"needs {library}"))


LIBRARIES = pytest.mark.parametrize("library", [grown(name) for name in GROWERS])


def table(samples: int, seed: int) -> tuple[Array, Array]:
    """A column of five codes, two of numbers with some values missing; and what follows from them."""
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(samples, 3))
    rows[:, 0] = generator.integers(5, size=samples)
    target = (
        np.sin(3 * rows[:, 1]) + np.array([0.0, 2.0, -1.0, 2.0, 0.5])[rows[:, 0].astype(int)] * rows[:, 2]
    )
    rows[generator.random(samples) < 0.1, 1] = np.nan
    return rows, target


# trees that are known -------------------------------------------------------------------------------------


def known(*, single: bool = False) -> TreeEnsemble:
    """x[1] <= 0.5 ? (code in {0, 2} ? 1 : 2) : 4, then a leaf alone, then NaN to the right."""
    first = Tree(
        feature=np.array([1, 0, -1, -1, -1]),
        number=np.array([0.5, 0.0, 1.0, 2.0, 4.0]),
        left=np.array([1, 2, 0, 0, 0]),
        right=np.array([4, 3, 0, 0, 0]),
        missing_left=np.array([1, 0, 0, 0, 0]),
        sets={1: [0, 2]},
    )
    leaf = Tree(np.array([-1]), np.array([10.0]), np.zeros(1), np.zeros(1), np.zeros(1), {})
    second = Tree(
        feature=np.array([1, -1, -1]),
        number=np.array([-1.0, 100.0, 200.0]),
        left=np.array([1, 0, 0]),
        right=np.array([2, 0, 0]),
        missing_left=np.array([0, 0, 0]),
        sets={},
    )
    return TreeEnsemble.of([first, leaf, second], start=0.25, codes=3, single=single)


def test_walks_go_left_where_smaller_or_equal_and_by_the_sets_of_codes() -> None:
    rows = np.array([[0.0, 0.5], [1.0, 0.5], [2.0, -1.0], [1.0, 0.6], [1.0, np.nan]])
    wanted = [0.25 + 10 + v for v in (1 + 200, 2 + 200, 1 + 100, 4 + 200, 2 + 200)]
    assert known()(rows).tolist() == wanted
    stages = known().stages(rows)
    assert stages.shape == (4, 5)
    assert stages[:, 0].tolist() == [0.25, 1.25, 11.25, 211.25]
    for trees in range(4):
        assert known().first(trees)(rows).tolist() == stages[trees].tolist()
    assert len(known().first(1).feature) == 5
    assert known().first(0)(rows).tolist() == [0.25] * 5


def test_single_precision_is_what_is_compared_where_that_was_learned() -> None:
    rows = np.array([[0.0, 0.5 + 1e-9]])
    assert known()(rows)[0] - known(single=True)(rows)[0] == 3.0


def test_an_ensemble_comes_back_from_its_tensors() -> None:
    back = TreeEnsemble.from_tensors(known().tensors("7"), "7")
    rows = np.array([[0.0, 0.5], [1.0, np.nan]])
    assert back(rows).tolist() == known()(rows).tolist()
    assert len(back) == 3


# trees that are grown -------------------------------------------------------------------------------------


@LIBRARIES
def test_a_stump_is_the_best_of_all_thresholds(library: Any) -> None:
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(60, 2))
    target = np.where(rows[:, 1] > 0.3, 2.0, -1.0) + 0.1 * generator.normal(size=60)
    best, answer = np.inf, np.empty(0)
    for column in range(2):
        for threshold in np.sort(rows[:, column])[:-1]:
            left = rows[:, column] <= threshold
            said = np.where(left, target[left].mean(), target[~left].mean())
            error = ((said - target) ** 2).sum()
            if error < best:
                best, answer = error, said
    stump = GrowingSettings(trees=1, learning_rate=1.0, leaves=2, samples_in_leaf=1, library=library)
    found = GROWERS[library](rows, target, stump, sizes=(), seed=0)
    assert len(found) == 1
    # both add up residuals in single precision
    np.testing.assert_allclose(found(rows), answer, rtol=0, atol=1e-7 if library == "scikit-learn" else 1e-5)


@LIBRARIES
@pytest.mark.parametrize("sizes", [(), (5,)], ids=["numbers", "codes"])
def test_our_walk_says_what_the_library_says(library: Any, sizes: tuple[int, ...]) -> None:
    rows, target = table(500, 0)
    settings = GrowingSettings(trees=60, samples_in_leaf=3, library=library)
    ensemble = GROWERS[library](rows, target, settings, sizes=sizes, seed=0)
    assert (ensemble.members >= 0).any() == bool(sizes)
    others = table(300, 1)[0]
    if library == "scikit-learn":
        from sklearn.ensemble import HistGradientBoostingRegressor

        model = HistGradientBoostingRegressor(
            max_iter=60,
            min_samples_leaf=3,
            categorical_features=[0] if sizes else None,
            early_stopping=False,
            random_state=0,
        ).fit(rows, target)
        said = model.predict(others)
        assert ensemble(others).tolist() == said.tolist(), "bit for bit"
        stages = list(model.staged_predict(others))
        assert ensemble.stages(others)[20].tolist() == stages[19].tolist()
    else:
        import xgboost

        kinds = ["c" if sizes else "q", "q", "q"]
        start = target.mean()
        matrix = xgboost.DMatrix(rows, label=target - start, feature_types=kinds, enable_categorical=True)
        parameters = {
            "base_score": 0.0,
            "tree_method": "hist",
            "grow_policy": "lossguide",
            "max_depth": 0,
            "max_leaves": 31,
            "eta": 0.1,
            "min_child_weight": 3,
            "lambda": 0.0,
            "max_bin": 255,
            "seed": 0,
        }
        model = xgboost.train(parameters, matrix, num_boost_round=60)
        asked = xgboost.DMatrix(others, feature_types=kinds, enable_categorical=True)
        np.testing.assert_allclose(ensemble(others), model.predict(asked) + start, rtol=0, atol=1e-5)


def trees(**how: Any) -> BoostedTrees:
    return BoostedTrees(BoostedTrees.Settings(**{"growing": SMALL, **how}))


@LIBRARIES
def test_codes_and_decades_are_learned(library: Any) -> None:
    growing = GrowingSettings(trees=300, samples_in_leaf=3, library=library)
    surrogate = trees(growing=growing, categories=("make",), logarithmic=("price",))
    record = surrogate.fit(makes(1000, 0), makes(100, 1), seed=0)
    inputs, outputs = makes(100, 2).batch(range(100))
    error = np.abs(surrogate(tensors(inputs))["price"].numpy() / outputs["price"] - 1)
    assert np.median(error) < 0.05
    assert 0 < record.validation_error < 0.3
    assert 10 < len(surrogate.ensembles[0]) <= 300
    inputs["make"][2] = 15.0
    with pytest.raises(SurrogateError, match=r"sample 2 has 'make' = 15.*knows 10, 20, 30"):
        surrogate(tensors(inputs))


@LIBRARIES
def test_as_many_trees_are_kept_as_are_best_on_the_validation_pairs(library: Any) -> None:
    """Of noise nothing can be learned."""
    generator = np.random.default_rng(0)

    def noise(samples: int) -> Pairs:
        source: Any = Asked(x=generator.normal(size=samples), y=1 + generator.normal(size=samples))
        return Pairs(source, inputs=("x",), outputs=("y",))

    surrogate = trees(growing=dataclasses.replace(SMALL, library=library))
    surrogate.fit(noise(300), noise(300), seed=0)
    assert len(surrogate.ensembles[0]) < 10


@LIBRARIES
def test_timed_pairs_and_several_outputs_are_learned(library: Any) -> None:
    surrogate = trees(growing=GrowingSettings(trees=200, library=library))
    record = surrogate.fit(swings(150, 0), swings(30, 1), seed=0)
    assert record.samples == 150 * 33
    assert record.validation_error < 0.3
    assert len(surrogate.ensembles) == 6
    inputs, outputs = swings(4, 2).batch(range(4 * 33))
    said = surrogate(tensors(inputs))
    for name, values in outputs.items():
        assert said[name].shape == values.shape
        assert np.abs(said[name].numpy() - values).mean() < 0.35 * np.abs(values).mean()


@LIBRARIES
def test_what_has_learned_answers_from_disk_without_the_library(
    library: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing = dataclasses.replace(SMALL, library=library)
    surrogate = trees(growing=growing, categories=("make",), logarithmic=("price",))
    record = surrogate.fit(makes(100, 0), makes(30, 1), seed=0)
    surrogate.save(tmp_path, fingerprint="makes", record=record)
    forbid(monkeypatch)
    back, _ = load(tmp_path)
    asked = tensors(makes(20, 2).batch(range(20))[0])
    assert torch.equal(back(asked)["price"], surrogate(asked)["price"])
    assert {path.name for path in tmp_path.iterdir()} == {"surrogate.json", "weights.safetensors"}


def test_whatever_device_it_is_given_it_computes_on_the_cpu() -> None:
    """`device` is what a comparison says that it was timed on."""
    given = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else "cpu:0"
    assert BoostedTrees(device=str(given)).device == torch.device("cpu")


def forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither library can be imported from now on."""
    real = builtins.__import__

    def refusing(name: str, *how: Any, **more: Any) -> Any:
        if name.partition(".")[0] in ("sklearn", "xgboost"):
            raise ImportError(name)
        return real(name, *how, **more)

    monkeypatch.setattr(builtins, "__import__", refusing)


@pytest.mark.parametrize(("library", "extra"), [("scikit-learn", "trees"), ("xgboost", "xgboost")])
def test_without_the_library_the_extra_is_named(
    library: Any, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid(monkeypatch)
    surrogate = trees(growing=dataclasses.replace(SMALL, library=library))
    with pytest.raises(SurrogateError, match=rf"needs {library}.*understudy\[{extra}\]"):
        surrogate.fit(of(makes(30, 0), inputs=("size",), outputs=("price",)), makes(9, 1), seed=0)


def test_fields_and_names_that_are_not_there_are_refused() -> None:
    with pytest.raises(SurrogateError, match="these pairs have 25: more than most_outputs = 16"):
        trees().fit(obstacles(20, 0), obstacles(6, 1), seed=0)
    with pytest.raises(SurrogateError, match=r"'size' in `logarithmic` is no output"):
        trees(logarithmic=("size",)).fit(makes(30, 0), makes(9, 1), seed=0)
    with pytest.raises(SurrogateError, match="no input 'maker'"):
        trees(categories=("maker",)).fit(makes(30, 0), makes(9, 1), seed=0)
    negative = of(makes(30, 0), inputs=("size",), outputs=("shift",))
    with pytest.raises(SurrogateError, match="'shift' must be positive"):
        trees(logarithmic=("shift",)).fit(negative, negative, seed=0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"trees": 0},
        {"leaves": 1},
        {"samples_in_leaf": 0},
        {"bins": 256},
        {"bins": 1},
        {"learning_rate": 0.0},
        {"l2": -1.0},
        {"library": "lightgbm"},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SurrogateError, match=next(iter(wrong)).replace("_", "[_ ]")):
        GrowingSettings(**wrong)


@pytest.mark.parametrize("library", [grown("scikit-learn")])
def test_fewer_bins_than_codes_are_refused(library: Any) -> None:
    surrogate = trees(growing=dataclasses.replace(SMALL, bins=2, library=library), categories=("make",))
    with pytest.raises(SurrogateError, match="a category has 3 codes, more than there are bins"):
        surrogate.fit(makes(30, 0), makes(9, 1), seed=0)
