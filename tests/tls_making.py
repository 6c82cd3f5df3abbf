"""A server that speaks TLS, with certificates of its own authority."""

import shutil
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from live_service import LiveServer
from live_stores import find_free_port


def make_authority(folder: Path, name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A certificate authority; its certificate is `<name>.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    builder = _builder(subject, subject, key).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return certificate, key


def make_certificate(folder: Path, name: str, authority: tuple[x509.Certificate, ec.EllipticCurvePrivateKey]) -> None:
    """A certificate for this machine (`<name>.pem`) and its key (`<name>.key`)."""
    signer, signing_key = authority
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    builder = _builder(_name(name), signer.subject, key).add_extension(names, critical=False)
    certificate = builder.sign(signing_key, hashes.SHA256())
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def make_tls_server(folder: Path, **options: str) -> LiveServer:
    """Debian's Redis, for the server that comes with the tests speaks no TLS; redis-tools has it under another name."""
    program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
    assert program is not None, "expected redis-check-rdb of redis-tools, which `make test` installs, found none"
    binary = folder / "redis-server"  # the name by which the program knows what it is
    binary.symlink_to(program)
    authority = make_authority(folder, "authority")
    make_certificate(folder, "server", authority)
    make_certificate(folder, "client", authority)
    tls = {
        "tls-port": str(find_free_port()),
        "bind": "127.0.0.1",
        "tls-cert-file": str(folder / "server.pem"),
        "tls-key-file": str(folder / "server.key"),
        "tls-ca-cert-file": str(folder / "authority.pem"),
    }
    return LiveServer(folder, options=tls | options, binary=str(binary))


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
    )
