"""The server's part of SCRAM-SHA-256, with room for lies. Knows no socket."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

from tests.orm.faults import messages
from tests.orm.faults.liar import Wire

__all__ = ["Scram"]


@dataclass(frozen=True, slots=True)
class Scram:
    """What a server says in SCRAM; the defaults are the truth for the password "pencil"."""

    mechanisms: tuple[str, ...] = ("SCRAM-SHA-256",)
    password: bytes = b"pencil"
    iterations: int = 4096
    nonce: str | None = None
    salt: bytes = b"0123456789abcdef"
    more: str = ""
    last: bytes | None = None

    async def play(self, wire: Wire) -> None:
        """Ask, hear the answers out, and let the client in whatever they are."""
        await wire.say(messages.sasl(*self.mechanisms))
        _, initial = await wire.hear()
        bare = initial[initial.index(b"n=") :].decode()
        nonce = bare.partition("r=")[2] + "server" if self.nonce is None else self.nonce
        salt = base64.b64encode(self.salt).decode()
        first = f"r={nonce},s={salt},i={self.iterations}{self.more}"
        await wire.say(messages.authentication(11, first.encode()))
        _, answer = await wire.hear()
        signed = f"{bare},{first},{answer.decode().partition(',p=')[0]}"
        last = self.last if self.last is not None else b"v=" + self._signature(signed)
        await wire.say(messages.authentication(12, last))

    def _signature(self, signed: str) -> bytes:
        salted = hashlib.pbkdf2_hmac("sha256", self.password, self.salt, self.iterations)
        key = hmac.digest(salted, b"Server Key", "sha256")
        return base64.b64encode(hmac.digest(key, signed.encode(), "sha256"))
