"""The README tells the truth: its code runs, its tables are the committed results, its links exist."""

import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from understudy.experiments import (
    targets,
    targets_blocks,
    targets_equations,
    targets_steady_flow,
    targets_three_body,
)
from understudy.experiments.results_table import comparison_table
from understudy.experiments.targets_page import filled

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
TABLES = re.findall(r"<!-- comparison: ([\w-]+) -->\n(.*?)<!-- end -->", README, flags=re.DOTALL)


def test_there_is_something_to_test() -> None:
    assert BLOCKS
    assert TABLES


@pytest.mark.parametrize("block", BLOCKS)
def test_python_blocks_run_and_print_what_they_say(block: str) -> None:
    said = re.findall(r"print\(.*\)  # (.*)", block)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(block, {})
    assert printed.getvalue().splitlines() == said


@pytest.mark.parametrize(("name", "table"), TABLES, ids=[name for name, _ in TABLES])
def test_tables_are_those_of_the_committed_results(name: str, table: str) -> None:
    results = json.loads((ROOT / "experiments" / "results" / name / "results.json").read_text())
    assert table.strip() == comparison_table(results)


def test_links_and_pictures_exist() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).is_file(), f"README links to {link}, which is not there"


PAGES = [targets, targets_three_body, targets_steady_flow, targets_equations, targets_blocks]


@pytest.mark.parametrize("module", PAGES)
def test_the_page_of_targets_is_filled_in_from_the_committed_results(module: Any) -> None:
    page = module.PAGE.read_text()
    assert set(re.findall(r"<!-- table: ([\w-]+) -->", page)) == set(module.TABLES)
    assert filled(page, module.TABLES) == page, f"run `python -m {module.__name__}`"


def test_tables_of_several_comparisons_are_those_of_the_committed_results() -> None:
    tables = {**targets_equations.README_TABLES, **targets_blocks.README_TABLES}
    assert set(re.findall(r"<!-- table: ([\w-]+) -->", README)) == set(tables)
    assert filled(README, tables) == README
