"""`offsample dead-letters list|show|retry|drop`: events that need a person's decision."""

import difflib
import json
import sys
from collections import Counter
from typing import Annotated

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared.counting import count_of
from shared.errors import InvalidInputError, NotFoundError, list_codes
from shared.progress_bar import show_progress
from worker.cli.operators.options import OlderThan, open_queue
from worker.cli.outputs.durations import describe_seconds
from worker.cli.outputs.json_output import AsJson, print_json
from worker.operators.dead_letters import (
    DeadLetter,
    LetterFilter,
    Retried,
    drop_letter,
    read_letters,
    require_letter_id,
    retry_letter,
)

_PIPED_COLUMNS = 160

app = typer.Typer(help="Events that need a person's decision.", no_args_is_help=True, add_completion=False)

Ids = Annotated[list[str] | None, typer.Argument(help="Ids of dead letters, as `list` shows them.", metavar="[ID]...")]
Error = Annotated[str | None, typer.Option(help="Only those with this error code.", metavar="CODE")]
Every = Annotated[bool, typer.Option("--all", help="Every dead letter.")]


class _Letters(BaseModel):
    """What `list` prints with --json."""

    dead_letters: list[DeadLetter]


class _Changed(BaseModel):
    """What `retry` and `drop` print with --json: ids of letters by what became of them."""

    changed: list[str] = []
    gone: list[str] = []
    kept: list[str] = []


@app.command("list")
def list_letters(*, error: Error = None, older_than: OlderThan = None, as_json: AsJson = False) -> None:
    """List dead letters, oldest first, with their reasons."""
    wanted = LetterFilter(error=_require_code(error), older_than_seconds=older_than or 0.0)
    with show_progress() as on_progress:
        found = read_letters(open_queue(), wanted, on_progress=on_progress)
        letters = [one.model_copy(update={"message": None}) for one in found]
    if as_json:
        print_json(_Letters(dead_letters=letters))
        return
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_COLUMNS)
    if letters:
        console.print(_make_table(letters))
    counts = ", ".join(f"{count:,} {code}" for code, count in Counter(one.error for one in letters).most_common())
    console.print(f"{count_of(len(letters), 'dead letter')}{f': {counts}' if counts else ''}", markup=False)


@app.command()
def show(letter_id: Annotated[str, typer.Argument(help="Id of a dead letter.")], *, as_json: AsJson = False) -> None:
    """Show one dead letter with its event."""
    wanted = LetterFilter(ids=frozenset({require_letter_id(letter_id)}))
    with show_progress() as on_progress:
        letter = next(read_letters(open_queue(), wanted, on_progress=on_progress), None)
    if letter is None:
        raise NotFoundError(
            f"expected the id of a dead letter, as `offsample dead-letters list` shows it, got {letter_id}"
        )
    if as_json:
        print_json(letter)
        return
    for name, value in letter.model_dump(exclude={"message"}).items():
        typer.echo(f"{name}: {value}")
    typer.echo(_format_event(letter))


@app.command()
def retry(
    ids: Ids = None,
    *,
    error: Error = None,
    older_than: OlderThan = None,
    every: Every = False,
    as_json: AsJson = False,
) -> None:
    """Send the events of dead letters again, unchanged, and delete the letters."""
    queue, wanted, found = open_queue(), _require_filter(ids, error, older_than, every=every), _Changed()
    lists = {Retried.SENT: found.changed, Retried.GONE: found.gone, Retried.KEPT: found.kept}
    with show_progress() as on_progress:
        for letter in read_letters(queue, wanted, on_progress=on_progress):
            lists[retry_letter(queue, letter)].append(letter.id)
    _report(found, wanted, "sent again", as_json=as_json)
    if found.kept:
        raise InvalidInputError(
            f"{count_of(len(found.kept), 'dead letter')} left that cannot be sent again: too large to be kept, or"
            f" without a field `message`; the first is {found.kept[0]}"
        )


@app.command()
def drop(
    ids: Ids = None,
    *,
    error: Error = None,
    older_than: OlderThan = None,
    every: Every = False,
    as_json: AsJson = False,
) -> None:
    """Delete dead letters for good, and their events with them."""
    queue, wanted, found = open_queue(), _require_filter(ids, error, older_than, every=every), _Changed()
    with show_progress() as on_progress:
        for letter in read_letters(queue, wanted, on_progress=on_progress):
            (found.changed if drop_letter(queue, letter) else found.gone).append(letter.id)
    _report(found, wanted, "dropped", as_json=as_json)


def _require_code(code: str | None) -> str | None:
    known = list_codes()
    if code is not None and code not in known:
        near = difflib.get_close_matches(code, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else f" ({', '.join(known)})"
        raise typer.BadParameter(f"expected --error to be an error code, got {code!r}{hint}")
    return code


def _require_filter(ids: list[str] | None, error: str | None, older_than: float | None, *, every: bool) -> LetterFilter:
    if not (ids or error or older_than is not None or every):
        raise typer.BadParameter("expected ids, --error, --older-than or --all, got none of them")
    if every and (ids or error or older_than is not None):
        raise typer.BadParameter("expected --all alone, got other conditions with it")
    return LetterFilter(frozenset(map(require_letter_id, ids or [])), _require_code(error), older_than or 0.0)


def _report(found: _Changed, wanted: LetterFilter, done: str, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{done}: {count_of(len(found.changed), 'dead letter')}")
    missing = wanted.ids - set(found.changed) - set(found.kept)
    if missing:
        raise NotFoundError(f"no such dead letters: {', '.join(sorted(missing))}")


def _make_table(letters: list[DeadLetter]) -> Table:
    table = Table()
    for name in ("id", "age", "error", "deliveries", "event", "dataset", "reason"):
        table.add_column(name, overflow="fold")
    for one in letters:
        event, dataset = Text(one.event_id or "?"), Text(one.dataset_id or "?")
        row = (one.id, describe_seconds(one.age_seconds), one.error, str(one.deliveries), event, dataset)
        table.add_row(*row, Text(one.reason))
    return table


def _format_event(letter: DeadLetter) -> str:
    if not letter.message:
        return "(the event was too large to be kept)" if letter.message_bytes else "(the entry had no field `message`)"
    try:
        return json.dumps(json.loads(letter.message), indent=2, ensure_ascii=False)
    except ValueError:
        return letter.message
