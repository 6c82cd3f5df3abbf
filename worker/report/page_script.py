"""The page's script: its modules joined into one, because a single file has nothing to import from."""

import re
from functools import cache

from markupsafe import Markup

from worker.report.page_file import read_page_file

_MODULES = (
    "colours",
    "svg",
    "ions",
    "tiles",
    "painting",
    "virtual_grid",
    "corrections",
    "histogram",
    "spectra",
    "area",
    "pictures",
    "table",
    "explanations",
    "detail",
    "main",
)
"""In an order in which each imports only earlier ones."""

_IMPORT = re.compile(r'^import \{ [\w, ]+ \} from "\./\w+\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=class |function |async function |const )", re.MULTILINE)


@cache
def join_script() -> Markup:
    """Every module in a block of its own, so that private names do not meet; exports are shared names."""
    parts = ['"use strict";', "const exported = {};"]
    for name in _MODULES:
        source = read_page_file(f"{name}.js")
        names = re.findall(r"^export (?:async )?(?:class|function|const) (\w+)", source, re.MULTILINE)
        imported = re.findall(r"^import \{ ([\w, ]+) \} from", source, re.MULTILINE)
        body = _EXPORT.sub("", _IMPORT.sub("", source))
        taken = f"const {{ {', '.join(imported)} }} = exported;\n" if imported else ""
        given = f"Object.assign(exported, {{ {', '.join(names)} }});\n" if names else ""
        parts.append(f"{{\n{taken}{body}{given}}}")
    return Markup("\n".join(parts))  # noqa: S704 - this project's own files
