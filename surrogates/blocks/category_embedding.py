"""Codes become vectors: what a network learns of each category, as a few numbers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

__all__ = ["CategoryEmbedding"]


class CategoryEmbedding(nn.Module):
    """The last columns are codes, and each is replaced by a row of a table of its own, which is learned.

    A code's size means nothing: categories that act alike end up near each other, whatever their codes. It
    is a one-hot vector times a matrix, of which nothing is computed but the row.

    Guo & Berkhahn 2016, "Entity embeddings of categorical variables" (arXiv:1604.06737).

    Arguments:
        numbers: columns before the codes, which pass through.
        categories: how many codes each of the last columns has: 0, 1, ..., n - 1.
        width: numbers of each vector; None for the one-hot vectors themselves, of which nothing is learned.

    Raises `ValueError` for a category without codes, and a width below 1.
    """

    def __init__(self, *, numbers: int, categories: Sequence[int], width: int | None) -> None:
        super().__init__()
        if min(categories, default=1) < 1 or (width is not None and width < 1) or numbers < 0:
            raise ValueError(
                f"each category needs a code and its vector a number, got {tuple(categories)} codes and "
                f"width {width} beside {numbers} numbers"
            )
        self.numbers, self.categories = numbers, tuple(categories)
        learned = () if width is None else self.categories
        self.tables = nn.ModuleList(nn.Embedding(count, width or 1) for count in learned)
        self.outputs = numbers + (sum(self.categories) if width is None else width * len(self.categories))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(..., numbers + categories) -> (..., outputs)"""
        codes = features[..., self.numbers :].long()
        if self.tables:
            rows = [table(codes[..., i]) for i, table in enumerate(self.tables)]
        else:
            rows = [
                functional.one_hot(codes[..., i], count).to(features.dtype)
                for i, count in enumerate(self.categories)
            ]
        return torch.cat([features[..., : self.numbers], *rows], dim=-1)
