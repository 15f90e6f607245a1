"""Cursors: a row's values of the order's keys, sealed for one order, filter, policy and caller.

A cursor is encrypted and authenticated (Fernet: AES-128-CBC with HMAC-SHA256): what orders rows need not be
what a caller may read. Knows field types and how values are written; needs the extra `cursors`.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from queryengine.ast import And, Comparison, FilterAST, Not, Or, OrderKey, Quantified, Slot, Value
from queryengine.cache import BoundedCache
from queryengine.errors import ConfigurationError, ErrorCode, FilterError, Refusal
from queryengine.events import warn
from queryengine.policy import Access, SecurityPolicy
from queryengine.values import JSONValue, ValueProblem, reader, write

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

__all__ = ["LONGEST", "CursorCodec", "Cursors", "InvalidCursor", "has_cursors"]

VERSION = 1
LONGEST = 6_144
"""characters: a cursor has to fit into a URL beside its filter"""
LEAST_SECRET = 16
"""bytes"""
KEYS_KEPT = 1_024


class InvalidCursor(Exception):  # noqa: N818  # as cryptography's InvalidToken: what a text is, not what failed
    """A text is no cursor of this service, not for this request, or too old; which one is not told."""


class CursorCodec:
    """Seals and opens cursors by keys derived from one secret; they hold for `lifetime` (None: for ever).

    Without a secret each process makes its own, and warns: its cursors end with it, and other workers refuse
    them. Raises ConfigurationError for a secret of less than 16 bytes, or without the extra `cursors`.

    >>> from queryengine.ast import Path
    >>> from queryengine.schema import Field, IntegerType
    >>> order = [OrderKey(Path(("id",), (), Field("id", IntegerType())))]
    >>> codec = CursorCodec("correct horse battery staple")
    >>> cursor = codec.seal([5], order, "orders of one tenant")
    >>> codec.open(cursor, order, "orders of one tenant")
    (5,)
    >>> codec.open(cursor, order, "orders of another tenant")
    Traceback (most recent call last):
        ...
    queryengine.cursor.InvalidCursor
    """

    def __init__(self, secret: str | bytes | None = None, lifetime: dt.timedelta | None = None) -> None:
        if not has_cursors():
            raise ConfigurationError('cursors need the extra: pip install "queryengine[cursors]"')
        given = secret.encode() if isinstance(secret, str) else secret
        if given is not None and len(given) < LEAST_SECRET:
            raise ConfigurationError(f"the secret of cursors has {LEAST_SECRET} bytes or more")
        if lifetime is not None and lifetime < dt.timedelta(seconds=1):
            raise ConfigurationError("the lifetime of cursors is a second or more")
        self._secret = given
        self._lifetime = None if lifetime is None else int(lifetime.total_seconds())
        self._boxes: BoundedCache[str, Fernet] = BoundedCache(KEYS_KEPT)

    def seal(self, values: Sequence[Value], order: Sequence[OrderKey], context: str) -> str:
        """Return the cursor of a row that has these values of the order's keys (None: null).

        Raises FilterError for what `open` would refuse: a value that its field does not hold exactly, and
        values that make a cursor of more than 6,144 characters.
        """
        written = [_written(key, value) for key, value in zip(order, values, strict=True)]
        plain = json.dumps([VERSION, *written], ensure_ascii=False, separators=(",", ":"))
        cursor = self._box(context).encrypt(plain.encode()).decode("ascii").rstrip("=")
        if len(cursor) > LONGEST:
            longest, _ = max(zip(order, written, strict=True), key=lambda each: len(json.dumps(each[1])))
            raise _too_long(longest)
        return cursor

    def open(self, text: str, order: Sequence[OrderKey], context: str) -> tuple[Value, ...]:
        """Return the values of a cursor, one for each key of the order. Raises InvalidCursor."""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415  # comes with the extra

        if len(text) > LONGEST or not text.isascii():
            raise InvalidCursor
        padded = text + "=" * (-len(text) % 4)
        try:
            plain = self._box(context).decrypt(padded.encode("ascii"), ttl=self._lifetime)
        except InvalidToken:
            raise InvalidCursor from None
        version, *written = cast("list[object]", json.loads(plain))
        if version != VERSION or len(written) != len(order):
            raise InvalidCursor
        try:
            return tuple([_read(key, value) for key, value in zip(order, written, strict=True)])
        except ValueProblem:  # the column's type has changed since
            raise InvalidCursor from None

    def _box(self, context: str) -> Fernet:
        box = self._boxes.get(context)
        if box is None:
            box = _make_box(self._secret or own_secret(), context)
            self._boxes.put(context, box)
        return box


@cache
def has_cursors() -> bool:
    """Tell whether the extra `cursors` is installed: without it a service gives out none and takes none."""
    return find_spec("cryptography") is not None


class Cursors:
    """The cursors of one shape of filter: they hold for its model, policy, condition and order only."""

    def __init__(
        self,
        codec: Callable[[], CursorCodec],
        model: str,
        policy: SecurityPolicy,
        template: FilterAST,
        refusal: Refusal,
    ) -> None:
        self._codec = codec
        self._refusal = refusal
        self._order = template.order
        self._said = (model, policy, template.condition)
        self._digest: str | None = None

    def seal(self, values: Sequence[Value], principal: str | None) -> str:
        """Return the cursor of a row with these values of the order's keys, for one caller.

        Raises what the refusal makes of a FilterError for a row that has none.
        """
        try:
            return self._codec().seal(values, self._order, self._context(principal))
        except FilterError as error:
            raise self._refusal(error) from None

    def open(self, text: str, principal: str | None) -> tuple[Value, ...]:
        """Return the values of a cursor. Raises InvalidCursor."""
        return self._codec().open(text, self._order, self._context(principal))

    def _context(self, principal: str | None) -> str:
        if self._digest is None:
            model, policy, condition = self._said
            said = [model, outline(policy), outline(condition), [outline(key) for key in self._order]]
            self._digest = sha256(json.dumps(said).encode()).hexdigest()
        return json.dumps([self._digest, principal])


def outline(part: object) -> object:
    """Return what a part of a filter or a policy says, without values and spans: the same in every process.

    >>> outline(SecurityPolicy(regex=True)) == outline(SecurityPolicy(regex=True))
    True
    """
    match part:
        case And() | Or():
            return [type(part).__name__, *map(outline, part.operands)]
        case Not():
            return ["Not", outline(part.operand)]
        case Comparison():
            return [part.op.value, str(part.path)]
        case Quantified():
            return [part.quantifier.value, str(part.path), outline(part.where)]
        case OrderKey():
            return [str(part.path), part.descending, part.nulls]
        case SecurityPolicy():
            paths = sorted((path, outline(access)) for path, access in part.paths.items())
            shown = part.expose and f"{part.expose.__module__}.{part.expose.__qualname__}"
            return [shown, paths, outline(part.others), part.relations]
        case Access():
            operators = part.filter if isinstance(part.filter, bool) else sorted(part.filter)
            return [operators, part.sort, part.select, part.include]
        case None:
            return None
        case _:
            raise TypeError(f"{type(part).__name__} is no part of what a cursor belongs to")


@cache
def own_secret() -> bytes:
    """Return the secret of this process, made when it is first asked for, with a warning."""
    warn(
        "cursor_secret_missing",
        "cursors have no secret: those of this process end with it, and other workers refuse them;"
        " give QueryConfig(cursor_secret=...)",
    )
    return secrets.token_bytes(32)


def _make_box(secret: bytes, context: str) -> Fernet:
    from cryptography.fernet import Fernet  # noqa: PLC0415  # comes with the extra
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415  # likewise
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415  # likewise

    key = HKDF(SHA256(), 32, salt=None, info=f"queryengine cursor\n{context}".encode()).derive(secret)
    return Fernet(urlsafe_b64encode(key))


def _written(key: OrderKey, value: Value) -> JSONValue:
    """Return what stands for a row's value in a cursor, once it has been read back: rows may hold any."""
    if value is None or isinstance(value, Slot):
        return None
    written = write(value)
    try:
        _read(key, written)
    except ValueProblem as problem:
        if problem.code is ErrorCode.LIMIT_EXCEEDED:
            raise _too_long(key) from None
        raise FilterError(
            ErrorCode.OUT_OF_RANGE,
            "a row has a value here that no cursor holds",
            path=_place(key),
            hint="order by another field",
        ) from None
    return written


def _read(key: OrderKey, written: object) -> Value:
    """Return the value of a key. Raises ValueProblem where it is none of the field's."""
    if written is None:
        return None
    if key.path.field is None:
        raise InvalidCursor
    return reader(key.path.field.type, max_string_length=LONGEST)(json.dumps(written))


def _place(key: OrderKey) -> tuple[str, ...]:
    """Return the path of a key in the filter; the primary key, which we append, may be hidden."""
    return ("order",) if key.implied else ("order", str(key.path))


def _too_long(key: OrderKey) -> FilterError:
    return FilterError(
        ErrorCode.LIMIT_EXCEEDED,
        "a row has a value here that is too long for a cursor",
        path=_place(key),
        expected=(f"{LONGEST} characters of a cursor",),
        hint="order by a shorter field",
    )
