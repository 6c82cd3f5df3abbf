"""`offsample releases sign`, and what `verify` prints about signatures."""

from pathlib import Path
from typing import Annotated

import typer

from model_store.release import Release
from model_store.signature import SIGNATURE_NAME, read_signer, sign_release, verify_signature
from shared.errors import UntrustedReleaseError
from worker.settings import Settings

_ENCRYPTED = b"ENCRYPTED"


def sign(
    version: Annotated[str, typer.Argument(help="The installed release to sign.")],
    key: Annotated[
        Path,
        typer.Option(help="Private key of an elliptic curve, in PEM.", exists=True, dir_okay=False, readable=True),
    ],
) -> None:
    """Sign a release with a key of your own; asks for the key's password if it has one."""
    settings = Settings.read()
    release = settings.model_copy(update={"trusted_keys": ()}).open_release(version)
    password = typer.prompt("password of the key", hide_input=True) if _ENCRYPTED in key.read_bytes() else None
    path = sign_release(release.folder, key, password)
    typer.echo(f"release {release.version} is signed: {path}, with the key sha256 {read_signer(release.folder)}")


def describe_signature(release: Release, trusted_keys: tuple[Path, ...]) -> str:
    """Who signed a release, for `verify`.

    Raises
    ------
    UntrustedReleaseError
        When there are trusted keys, and none of them signed it.
    """
    if trusted_keys:
        key = verify_signature(release.folder, trusted_keys)
        return f"signed with {key.path} (sha256 {key.fingerprint})"
    try:
        signer = read_signer(release.folder)
    except UntrustedReleaseError:
        return f"its {SIGNATURE_NAME} cannot be read"
    if signer is None:
        return "not signed"
    return f"signed with the key sha256 {signer}, which was not checked: no --trusted-key and no OFFSAMPLE_TRUSTED_KEYS"
