"""One self-contained HTML page: tables, figures, definitions, what is folded away; no outside resources.

Everything that is given as text is escaped here; what these functions return is HTML.
"""

from __future__ import annotations

import base64
import itertools
import struct
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from ..datasets.durable import write_whole

__all__ = ["bullets", "definitions", "figure", "folded", "paragraph", "settings", "table", "write_page"]

STYLE = """
:root { color-scheme: light }
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 1200px;
  margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.6em; margin-bottom: .3em } h2 { font-size: 1.2em; margin-top: 2.2em }
p { max-width: 52em } p.headline { font-size: 1.1em } p.small { color: #555; font-size: .85em }
figure { margin: 1.6em 0 } figure img { max-width: 100%; height: auto; display: block }
figcaption { color: #555; font-size: .92em; max-width: 58em; margin-top: .3em }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-size: .8em; line-height: 1.35; font-variant-numeric: tabular-nums }
th, td { padding: .3em .45em; text-align: right; vertical-align: top; border-bottom: 1px solid #ddd }
th { font-weight: 600; vertical-align: bottom } tr.groups th { border: 0; padding-bottom: 0; color: #555 }
tr.groups th[colspan] { text-align: center }
td { white-space: nowrap } td.words { white-space: normal; min-width: 8em }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: #fff }
tr.surrogate td:first-child { font-weight: 600 } tr.grey td { color: #666 }
details { margin: 1em 0 } summary { cursor: pointer; color: #0057a0 }
dt { font-weight: 600 } dd { margin: 0 0 .7em 1.5em; max-width: 52em }
.settings { columns: 20em; font-size: .9em } .settings table { break-inside: avoid; margin-bottom: 1em }
.settings td { text-align: left; white-space: normal; border-color: #eee }
.settings td + td { overflow-wrap: anywhere } .settings th { text-align: left }
@media (max-width: 720px) {
  body { margin: 1em auto; font-size: 15px } h1 { font-size: 1.3em }
  figure img { max-width: none; width: 720px }
  td:first-child { white-space: normal; min-width: 6.5em }
}
@media print {
  @page { margin: 12mm } body { margin: 0; padding: 0; max-width: none; font-size: 10pt }
  .scroll { overflow: visible } table { font-size: 6.6pt } th, td { padding: .25em .4em }
  td.words { min-width: 6em } figure, tr { break-inside: avoid } h2, dt { break-after: avoid }
  figure img { max-height: 235mm; width: auto } summary { color: inherit }
}
"""


def paragraph(text: str, *, kind: str = "") -> str:
    """A paragraph; `kind` is `headline`, `small` or nothing."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def bullets(texts: Iterable[str]) -> str:
    """A list of sentences; nothing where there are none."""
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f"<ul>{items}</ul>" if items else ""


def table(
    columns: Sequence[tuple[str, str]],
    rows: Iterable[tuple[str, Sequence[str]]],
    *,
    words: Sequence[int] = (),
) -> str:
    """A table in a box that scrolls where it is too wide.

    `columns` are (group, heading): neighbours of one group share its title. `rows` are (kind, cells), the
    kind a CSS class. The columns numbered in `words` hold words that may be broken into lines.
    """
    groups = [(name, len(list(same))) for name, same in itertools.groupby(columns, key=lambda c: c[0])]
    head = "".join(f"<th>{escape(heading)}</th>" for _, heading in columns)
    above = ""
    if any(name for name, _ in groups):
        cells = "".join(
            f'<th colspan="{n}">{escape(g)}</th>' if n > 1 else f"<th>{escape(g)}</th>" for g, n in groups
        )
        above = f'<tr class="groups">{cells}</tr>'
    body = []
    for kind, texts in rows:
        cells = "".join(
            f"<td{' class=words' if i in words else ''}>{escape(text)}</td>" for i, text in enumerate(texts)
        )
        body.append(f'<tr class="{kind}">{cells}</tr>')
    return (
        f'<div class="scroll"><table><thead>{above}<tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def figure(picture: Path, caption: str) -> str:
    """A PNG, inside the page, with its caption."""
    content = picture.read_bytes()
    width, height = struct.unpack(">II", content[16:24])
    data = base64.b64encode(content).decode()
    return (
        f'<figure><div class="scroll"><img alt="{escape(caption)}" width="{width}" height="{height}" '
        f'src="data:image/png;base64,{data}"></div><figcaption>{escape(caption)}</figcaption></figure>'
    )


def definitions(terms: Mapping[str, str]) -> str:
    """Terms and what they mean."""
    listed = "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in terms.items())
    return f"<dl>{listed}</dl>"


def folded(summary: str, content: str) -> str:
    """HTML that shows when its summary is clicked."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


def settings(values: Mapping[str, Any]) -> str:
    """Nested settings as one small table for each group."""
    single = {k: v for k, v in values.items() if not isinstance(v, Mapping)}
    groups: list[tuple[str, Mapping[str, Any]]] = [("", single)] if single else []
    groups += _grouped({k: v for k, v in values.items() if isinstance(v, Mapping)})
    tables = []
    for name, entries in groups:
        rows = "".join(
            f"<tr><td>{escape(k.replace('_', ' '))}</td><td>{escape(_in_words(v))}</td></tr>"
            for k, v in entries.items()
        )
        head = f'<tr><th colspan="2">{escape(name)}</th></tr>' if name else ""
        tables.append(f"<table>{head}{rows}</table>")
    return f'<div class="settings">{"".join(tables)}</div>'


def _grouped(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Mapping[str, Any]]]:
    """(name, entries) of each mapping on the way down that has entries of its own."""
    found: list[tuple[str, Mapping[str, Any]]] = []
    for name, inner in values.items():
        path = f"{prefix}{name}"
        own = {k: v for k, v in inner.items() if not isinstance(v, Mapping)}
        if own:
            found.append((path, own))
        found += _grouped({k: v for k, v in inner.items() if isinstance(v, Mapping)}, f"{path}.")
    return found


def _in_words(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_in_words, value)) or "none"
    return "none" if value is None else str(value)


def write_page(path: Path, *, title: str, parts: Iterable[str]) -> Path:
    """Write the page, whole or not at all."""
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><h1>{escape(title)}</h1>{''.join(parts)}</body></html>\n"
    )
    write_whole(path, page.encode())
    return path
