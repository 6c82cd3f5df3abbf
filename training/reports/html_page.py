"""A self-contained HTML page: text, tables, and figures as inline PNG."""

import base64
import io
from html import escape

from matplotlib.figure import Figure

from training.reports.text_tables import TextTable

_DOTS_PER_INCH = 130
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2733; max-width: 62rem; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; border-bottom: 1px solid #dde3ea; }
table { border-collapse: collapse; margin: .8rem 0; font-variant-numeric: tabular-nums; font-size: .86rem; }
caption { text-align: left; color: #56636f; padding-bottom: .3rem; }
th, td { padding: .22rem .7rem; text-align: right; border-bottom: 1px solid #e8edf2; }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; }
tr.marked td { font-weight: 600; background: #f3f7fb; }
img { max-width: 100%; height: auto; } .scroll { overflow-x: auto; }
.verdict { font-weight: 600; } .warning { color: #8a5a00; } .note { color: #56636f; }
"""


def render_png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=_DOTS_PER_INCH)
    return stream.getvalue()


def write_page(title: str, parts: list[str]) -> str:
    """A whole document; `parts` are HTML."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n<h1>{escape(title)}</h1>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def write_heading(text: str) -> str:
    """A section's heading."""
    return f"<h2>{escape(text)}</h2>"


def write_paragraph(text: str, kind: str = "") -> str:
    """A paragraph; `kind` is a class of the style sheet."""
    return f'<p class="{escape(kind)}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def write_table(table: TextTable) -> str:
    """Headings, cells, and marked rows in bold."""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in table.headings)
    body = "".join(
        f"<tr{' class=marked' if index in table.marked else ''}>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in row)
        + "</tr>"
        for index, row in enumerate(table.rows)
    )
    caption = f"<caption>{escape(table.title)}</caption>"
    return f'<div class="scroll"><table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def write_image(png: bytes, description: str) -> str:
    """An inline PNG."""
    encoded = base64.b64encode(png).decode("ascii")
    return f'<img alt="{escape(description)}" src="data:image/png;base64,{encoded}">'
