"""Every block beside what the committed results say of it, as tables.

`python -m understudy.experiments.targets_blocks` fills in the page of blocks and the README's table of all
families, and draws their picture; a test keeps the tables equal to the results.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from . import (
    bench_depth_skips,
    bench_low_cost_adaptation,
    bench_low_cost_distillation,
    bench_low_cost_precision,
    bench_structure_categories,
    bench_structure_symmetry,
)
from .block_uses import block_names, checked_by, helpers_with, says, surrogates_with
from .blocks_measured import (
    adapted,
    beside,
    better_share,
    codes,
    ensembles,
    experts,
    fields_and_drag,
    load,
    lowered,
    skips,
    students,
    with_symmetry,
)
from .family_figure import PICTURE, family_figure
from .family_table import FAMILIES, family_table, there
from .figures import save
from .results_table import RESULTS
from .targets_page import Measured, Tables, Target, fill_in, made_table, targets_table

__all__ = ["PAGE", "README", "README_TABLES", "TABLES", "blocks_table"]

PAGE = RESULTS / "TARGETS-blocks.md"
README = Path(__file__).parents[1] / "README.md"
SEQUENCES, LATENT, SMOOTHING = "sequence-models-default", "latent-models-default", "smoothing-default"
FINE, PIPES, ISING = "super-resolution-default", "pipe-flow-default", "ising-default"
VORTICES, TRANSLATION = "vortex-finding-default", "translation-default"
OPERATORS = "steady-flow-operators"
PAIRED = ("paired-regression", "paired-encoder", "paired-encoder-same-size")
BOLTZMANN = ("boltzmann-shared", "boltzmann-shared 32768", "boltzmann-free")
RECURRENT = ("recurrent-rnn", "recurrent-gru", "recurrent-lstm")


def blocks_table() -> str:
    """A line for each block: what it is, in which surrogates, and which tests look at it."""
    lines = ["| block | what it is | in | tests |", "|---|---|---|---|"]
    with_it, serving, tests = surrogates_with(), helpers_with(), checked_by()
    for block in block_names():
        used = with_it[block] or tuple(f"any, by {helper}" for helper in serving[block])
        where = ", ".join(f"`{path.rsplit('/', 1)[-1]}`" for path in tests[block])
        lines.append(f"| `{block}` | {says(block)} | {', '.join(used)} | {where} |")
    return "\n".join(lines)


def criteria() -> tuple[str, ...]:
    """The gradient criteria among the settings of the vortices' solvers."""
    rows = load(VORTICES)["rows"]
    return tuple(r["label"] for r in rows if r["kind"] == "ladder" and r["label"].startswith(("Q", "Okubo")))


def bench_table(name: str, part: str, module: Any) -> str:
    """A benchmark's own table of committed results."""
    try:
        found = load(name, part)
    except FileNotFoundError:
        return "not measured yet"
    return f"```text\n{module.table(found)}\n```"


def losses() -> Measured:
    """The networks of every loss beside the formulas."""
    ours = ("super-resolution", "super-resolution-4", "charbonnier", "spectral", "feature", "adversarial")
    return beside(FINE, ours, ("fourier", "cubic", "regression", "regression-4"))


