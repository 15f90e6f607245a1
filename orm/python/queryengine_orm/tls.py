"""TLS as libpq's settings want it: which modes to try in which order, and what a certificate has to prove."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

from queryengine_orm.dsn import Address, Settings, SslMode
from queryengine_orm.errors import ConfigurationError

__all__ = ["attempts", "context_for"]

ROOT: Final = "root.crt"


def attempts(sslmode: SslMode) -> tuple[bool, ...]:
    """Return whether to try with TLS, in order.

    >>> attempts("prefer"), attempts("verify-full")
    ((True, False), (True,))
    """
    match sslmode:
        case "disable":
            return (False,)
        case "allow":
            return (False, True)
        case "prefer":
            return (True, False)
        case "require" | "verify-ca" | "verify-full":
            return (True,)


def context_for(settings: Settings, address: Address, home: Path | None = None) -> ssl.SSLContext:
    """Return how TLS is done with this server. Raises ConfigurationError for files that cannot be read.

    A mode that verifies trusts `sslrootcert`, or libpq's own file in the home folder, or else, where libpq
    would give up, the system's store. `require` verifies the authority if such a file is there, as libpq.
    """
    home = Path.home() if home is None else home
    folder = home / ".postgresql"
    root = settings.sslrootcert or (str(folder / ROOT) if (folder / ROOT).is_file() else None)
    verifies = address.sslmode in {"verify-ca", "verify-full"} or (
        address.sslmode == "require" and root is not None and root != "system"
    )
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion[settings.ssl_min_protocol_version.replace(".", "_")]
        context.check_hostname = address.sslmode == "verify-full" or root == "system"
        context.verify_mode = ssl.CERT_REQUIRED if verifies or root == "system" else ssl.CERT_NONE
        if context.verify_mode == ssl.CERT_REQUIRED:
            _trust(context, root, settings.sslcrl)
        _identify(context, settings, folder)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"TLS cannot be set up: {error}") from error
    return context


def _trust(context: ssl.SSLContext, root: str | None, crl: str | None) -> None:
    if root is None or root == "system":
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        context.load_verify_locations(root)
    if crl is not None:
        context.load_verify_locations(crl)
        context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_CHAIN


def _identify(context: ssl.SSLContext, settings: Settings, folder: Path) -> None:
    """Show the client's certificate: the one that is named, or libpq's own if it is there."""
    own = folder / "postgresql.crt"
    certificate = settings.sslcert or (str(own) if own.is_file() else None)
    if certificate is None:
        return
    key = settings.sslkey or (str(folder / "postgresql.key") if certificate == str(own) else None)
    # Without a password OpenSSL would ask the terminal.
    context.load_cert_chain(certificate, key, password=settings.sslpassword or "")
