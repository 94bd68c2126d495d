"""Times of three-body solvers at equal error, held against what is aimed at; and the table of it all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .bench_rounds import busy_note
from .envelope import Cost, Envelope

__all__ = ["COMPARISONS", "Comparison", "at_equal_error", "ratio", "table"]

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Comparison:
    """One of ours against a peer.

    Attributes:
        ours: method of ours.
        peer: what the peer is called.
        methods: of the peer; its cheapest counts, whichever it is.
        wanted: how many times faster ours shall be; None where nothing is aimed at.
    """

    ours: str
    peer: str
    methods: tuple[str, ...]
    wanted: float | None = None


BEST = "peer's best"
HEYOKA = ("heyoka, single", "heyoka, batch")
REFILLED = (*HEYOKA, "heyoka, batch refilled")
REGULARISED = ("heyoka regularised, single", "heyoka regularised, batch refilled")
COMPARISONS = (
    Comparison("ours, batch", "heyoka, documented modes", HEYOKA, 10),
    Comparison("ours, batch", "heyoka, our refill too", REFILLED, 10),
    Comparison("ours, batch", "IAS15", ("IAS15",), 50),
    Comparison("ours, single", "heyoka, single", ("heyoka, single",), 1),
    Comparison("ours, batch", "heyoka on our equations", REGULARISED),
    Comparison("ours, single", "heyoka on them, single", REGULARISED[:1]),
    Comparison("ours, single", "IAS15", ("IAS15",)),
    Comparison("ours, batch", "BS", ("BS",)),
    Comparison("ours, single", "BS", ("BS",)),
)


def at_equal_error(
    rows: Sequence[Row], *, errors: Sequence[float], finest: Mapping[float, float]
) -> list[dict[str, Any]]:
    """Each comparison at each end and error: microseconds of both and their ratio, with its sign.

    The last error is the least that the peer reaches, but no less than what the truth is good for (`finest`,
    by end).
    """
    found = []
    for comparison in COMPARISONS:
        for end, least in finest.items():
            ours = _envelope(rows, (comparison.ours,), end, least)
            peer = _envelope(rows, comparison.methods, end, least)
            if ours is None or peer is None:
                continue
            best = float(peer.quality[-1])
            for kind, quality in [*((f"{e:g}", -np.log10(e)) for e in errors), (BEST, best)]:
                theirs, own = peer.cost(quality), ours.cost(quality)
                times, sign = ratio(theirs, own)
                found.append(
                    {
                        "ours": comparison.ours,
                        "peer": comparison.peer,
                        "end": end,
                        "at": kind,
                        "error": float(10.0**-quality),
                        "ours_microseconds": own.seconds,
                        "peer_microseconds": theirs.seconds,
                        "times": times,
                        "sign": sign,
                        "wanted": comparison.wanted,
                        "reached": _reached(times, own, comparison.wanted),
                    }
                )
    return found


def ratio(peer: Cost, ours: Cost) -> tuple[float, str]:
    """How many times dearer the peer is, and whether that is a bound; `~` where nothing follows."""
    turned = {"=": "=", "<=": ">=", ">=": "<="}
    signs = {peer.sign, turned[ours.sign]} - {"="}
    sign = signs.pop() if len(signs) == 1 else "~" if signs else "="
    return peer.seconds / ours.seconds, sign


def _reached(times: float, ours: Cost, wanted: float | None) -> bool | None:
    """None where nothing is wanted. Ours must be that accurate; of a peer the cheapest setting counts even
    where it is better than asked for, because it has none that is worse.
    """
    if wanted is None:
        return None
    return bool(ours.sign != ">=" and times >= wanted)


def _envelope(rows: Sequence[Row], methods: Sequence[str], end: float, finest: float) -> Envelope | None:
    some = [r for r in rows if r["method"] in methods and r["end"] == end]
    microseconds = np.array([r["microseconds"]["median"] for r in some])
    errors = np.array([r["error"]["median"] for r in some])
    try:
        return Envelope.of(microseconds, -np.log10(np.maximum(errors, max(finest, 1e-300))))
    except ValueError:
        return None


def table(results: Mapping[str, Any]) -> str:
    """Every setting's time and error at each end, then the ratios at equal error."""
    ends = results["settings"]["ends"]
    lines = ["microseconds per trajectory (one thread; median of rounds, mean over starts; endpoint only)"]
    lines.append(
        f"{'':36}{'tolerance':>10}"
        + "".join(f"{f'us to {end:g}':>17}{'error':>9}{'above 1e-2':>11}" for end in ends)
    )
    for method in dict.fromkeys(r["method"] for r in results["rows"]):
        own = [r for r in results["rows"] if r["method"] == method]
        for tolerance in dict.fromkeys(r["tolerance"] for r in own):
            cells = "".join(
                _cells(r) for end in ends for r in own if (r["tolerance"], r["end"]) == (tolerance, end)
            )
            lines.append(f"{method:36}{tolerance:10.0e}{cells}")
    took = results["reference"]
    known = ", ".join(f"{truth['known']} until {end}" for end, truth in results["truth"].items())
    lines.append(
        f"truth: {took['by']}, {took['digits']['median']:.0f} to {took['digits']['most']:.0f} digits, of "
        f"{took['starts']} starts {known}"
    )
    lines += ["", *_equal_error_lines(results["equal_error"])]
    lines += [f"{name}: not installed ({reason})" for name, reason in results["absent"].items()]
    if any(r["method"].startswith("heyoka") for r in results["rows"]):
        lines.append(
            "heyoka regularised: our equations, typed in for it, which brings none of its own; refilled: a "
            "lane that is through takes the next start, by our loop around its steps"
        )
    return "\n".join(lines + busy_note(results))


def _cells(row: Row) -> str:
    spent = row["microseconds"]
    error = row["error"]["median"]
    shown = f"{'-':>9}" if error is None or not np.isfinite(error) else f"{error:9.1e}"
    above = "-" if row["above"] is None else f"{row['above']:.1%}"
    return f"{spent['median']:8.1f} ±{(spent['high'] - spent['low']) / 2:7.1f}{shown}{above:>11}"


def _equal_error_lines(found: Sequence[Row]) -> list[str]:
    """A line for each comparison, a column for each end and error."""
    columns = list(dict.fromkeys((f["end"], f["at"]) for f in found))
    lines = [
        "how many times faster at equal median error (a bound where a side has no setting of that error)",
        f"{'':42}" + "".join(f"{f'{end:g}: {at}':>18}" for end, at in columns),
    ]
    for ours, peer in dict.fromkeys((f["ours"], f["peer"]) for f in found):
        own = {(f["end"], f["at"]): f for f in found if (f["ours"], f["peer"]) == (ours, peer)}
        line = f"{f'{ours} : {peer}':50}" + "".join(
            _times(own[c]) if c in own else f"{'-':>22}" for c in columns
        )
        wanted = next(iter(own.values()))["wanted"]
        if wanted is not None:
            reached = sum(bool(f["reached"]) for f in own.values())
            line += f"   wanted {wanted:g}: reached in {reached} of {len(own)}"
        lines.append(line)
    return lines


def _times(found: Row | None) -> str:
    """The ratio; where the error is the peer's own best, that too."""
    if found is None:
        return f"{'-':>18}"
    sign = {"=": "", ">=": ">= ", "<=": "<= ", "~": "~ "}[found["sign"]]
    at = f" at {found['error']:.0e}" if found["at"] == BEST else ""
    said = f"{sign}{found['times']:.1f}{at}"
    return f"{said:>18}"
