"""`offsample releases`: which releases are installed, whether they are intact, and further ones."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from model_store.area.decision import VERDICTS
from model_store.manifest import HeldOutAcquisition, Manifest
from model_store.release import Release, default_version, installed_versions, open_release, write_default
from shared.counting import count_of
from shared.errors import ReleaseError
from shared.progress_bar import show_progress
from worker.cli.comparison import compare
from worker.cli.operators.activation import activate, active
from worker.cli.operators.shadow import shadow
from worker.cli.outputs.json_output import AsJson, print_json
from worker.cli.signature import describe_signature, sign
from worker.installation.installing import install_from
from worker.installation.release_source import open_release_source
from worker.settings import Settings

app = typer.Typer(help="Install, verify, compare and switch releases.", no_args_is_help=True, add_completion=False)
app.command()(active)
app.command()(activate)
app.command()(compare)
app.command()(shadow)
app.command()(sign)
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


class _Installed(BaseModel):
    """What `install` prints with --json."""

    release: str
    folder: str
    manifest_sha256: str
    changed: bool


def _parse_sha256(text: str) -> str:
    if not _SHA256.fullmatch(text):
        raise typer.BadParameter(f"expected 64 hexadecimal digits, got {text!r}")
    return text


_VERSION = Annotated[str | None, typer.Argument(help="Default: the worker's release.")]


@app.command()
def show(version: _VERSION = None) -> None:
    """Verify a release and show its manifest."""
    settings = Settings.read()
    release = settings.open_release(version)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    console.print(_describe(release, is_default=release.version == default_version(settings.releases_root)))
    console.print(_make_metrics_table(release))
    if release.manifest.area is not None and release.manifest.area.held_out:
        console.print(_make_held_out_table(release.manifest.area.held_out))
    others = [found for found in installed_versions(settings.releases_root) if found != release.version]
    console.print(f"also installed: {', '.join(others) or 'nothing'}")


@app.command()
def verify(
    version: Annotated[str | None, typer.Argument(help="Default: every installed release.")] = None,
    trusted_key: Annotated[
        list[Path] | None,
        typer.Option(
            help="Public key in PEM that must have signed it; may be repeated. Default: OFFSAMPLE_TRUSTED_KEYS.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
) -> None:
    """Check a release's files against its manifest, and who signed it; without a version, every installed release."""
    settings = Settings.read()
    versions = [version] if version else installed_versions(settings.releases_root)
    if not versions:
        raise ReleaseError(f"expected at least one release in {settings.releases_root}, found none")
    failures: list[ReleaseError] = []
    for found in versions:
        try:
            release = open_release(found, settings.releases_root)
            signature = describe_signature(release, tuple(trusted_key or settings.trusted_keys))
        except ReleaseError as error:
            failures.append(error)
            continue
        typer.echo(
            f"release {release.version} is intact ({count_of(len(release.manifest.members), 'member')}); {signature}"
        )
    if failures:
        raise ReleaseError("; ".join(map(str, failures))) from failures[0]


@app.command()
def install(
    uri: Annotated[str, typer.Argument(help="Folder of the release: a path, http(s)://, s3:// or gs:// URI.")],
    sha256: Annotated[
        str | None,
        typer.Option(parser=_parse_sha256, metavar="HEX", help="Expected SHA-256 of its manifest.json."),
    ] = None,
    *,
    default: Annotated[bool, typer.Option("--default", help="Make it the default release of this folder.")] = False,
    as_json: AsJson = False,
) -> None:
    """Install a release into OFFSAMPLE_RELEASES_ROOT: completely and verified, or not at all."""
    settings = Settings.read()
    root = settings.releases_root
    with show_progress("installing") as on_progress, open_release_source(uri) as source:
        installed = install_from(
            source, root, expected_sha256=sha256, trusted_keys=settings.trusted_keys, on_progress=on_progress
        )
    release = installed.release
    if default:
        write_default(release.version, root)
    if as_json:
        found = _Installed(
            release=release.version,
            folder=str(release.folder),
            manifest_sha256=installed.manifest_sha256,
            changed=installed.is_new,
        )
        print_json(found)
    else:
        what = "installed release" if installed.is_new else "already installed; nothing changed: release"
        typer.echo(f"{what} {release.version} in {release.folder} (manifest sha256 {installed.manifest_sha256})")


def _describe(release: Release, *, is_default: bool) -> Table:
    manifest = release.manifest
    table = Table(title=f"release {release.version}{' (default)' if is_default else ''}", show_header=False)
    band = manifest.uncertain_band
    for name, value in (
        ("kind", manifest.kind if release.blend is None else f"{manifest.kind}, blended"),
        ("members", _describe_members(manifest)),
        ("threshold", f"{manifest.threshold:g}"),
        ("uncertain band", "none" if band is None else f"{band[0]:g} to {band[1]:g}"),
        ("label order", ", ".join(manifest.label_order)),
        ("preprocessing", manifest.input.preprocessing_version),
        ("calibration", manifest.calibration),
        ("trained on", f"{manifest.provenance.training_images:,} images: {manifest.provenance.training_data}"),
        ("created", manifest.provenance.created),
        ("model card", str(release.folder / manifest.model_card.name)),
    ):
        table.add_row(name, value)
    return table


def _describe_members(manifest: Manifest) -> str:
    members = str(len(manifest.members))
    if manifest.area is not None:
        return f"{members}, and {len(manifest.area.members)} area networks"
    return f"{members}, {manifest.context_members} of which use the context" if manifest.uses_context else members


def _make_metrics_table(release: Release) -> Table:
    table = Table(title="accuracy on real ion images, by data set", title_justify="left")
    for heading in ("data set", "predictor", "correct", "Wilson 95 %", "over acquisitions", "AUC"):
        table.add_column(heading)
    for row in release.manifest.figures:
        auc = "-" if row.auc is None else f"{row.auc:.3f}"
        intervals = (_interval(row.wilson_95), _interval(row.acquisitions_95))
        table.add_row(row.data_set, row.predictor, f"{row.correct} of {row.images}", *intervals, auc)
    return table


def _make_held_out_table(rows: Sequence[HeldOutAcquisition]) -> Table:
    """Whole acquisitions; the model card has them with fewer ions too."""
    table = Table(title="acquisitions that the networks did not see, with all ions", title_justify="left")
    for heading in ("acquisition", "off-sample area", "probability", "found", "correct", "plain", "false off", "plain"):
        table.add_column(heading)
    for row in rows:
        if row.ions is None:
            found = dict(zip(row.verdicts, VERDICTS, strict=True))[1]
            of_labelled = (f"{count} of {row.labelled}" for count in (row.correct, row.plain_correct))
            of_on = (f"{count} of {row.on}" for count in (row.false_off, row.plain_false_off))
            table.add_row(row.acquisition, row.truth, f"{row.probability:.2f}", found, *of_labelled, *of_on)
    return table


def _interval(ends: tuple[float, float] | None) -> str:
    return "-" if ends is None else f"{ends[0]:.2f} to {ends[1]:.2f}"
