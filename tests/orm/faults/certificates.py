"""An authority and certificates of servers, made for one test and trusted by nobody else."""

from __future__ import annotations

import datetime as dt
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

__all__ = ["Authority"]

DAY = dt.timedelta(days=1)


@dataclass(slots=True)
class Authority:
    """Who signs for servers; what it makes lies in `folder`."""

    folder: Path
    key: ec.EllipticCurvePrivateKey = field(init=False)
    name: x509.Name = field(init=False)
    root: Path = field(init=False)

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name("authority")
        own = _builder(self.name, self.key, self.name).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.root = self.folder / "root.pem"
        self.root.write_bytes(_pem(own.sign(self.key, hashes.SHA256())))

    def server(self, host: str, *, until: dt.timedelta = DAY) -> ssl.SSLContext:
        """Return how a server of that name does TLS; its certificate ends in the time given."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        builder = _builder(_name(host), key, self.name, until=until).add_extension(names, critical=False)
        chain = self.folder / f"{host}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        chain.write_bytes(private + _pem(builder.sign(self.key, hashes.SHA256())))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        return context

    def revoke(self, chain: Path) -> Path:
        """Return a list of certificates that are revoked: of that in the file."""
        certificate = x509.load_pem_x509_certificate(chain.read_bytes())
        now = dt.datetime.now(dt.UTC)
        revoked = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.name)
        builder = builder.last_update(now - DAY).next_update(now + DAY)
        builder = builder.add_revoked_certificate(revoked.revocation_date(now - DAY).build())
        path = self.folder / "revoked.pem"
        path.write_bytes(builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        return path


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, issuer: x509.Name, until: dt.timedelta = DAY
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 3 * DAY)
        .not_valid_after(now + until)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
