"""Every block beside what the committed results say of it, as tables.

`python -m understudy.experiments.targets_blocks` fills in the page of blocks and the README's table of all
families, and draws their picture; a test keeps the tables equal to the results.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from .block_uses import block_names, checked_by, helpers_with, says, surrogates_with
from .blocks_measured import beside, better_share, codes, ensembles, experts
from .family_figure import PICTURE, family_figure
from .family_table import FAMILIES, family_table, there
from .figures import save
from .results_table import RESULTS
from .targets_page import Measured, Tables, Target, fill_in, made_table, targets_table

__all__ = ["PAGE", "README", "README_TABLES", "TABLES", "blocks_table"]

PAGE = RESULTS / "TARGETS-blocks.md"
README = Path(__file__).parents[1] / "README.md"
SEQUENCES, LATENT, SMOOTHING = "sequence-models-default", "latent-models-default", "smoothing-default"
FINE, PIPES = "super-resolution-default", "pipe-flow-default"
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


def losses() -> Measured:
    """The networks of every loss beside the formulas."""
    ours = ("super-resolution", "super-resolution-4", "charbonnier", "spectral", "feature", "adversarial")
    return beside(FINE, ours, ("fourier", "cubic", "regression", "regression-4"))


TARGETS: tuple[Target, ...] = (
    ("Elman, GRU and LSTM cells forecast chaos", "longer than a reservoir",
     lambda: beside(SEQUENCES, RECURRENT, ("reservoir", "nvar")), "run sequence-models"),
    ("convolutional LSTM", "longer than a CNN",
     lambda: beside(SEQUENCES, ("convolutional-lstm",), ("cnn", "reservoir", "nvar")), "run sequence-models"),
    ("attention, as many numbers as the CNN", "longer than a CNN",
     lambda: beside(SEQUENCES, ("transformer",), ("cnn", "nvar")), "run sequence-models"),
    ("Fourier layers, as many numbers as the CNN", "longer than a CNN",
     lambda: beside(SEQUENCES, ("fourier",), ("cnn", "nvar")), "run sequence-models"),
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
    ("boosted trees", "better than a table",
     lambda: beside(PIPES, ("trees", "trees-groups"), ("interpolation", "interpolation-groups")),
     "run pipe-flow"),
    ("dimensionless groups told", "better than depth",
     lambda: better_share(PIPES, "dense-groups", "residual-dense"), "run pipe-flow"),
)  # fmt: skip

TABLES: Tables = {
    "targets": partial(targets_table, TARGETS),
    "blocks": blocks_table,
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
