"""Signatures of releases, with keys of one's own.

The format is that of model-signing (https://github.com/sigstore/model-transparency), the OpenSSF's tool,
whose command line signs and verifies the same folders. It needs no network.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from shared.errors import ConfigurationError, InvalidInputError, UntrustedReleaseError
from shared.files.whole_file import write_whole

SIGNATURE_NAME = "model.sig"
_EXTRA = "signing"
_SHOWN_DIGITS = 12


@dataclass(frozen=True)
class TrustedKey:
    """A public key that releases may be signed with."""

    path: Path

    @property
    def fingerprint(self) -> str:
        """Hexadecimal SHA-256 of the key in PEM, which a signature carries as its hint."""
        from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - of the extra
            Encoding,
            PublicFormat,
            load_pem_public_key,
        )

        try:
            key = load_pem_public_key(self.path.read_bytes())
        except OSError as error:
            raise ConfigurationError(f"the trusted key {self.path} cannot be read ({error.strerror})") from error
        except Exception as error:  # the library raises many kinds
            raise ConfigurationError(f"expected {self.path} to be a public key in PEM, got something else") from error
        return sha256(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def sign_release(folder: Path, private_key: Path, password: str | None = None) -> Path:
    """Sign every file in the folder of a release, and return the path of the signature, which replaces an earlier one.

    Parameters
    ----------
    private_key
        Of an elliptic curve (P-256, P-384 or P-521), in PEM.
    password
        Of the private key, if it is encrypted.

    Raises
    ------
    ConfigurationError
        When the package for signatures is not installed.
    InvalidInputError
        When the private key cannot be used.
    """
    require_signing()
    from model_signing import hashing, signing  # noqa: PLC0415 - of an extra

    path = folder / SIGNATURE_NAME
    try:
        secret = None if password is None else password.encode()
        config = signing.Config().use_elliptic_key_signer(
            private_key=private_key,
            password=secret,  # type: ignore[arg-type]  # declared as text, and passed on to what takes bytes only
        )
    except Exception as error:  # the library raises many kinds
        raise InvalidInputError(
            f"expected {private_key} to be a private key of an elliptic curve (P-256, P-384 or P-521) in PEM, and its"
            f" password: {error}"
        ) from error
    ignoring = hashing.Config().set_ignored_paths(paths=[SIGNATURE_NAME], ignore_git_paths=False)
    with write_whole(path) as partial:
        config.set_hashing_config(ignoring).sign(folder, partial)
    return path


def verify_signature(folder: Path, trusted_keys: Sequence[Path]) -> TrustedKey:
    """The trusted key that signed exactly the files which are in the folder of a release.

    Raises
    ------
    ConfigurationError
        When the package for signatures is not installed, or a trusted key cannot be read.
    UntrustedReleaseError
        When there is no signature, none of the keys made it, or files were altered, added or removed afterwards.
    """
    require_signing()
    signer = read_signer(folder)
    if signer is None:
        raise UntrustedReleaseError(f"release {folder.name} is not signed; expected {folder / SIGNATURE_NAME}")
    keys = [TrustedKey(path) for path in trusted_keys]
    key = next((key for key in keys if key.fingerprint == signer), None)
    if key is None:
        raise UntrustedReleaseError(
            f"release {folder.name} is signed with the key {signer[:_SHOWN_DIGITS]}…; expected one of"
            f" {', '.join(f'{key.path} ({key.fingerprint[:_SHOWN_DIGITS]}…)' for key in keys)}"
        )
    _verify(folder, key)
    return key


def read_signer(folder: Path) -> str | None:
    """The fingerprint of the key that the signature names, not verified; None when there is no signature.

    Raises
    ------
    UntrustedReleaseError
        When the signature cannot be read, or was not made with a key.
    """
    path = folder / SIGNATURE_NAME
    try:
        hint = json.loads(path.read_bytes())["verificationMaterial"]["publicKey"]["hint"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UntrustedReleaseError(f"expected {path} to be a signature made with a key, got something else") from error
    return str(hint)


def require_signing() -> None:
    """Check that the package for signatures is installed.

    Raises
    ------
    ConfigurationError
        When it is not.
    """
    if find_spec("model_signing") is None:
        raise ConfigurationError(f"signatures need a package that is not installed; expected offsample[{_EXTRA}]")


def _verify(folder: Path, key: TrustedKey) -> None:
    from model_signing import verifying  # noqa: PLC0415 - of an extra

    try:
        verifying.Config().use_elliptic_key_verifier(public_key=key.path).verify(folder, folder / SIGNATURE_NAME)
    except Exception as error:  # a signature is foreign input, and the library raises many kinds
        reason = str(error).strip() or "its signature was made with another key, or altered"
        raise UntrustedReleaseError(f"release {folder.name} is not what {key.path} signed: {reason}") from error
