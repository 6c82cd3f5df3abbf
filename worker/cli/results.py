"""`offsample results`: print what is in the results stream; `offsample results trim` deletes what was read."""

from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from shared.counting import count_of
from shared.errors import InvalidInputError, NotFoundError
from shared.progress_bar import show_progress
from worker.cli.operators.trim import trim
from worker.cli.outputs.row_format import DatasetRows, RowFormat, describe_counts, print_rows
from worker.client.event_answer import EventAnswer, gather_answers
from worker.client.results_stream import ResultsStream
from worker.messages.results import ResultMessage
from worker.settings import Settings


class ResultsCommands(TyperGroup):
    """`show` unless another command is named, so that `offsample results ID` shows an event's results."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Insert `show` where no command is named."""
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["show", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=ResultsCommands,
    help="Print the results in the results stream (`show`, the default: `offsample results EVENT`), or delete them.",
    add_completion=False,
)
app.command()(trim)


@app.command("show")
def results(
    event: Annotated[str | None, typer.Argument(help="An event's id; default: all events.")] = None,
    *,
    source: Annotated[str | None, typer.Option(help="Only events of this source.")] = None,
    dataset_id: Annotated[str | None, typer.Option(help="Only this dataset's.")] = None,
    scan: Annotated[
        bool, typer.Option("--scan", help="Search the whole stream instead of the index of answers.")
    ] = False,
    row_format: Annotated[RowFormat, typer.Option("--format", help="What is printed on stdout.")] = RowFormat.TABLE,
) -> None:
    """Print the results in the results stream, and leave them there."""
    settings = Settings.read()
    stream = ResultsStream(settings.connect(), settings.names)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    answers = [
        answer
        for answer in gather_answers(_read(stream, event, console, scan=scan))
        if event in (None, answer.event_id)
        and source in (None, answer.event_source)
        and dataset_id in (None, answer.dataset_id)
    ]
    if stream.foreign:
        console.print(_describe_foreign(stream.foreign, settings.names.results), markup=False)
    if not answers:
        raise NotFoundError(_describe_nothing(event, settings, scan=scan))
    for answer in answers:
        for line in _describe(answer):
            console.print(
                f"event {answer.event_id} of {answer.event_source}, dataset {answer.dataset_id}: {line}", markup=False
            )
    found = [
        DatasetRows(
            answer.summary.dataset_id, answer.summary.release, answer.rows, assessment=answer.summary.assessment
        )
        for answer in answers
        if answer.summary is not None and answer.rows
    ]
    print_rows(found, row_format)
    rejected = [answer.rejection.error for answer in answers if answer.rejection is not None]
    if event is not None and rejected:
        raise InvalidInputError(f"event {event!r} was rejected ({', '.join(rejected)})")


def _read(stream: ResultsStream, event: str | None, console: Console, *, scan: bool) -> list[ResultMessage]:
    """The messages of one event from the index, or of all events with a progress bar on stderr."""
    if event is not None and not scan:
        return stream.find(event)
    with show_progress(console=console) as on_progress:
        return list(stream.read_all(on_progress))


def _describe(answer: EventAnswer) -> list[str]:
    lines = []
    if answer.summary is not None:
        counts = f"{describe_counts(answer.summary.counts)} (release {answer.summary.release})"
        missing = answer.missing_parts
        lines.append(
            f"{counts}; {missing:,} of {count_of(answer.summary.parts, 'chunk')} missing" if missing else counts
        )
    if answer.rejection is not None:
        lines.append(f"rejected ({answer.rejection.error}): {answer.rejection.message}")
    return lines or ["the closing message is missing"]


def _describe_foreign(foreign: list[str], name: str) -> str:
    if len(foreign) == 1:
        return f"skipped entry {foreign[0]} of {name}, which is not a message of Offsample"
    return f"skipped {len(foreign):,} entries of {name} that are not messages of Offsample, the first {foreign[0]}"


def _describe_nothing(event: str | None, settings: Settings, *, scan: bool) -> str:
    if event is None:
        return f"{settings.names.results} has no results that match"
    if scan:
        return (
            f"no answer to event {event!r} is in {settings.names.results}: it was not answered yet, was never sent, or"
            " its answer was trimmed; see `offsample events show`"
        )
    return (
        f"no answer to event {event!r} is known: it was not answered yet, was never sent, or was answered more than"
        f" {settings.done_seconds / 86_400:g} days ago or trimmed; see `offsample events show`, or use --scan to search"
        f" all of {settings.names.results}"
    )
