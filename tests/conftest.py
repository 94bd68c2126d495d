"""Modules beside the tests are importable by name.

Several workers share the cores: with more threads than cores, small products take ten times as long.

A tenth of the time would go into searching for unreachable objects among those that compiling makes and the
thousands of tests themselves: less often, and not among the latter, is enough.
"""

import gc
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
if workers > 1:  # before torch is imported; processes that tests start inherit it
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))
gc.set_threshold(20_000, 50, 100)


def pytest_collection_finish() -> None:
    """What is there by now stays to the end."""
    gc.freeze()
