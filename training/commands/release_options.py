"""Options that commands on releases share."""

from pathlib import Path
from typing import Annotated

import typer

ReleasesRoot = Annotated[
    Path | None,
    typer.Option(
        envvar="OFFSAMPLE_RELEASES_ROOT",
        help="Folder of the installed releases; the package's own when left out.",
        show_default=False,
    ),
]

LogEvaluation = Annotated[
    bool,
    typer.Option(
        "--log-evaluation",
        help="Log this ensemble's evaluation on the mouse bladder in training/data/mouse_bladder/evaluations.csv.",
    ),
]

MakeDefault = Annotated[
    bool, typer.Option("--default", help="Make it the default release, unless it is worse than the current one.")
]

AlthoughWorseOn = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SET",
        help="Real set or held-out acquisition on which a new default may be worse than the current one.",
    ),
]
