"""The machine, and the state of our source code: what has to stand beside every number."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
from pathlib import Path

__all__ = ["processor", "source_commit", "version"]


def version(distribution: str) -> str | None:
    """Of an installed distribution; None where it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def processor() -> str:
    """Name, family and model (clouds give one name to several generations), and its widest vectors."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    named = {key.strip(): value.strip() for key, value in fields.items()}
    widest = next((w for w in ("avx512f", "avx2", "avx") if w in named.get("flags", "").split()), "no AVX")
    which = [
        f"{name} {named[key]}" for name, key in (("family", "cpu family"), ("model", "model")) if key in named
    ]
    return f"{named.get('model name', platform.machine())} ({', '.join([*which, widest])})"


def source_commit() -> str | None:
    """The commit of our own source tree, with `+` where it differs; None where it is not under git."""
    try:
        # installed into some other project's tree, we must not report that project's commit
        if _git("ls-files", "--error-unmatch", Path(__file__).name) is None:
            return None
        return _git("describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(*arguments: str) -> str | None:
    folder = Path(__file__).parent
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=10, check=False
    )
    return done.stdout.strip() if done.returncode == 0 and done.stdout.strip() else None