TARGETS: tuple[Target, ...] = (
    ("shape, mask and viscosity in; fields and drag out", "drag better than by its fields", fields_and_drag,
     "run steady-flow"),
    ("Elman, GRU and LSTM cells forecast chaos", "longer than a reservoir",
     lambda: beside(SEQUENCES, RECURRENT, ("reservoir", "nvar")), "run sequence-models"),
    ("convolutional LSTM", "longer than a CNN",
     lambda: beside(SEQUENCES, ("convolutional-lstm",), ("cnn", "reservoir", "nvar")), "run sequence-models"),
    ("attention, as many numbers as the CNN", "longer than a CNN",
     lambda: beside(SEQUENCES, ("transformer",), ("cnn", "nvar")), "run sequence-models"),
    ("Fourier layers, as many numbers as the CNN", "longer than a CNN",
     lambda: beside(SEQUENCES, ("fourier",), ("cnn", "nvar")), "run sequence-models"),
    ("attention, Fourier layers and a U-Net on flows, as many numbers as row and column mixing",
     "better than mixing",
     lambda: beside(OPERATORS, ("small-unet", "transformer", "fourier"), ("mixer", "training-mean")),
     "run steady-flow --surrogates mixer transformer fourier small-unet --seeds 1"),
    ("LSTM in both directions rebuilds windows", "better than a Kalman smoother",
     lambda: beside(SMOOTHING, ("lstm", "lstm-whole-frames"), ("kalman", "gappy-pod", "nearest-known")),
     "run smoothing"),
    ("LSTM in one direction", "better than a Kalman filter",
     lambda: beside(SMOOTHING, ("lstm-forward",), ("kalman-forward",)), "run smoothing"),
    ("regimes by k-means, and a matrix that completes itself", "better than the nearest known value",
     lambda: beside(SMOOTHING, ("regimes", "matrix-completion"), ("nearest-known", "training-mean")),
     "run smoothing"),
    ("autoencoder, begun at the principal components", "loses less than components", codes,
     "run latent-models"),
    ("forecasts in a code", "as long as those of the whole state",
     lambda: beside(LATENT, ("latent-6", "latent-7", "latent-8", "latent-12"), ("nvar", "persistence")),
     "run latent-models"),
    ("super-resolution, by loss", "better than interpolation", losses, "run super-resolution"),
    ("diffusion, mean of an ensemble", "better than interpolation",
     lambda: beside(FINE, ("diffusion", "diffusion-4"), ("fourier", "cubic", "regression-4")),
     "run super-resolution"),
    ("the same, as an ensemble", "stated", ensembles, "run super-resolution"),
    ("mixture of experts (median and largest hundredth of errors)", "better than one network", experts,
     "run pipe-flow"),
    ("embedded categories beside codes taken as numbers", "better",
     lambda: better_share(PIPES, "dense", "dense-codes"), "run pipe-flow"),
    ("the same beside one-hot codes, by number of pipes", "better",
     partial(with_symmetry, "categories", "one-hot", "embedded"), "bench structure"),
    ("boosted trees", "better than a table",
     lambda: beside(PIPES, ("trees", "trees-groups"), ("interpolation", "interpolation-groups")),
     "run pipe-flow"),
    ("images under symmetries, by number of samples", "better",
     partial(with_symmetry, "symmetry", "as they are", "with images"), "bench structure"),
    ("dimensionless groups told", "better than depth",
     lambda: better_share(PIPES, "dense-groups", "residual-dense"), "run pipe-flow"),
    ("restricted Boltzmann machine on the Ising lattice", "better than a table of the same copies' energies",
     lambda: beside(ISING, BOLTZMANN, ("interpolation-copies",)), "run ising"),
    ("the same beside the same copies reweighted, and tables of eight times as many sweeps", "better",
     lambda: beside(ISING, BOLTZMANN, ("reweighting", "interpolation", "interpolation-cubic")), "run ising"),
    ("heads of detection and segmentation find vortices", "better than every gradient criterion",
     lambda: beside(VORTICES, ("finder",), criteria()), "run vortex-finding"),
    ("one encoder with two decoders, without pairs", "better than transport of means and covariances",
     lambda: beside(TRANSLATION, ("shared-encoder",), ("identity", "shift", "transport")),
     "run translation"),
    ("the same beside what pairs would have told", "stated",
     lambda: (beside(TRANSLATION, ("shared-encoder",), PAIRED)[0], None),
     "run translation"),
    ("stacks with skips and without, 4 to 64 blocks", "skips help at depth", skips, "bench depth"),
    ("another regime from few samples", "better than from scratch", adapted, "bench low-cost"),
    ("students of a teacher, by size", "a twentieth better than from labels alone", students,
     "bench low-cost"),
    ("shorter, fewer and ternary numbers", "stated", lowered, "bench low-cost"),
)  # fmt: skip

BENCHES: Mapping[str, tuple[str, Any]] = {
    "skips": ("bench-depth", bench_depth_skips),
    "precision": ("bench-low-cost", bench_low_cost_precision),
    "adaptation": ("bench-low-cost", bench_low_cost_adaptation),
    "distillation": ("bench-low-cost", bench_low_cost_distillation),
    "symmetry": ("bench-structure", bench_structure_symmetry),
    "categories": ("bench-structure", bench_structure_categories),
}
"""Parts of benchmarks whose own tables stand on the page."""

TABLES: Tables = {
    "targets": partial(targets_table, TARGETS),
    "blocks": blocks_table,
    **{part: partial(bench_table, name, part, module) for part, (name, module) in BENCHES.items()},
    "family": lambda: family_table(there()),
    "made": lambda: made_table(FAMILIES, _made),
}
README_TABLES: Tables = {"family": TABLES["family"]}


def _made(name: str) -> dict[str, object]:
    found = there()
    if name not in found:
        raise FileNotFoundError(name)
    return dict(found[name])


def main() -> int:
    """Page, README and picture."""
    save(family_figure(), PICTURE)
    fill_in(README, README_TABLES)
    return fill_in(PAGE, TABLES)


if __name__ == "__main__":
    sys.exit(main())
