"""What a planted fault is."""

from typing import NamedTuple

__all__ = ["Fault", "planted"]


class Fault(NamedTuple):
    """In `file`, `right` (which occurs once) becomes `wrong`; then `test` must turn red."""

    file: str
    right: str
    wrong: str
    test: str


def planted(file: str, tests: str, *faults: tuple[str, str, str]) -> list[Fault]:
    """Faults (right, wrong, name of the test) in one file, noticed by tests of another."""
    return [Fault(file, right, wrong, f"{tests}::{name}") for right, wrong, name in faults]
