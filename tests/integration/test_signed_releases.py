"""Signed releases: who signed them, what was altered afterwards, and a program that requires signatures."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_running import Ended, run_command, run_process
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from documented import install_command, read_block
from local_commands import run
from model_signing.hashing import Config as Hashing
from model_signing.signing import Config as Signing
from model_signing.verifying import Config as Verifying

from model_store.release import RELEASES_ROOT, open_release
from model_store.signature import SIGNATURE_NAME, TrustedKey, sign_release, verify_signature
from shared.errors import ConfigurationError, InvalidInputError, UnknownReleaseError, UntrustedReleaseError
from worker.runtime import Predictors
from worker.settings import Settings

VERSION = "2026.11.3"


def make_key(folder: Path, name: str, encryption: KeySerializationEncryption | None = None) -> tuple[Path, Path]:
    """A private and a public key in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with one release that is not signed."""
    root = tmp_path / "releases"
    shutil.copytree(RELEASES_ROOT / VERSION, root / VERSION)
    (root / "DEFAULT").write_text(VERSION + "\n")
    return root


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    return make_key(tmp_path, "publisher")


@pytest.fixture
def signed(root: Path, keys: tuple[Path, Path]) -> Path:
    """The folder of a signed release."""
    sign_release(root / VERSION, keys[0])
    return root / VERSION


def test_a_signed_release_opens_where_its_key_is_trusted(signed: Path, keys: tuple[Path, Path], tmp_path: Path) -> None:
    _, other = make_key(tmp_path, "other")
    assert open_release(VERSION, signed.parent, [other, keys[1]]).version == VERSION
    assert verify_signature(signed, [other, keys[1]]) == TrustedKey(keys[1])
    with pytest.raises(UntrustedReleaseError, match=r"other\.pub"):
        open_release(VERSION, signed.parent, [other])


def test_all_releases_are_verified_before_the_first_failure_is_raised(signed: Path, keys: tuple[Path, Path]) -> None:
    shutil.copytree(RELEASES_ROOT / "2026.11.3", signed.parent / "0000.1.1", symlinks=True)
    ended = run("releases", "verify", "--trusted-key", str(keys[1]), releases_root=signed.parent)
    assert ended.code == 3
    assert f"release {VERSION} is intact" in ended.output
    assert "0000.1.1" in ended.errors


def test_a_release_without_signature_opens_only_where_none_is_required(root: Path, keys: tuple[Path, Path]) -> None:
    assert open_release(VERSION, root).version == VERSION
    with pytest.raises(UntrustedReleaseError, match="not signed"):
        open_release(VERSION, root, [keys[1]])


def test_what_was_altered_after_signing_is_named(signed: Path, keys: tuple[Path, Path]) -> None:
    card = signed / "model_card.md"
    card.write_text(card.read_text() + "\nA better card.\n")
    with pytest.raises(UntrustedReleaseError, match=r"model_card\.md"):
        verify_signature(signed, [keys[1]])


def test_what_was_added_after_signing_is_named(signed: Path, keys: tuple[Path, Path]) -> None:
    (signed / "extra.onnx").write_bytes(b"networks")
    with pytest.raises(UntrustedReleaseError, match=r"extra\.onnx"):
        verify_signature(signed, [keys[1]])


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"verificationMaterial": {"publicKey": 1}}', b"\xff"])
def test_a_signature_that_cannot_be_read_is_named(signed: Path, keys: tuple[Path, Path], content: bytes) -> None:
    (signed / SIGNATURE_NAME).write_bytes(content)
    with pytest.raises(UntrustedReleaseError, match=SIGNATURE_NAME):
        verify_signature(signed, [keys[1]])


def test_a_signature_of_another_key_under_a_trusted_name_is_refused(
    signed: Path, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    ours = TrustedKey(keys[1]).fingerprint
    other_private, other_public = make_key(tmp_path, "other")
    path = sign_release(signed, other_private)
    path.write_text(path.read_text().replace(TrustedKey(other_public).fingerprint, ours))
    with pytest.raises(UntrustedReleaseError, match="another key"):
        verify_signature(signed, [keys[1]])


def test_keys_that_cannot_be_used_are_named(root: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.pem"
    text.write_text("no key")
    rsa_key = tmp_path / "rsa.pem"
    rsa_private = rsa.generate_private_key(65537, 2048)
    rsa_key.write_bytes(rsa_private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for path in (text, rsa_key):
        with pytest.raises(InvalidInputError, match=path.name):
            sign_release(root / VERSION, path)
    sign_release(root / VERSION, make_key(tmp_path, "publisher")[0])
    for path in (text, tmp_path / "missing.pub"):
        with pytest.raises(ConfigurationError, match=path.name):
            open_release(VERSION, root, [path])


def test_the_tool_of_the_format_verifies_our_signatures_and_makes_its_own(
    signed: Path, keys: tuple[Path, Path]
) -> None:
    private, public = keys
    Verifying().use_elliptic_key_verifier(public_key=public).verify(signed, signed / SIGNATURE_NAME)
    (signed / SIGNATURE_NAME).unlink()
    ignoring = Hashing().set_ignored_paths(paths=[signed / SIGNATURE_NAME])
    signing = Signing().use_elliptic_key_signer(private_key=private).set_hashing_config(ignoring)
    signing.sign(signed, signed / SIGNATURE_NAME)
    assert open_release(VERSION, signed.parent, [public]).version == VERSION


def releases(root: Path, *arguments: object, trusted: Path | None = None) -> Ended:
    trusted_keys = {} if trusted is None else {"trusted_keys": str(trusted)}
    return run_command("releases", *map(str, arguments), releases_root=str(root), **trusted_keys)


def test_verify_says_who_signed(root: Path, keys: tuple[Path, Path]) -> None:
    private, public = keys
    fingerprint = TrustedKey(public).fingerprint
    assert "not signed" in releases(root, "verify").output
    assert fingerprint in releases(root, "sign", VERSION, "--key", private).output
    assert f"{fingerprint}, which was not checked" in releases(root, "verify").output
    for ended in (releases(root, "verify", "--trusted-key", public), releases(root, "verify", trusted=public)):
        assert (ended.code, f"signed with {public}" in ended.output) == (0, True)


def test_verify_refuses_other_signers(signed: Path, tmp_path: Path) -> None:
    _, other = make_key(tmp_path, "other")
    ended = releases(signed.parent, "verify", trusted=other)
    assert (ended.code, str(other) in ended.errors) == (3, True)


def test_an_encrypted_key_needs_its_password(root: Path, tmp_path: Path) -> None:
    private, public = make_key(tmp_path, "locked", BestAvailableEncryption(b"open sesame"))
    arguments = ["sign", VERSION, "--key", str(private)]
    wrong = run_process("releases", *arguments, releases_root=str(root), typed="guess\n")
    assert (wrong.code, "locked.pem" in wrong.errors) == (1, True)
    assert run_process("releases", *arguments, releases_root=str(root), typed="open sesame\n").code == 0
    assert open_release(VERSION, root, [public]).version == VERSION


def test_install_takes_the_signature_along(signed: Path, keys: tuple[Path, Path], tmp_path: Path) -> None:
    target = tmp_path / "target"
    assert releases(target, "install", signed, trusted=keys[1]).code == 0
    assert open_release(VERSION, target, [keys[1]]).version == VERSION


def test_install_refuses_what_nobody_trusted_signed(signed: Path, keys: tuple[Path, Path], tmp_path: Path) -> None:
    _, other = make_key(tmp_path, "other")
    target = tmp_path / "target"
    assert releases(target, "install", signed, trusted=other).code == 3
    (signed / SIGNATURE_NAME).unlink()
    assert releases(target, "install", signed, trusted=keys[1]).code == 3
    assert list(target.iterdir()) == []


def test_a_later_signature_is_added_but_not_in_place_of_a_better_one(
    root: Path, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    source, target = root / VERSION, tmp_path / "target"
    other_private, _ = make_key(tmp_path, "other")
    assert releases(target, "install", source).code == 0
    sign_release(source, keys[0])
    assert releases(target, "install", source).code == 0
    assert open_release(VERSION, target, [keys[1]]).version == VERSION
    sign_release(source, other_private)
    assert releases(target, "install", source, trusted=keys[1]).code == 3
    assert open_release(VERSION, target, [keys[1]]).version == VERSION


def test_a_worker_that_requires_signatures_does_not_start_without_one(root: Path, keys: tuple[Path, Path]) -> None:
    ended = run_process("worker", releases_root=str(root), trusted_keys=str(keys[1]))
    assert (ended.code, "not signed" in ended.errors) == (3, True)


def test_an_event_cannot_pin_what_nobody_trusted_signed(signed: Path, keys: tuple[Path, Path]) -> None:
    pinned = "2026.11.3-context"
    shutil.copytree(RELEASES_ROOT / pinned, signed.parent / pinned)
    settings = Settings(releases_root=signed.parent, trusted_keys=(keys[1],), engine="onnx", threads=1)
    with pytest.raises(UnknownReleaseError, match="not signed"):
        Predictors(settings).find(pinned)


def test_the_documented_commands_sign_a_release_that_verifies(root: Path, tmp_path: Path) -> None:
    install_command(tmp_path / "bin", "offsample", f'{sys.executable} -m worker.cli.main "$@"')
    ended = subprocess.run(
        ["sh", "-e", "-c", read_block("operations.md", "example: sign").replace("2026.11.5", VERSION)],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "OFFSAMPLE_RELEASES_ROOT": str(root)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "signed with publisher.pub" in ended.stdout
