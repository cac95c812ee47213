"""Certificates by which the parts of one program recognise each other over TLS."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from readmission.files import write_whole
from readmission.stack.site.ports import HOST

AUTHORITY, CERTIFICATE, KEY = "ca.pem", "certificate.pem", "key.pem"
VALID = timedelta(days=3650)
"""Longer than any process runs: each start makes new certificates."""


def make_certificate(folder: Path) -> None:
    """Write a certificate for server and client into a folder, with its key and its authority.

    The authority's key is forgotten, so that nobody can issue a second certificate.

    Parameters
    ----------
    folder : Path
        Receives `AUTHORITY`, `CERTIFICATE` and `KEY`, readable by the owner only.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = (
        _certificate("readmission authority", authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, SHA256())
    )
    names = [x509.IPAddress(ip_address(HOST)), x509.DNSName("localhost")]
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate = (
        _certificate("readmission", key)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .sign(authority_key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_whole(folder / AUTHORITY, authority.public_bytes(Encoding.PEM))
    write_whole(folder / CERTIFICATE, certificate.public_bytes(Encoding.PEM))
    write_whole(folder / KEY, private)


def _certificate(subject: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    """Return a certificate of the authority, not signed yet."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name("readmission authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A day early, because the clock may be set back.
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + VALID)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
