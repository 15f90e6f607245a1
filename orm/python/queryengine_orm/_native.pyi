"""What Rust does for queryengine-orm; mypy's stubtest holds these words against the built module."""

from array import array
from asyncio import AbstractEventLoop, BaseTransport, Future, Transport
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any, ClassVar, Final, Generic, Literal, Self, TypeVar, final, overload

from typing_extensions import CapsuleType, disjoint_base

from queryengine_orm.driver import Kind

__all__ = [
    "CopyReader",
    "Derivation",
    "DerivedPassword",
    "IdentityMap",
    "Instance",
    "Link",
    "ModelShape",
    "Place",
    "Ready",
    "Row",
    "Rows",
    "SQLitePost",
    "SQLiteSession",
    "changes_of",
    "decode_value",
    "drop_value",
    "encode_value",
    "forget_changes",
    "given",
    "is_binary",
    "loaded_values",
    "note",
    "put_value",
    "value_of",
    "version",
]

_M = TypeVar("_M")

version: Final[str]

def changes_of(instance: object) -> dict[str, object]:
    """Return the values that an object's attributes had before; empty where nothing was noted.

    What was noted need not differ: of values that can change inside, reading one notes a copy.
    """

def decode_value(oid: int, raw: bytes | None) -> Any:
    """Decode one value of PostgreSQL's binary format (a built-in type), or text; for tests and tools."""

def drop_value(instance: object, name: str) -> None:
    """Take an attribute's value away, if it has one; nothing is noted."""

def encode_value(value: object, oid: int) -> bytes | None:
    """Encode one value as a parameter of this type, in the format that `decode_value` reads."""

def forget_changes(instance: object) -> dict[str, object]:
    """Take what was noted off an object, and return it."""

def given(parameters: object) -> tuple[object, ...]:
    """Return the parameters of a statement as a tuple. Raises ParameterError for what is no sequence."""

def is_binary(oid: int) -> bool:
    """Tell whether values of this type travel in PostgreSQL's binary format; those of all others are text."""

def loaded_values(instance: object) -> dict[str, object]:
    """Return the values that an object has, as a dict of its own."""

def note(instance: object, name: str, before: object) -> None:
    """Keep what an attribute was before; what was noted first stays."""

def put_value(instance: object, name: str, value: object) -> None:
    """Give an attribute a value, of which nothing is noted."""

def value_of(instance: object, name: str, default: object) -> Any:
    """Return the value of an attribute, or `default` where it has none."""

@final
class IdentityMap:
    """The objects of a mapped class, each row as one object, found by the key that its row has.

    `names` are the attributes of the primary key. An object whose key was changed is found by what it was
    before, until `forget_changes`: such an object is dropped first, and put again afterwards.
    """

    def __new__(cls, class_: type[Instance], names: Sequence[str]) -> Self: ...
    def __len__(self) -> int: ...
    def get(self, key: tuple[object, ...]) -> Any:
        """Return the object of the row with this key, if there is one."""

    def put(self, instance: Instance) -> None:
        """Keep an object as the one of its row."""

    def drop(self, instance: Instance) -> None:
        """Forget the object of the row that an object has."""

    def adopt(self, objects: list[Any]) -> list[Any]:
        """Keep these objects, which were just read; return them, and in their places those that are known."""

    def values(self) -> list[Any]:
        """Return the objects."""

    def copy(self) -> IdentityMap:
        """Return another map of the same objects."""

    def changed(self) -> list[Any]:
        """Return the objects of which something was noted: they may have changed."""

@disjoint_base
class Instance:
    """The base of mapped objects: a place for each attribute that `__places__` of the class names."""

    __places__: ClassVar[dict[str, int]]
    def __new__(cls, *arguments: Any, **keywords: Any) -> Self: ...

@final
class ModelShape(Generic[_M]):
    """How rows become objects of a class; made once per statement.

    `names` are the attributes of the first columns, in order; `converters` are functions of a value that is
    not None, or None where it stays as it is. An object is made without `__init__`, and its attributes are
    set without `__setattr__`: into their places where the class is a mapped one, into its slots where it has
    them, otherwise into the instance.
    """

    def __new__(
        cls,
        class_: type[_M],
        names: Sequence[str],
        converters: Sequence[Callable[[Any], object] | None] | None = None,
    ) -> Self: ...

@disjoint_base
class Place:
    """An attribute of mapped objects, which `bind_to` gives its place in them.

    A class beneath says what it is of the class, `expression(owner)`, and what is raised where an object does
    not have a value, `missing(owner)`.
    """

    def bind_to(self, name: str, index: int) -> bool:
        """Say where in its objects the attribute of this name is; return whether it is there."""

    def __get__(self, instance: Any, owner: Any = None, /) -> Any: ...
    def __set__(self, instance: Any, value: Any, /) -> None: ...
    def __delete__(self, instance: Any, /) -> None: ...

@final
class Ready:
    """An awaitable that is done already; it lets the loop run first where a task had much for itself."""

    def __await__(self) -> Generator[Any, None, Rows]: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> None: ...

@final
class CopyReader:
    """Reads what a binary COPY writes; `fields` are name and type of each column. Raises UsageError."""

    def __new__(
        cls, fields: Sequence[tuple[str, int]], /, *, result: Sequence[str | None] | None = None
    ) -> Self: ...
    def feed(self, pieces: Sequence[bytes], /) -> Rows:
        """The rows that these pieces complete. Raises ProtocolViolation."""

    def end(self) -> None:
        """Make sure that nothing is missing. Raises ProtocolViolation."""

@final
class Derivation:
    """A key that has to be derived; slow, so call it on a thread."""

    def run(self) -> DerivedPassword:
        """Derive the key."""

@final
class DerivedPassword:
    """A key that was derived."""

@disjoint_base
class Link:
    """A connection to PostgreSQL as asyncio's transport knows it; `Connection` is written on it."""

    def __new__(
        cls,
        event_loop: AbstractEventLoop,
        /,
        *,
        statements: int = 256,
        prefix: str = "queryengine",
        timeout: float | None = None,
    ) -> Self: ...
    def connection_made(self, transport: BaseTransport) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...
    def get_buffer(self, sizehint: int) -> memoryview: ...
    def buffer_updated(self, nbytes: int) -> None: ...
    def eof_received(self) -> bool: ...
    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...
    def request_tls(self) -> Future[bool]:
        """Ask for TLS; the future says whether the server has it."""

    def start(
        self,
        user: str,
        parameters: Sequence[tuple[str, str]],
        *,
        password: str | None,
        methods: Sequence[str],
        channel_binding: str,
        is_tls: bool,
        certificate: bytes | None,
        random: bytes,
    ) -> Future[Derivation | None]:
        """Begin the session; the future gives None when it is open, or a `Derivation` for `derived`."""

    def derived(self, key: DerivedPassword) -> Future[Derivation | None]:
        """Go on with the key that was derived; the future gives None when the session is open."""

    def query(
        self,
        sql: str,
        parameters: Sequence[object] | None = None,
        /,
        *,
        result: Sequence[str | None] | None = None,
        clean: bool = False,
    ) -> Future[Rows]:
        """Run one statement; the future gives its rows."""

    def query_for(
        self,
        future: Future[Rows],
        sql: str,
        parameters: Sequence[object],
        /,
        *,
        result: Sequence[str | None] | None,
        clean: bool,
    ) -> None:
        """Run one statement for a future that somebody waits for already."""

    def open_portal(
        self,
        name: str,
        limit: int,
        sql: str,
        parameters: Sequence[object] | None = None,
        /,
        *,
        result: Sequence[str | None] | None = None,
    ) -> Future[tuple[Rows, bool]]:
        """Open a portal; the future gives its first rows, and whether there may be more."""

    def fetch(self, name: str, limit: int) -> Future[tuple[Rows, bool]]:
        """Ask for more rows of a portal."""

    def close_portal(self, name: str) -> Future[None]:
        """Close a portal."""

    def query_many(
        self, sql: str, rows: Iterable[Sequence[object]], /, *, clean: bool = False
    ) -> Future[int]:
        """Run one statement with each of `rows`, all or nothing; the future gives how many were written."""

    def run_script(self, sql: str, /, *, clean: bool = False) -> Future[str]:
        """Run statements without parameters; the future gives the last one's tag."""

    def describe(self, sql: str, /) -> Future[list[tuple[str, int]]]:
        """The future gives name and type of each column of a statement, as the server sees it now."""

    def send_before(self, sql: str) -> None:
        """Have a statement such as `BEGIN` travel with the next one; if it fails, that one is not run."""

    def withdraw(self, sql: str) -> bool:
        """Take such a statement back; false if it was sent, or will be."""

    def reset(self) -> None:
        """Make the session as it was when it began; nothing is sent behind it before that is done."""

    def copy_in(self, sql: str, /) -> Future[None]:
        """Begin a COPY from the client; the future is done when the server takes rows."""

    def copy_chunk(self, rows: Iterable[Sequence[object]], types: Sequence[int], first: bool) -> None:
        """Write rows of a binary COPY, of columns of these types; `first` begins it."""

    def copy_end(self, reason: str | None = None, /) -> Future[int]:
        """End a COPY from the client, or break it off with a reason; the future gives the number of rows."""

    @property
    def is_copying_in(self) -> bool:
        """Whether the server takes rows of a COPY from the client; it does not after an error of its own."""

    def pause_reading(self) -> None:
        """Let the server wait, and with it the time of what it does."""

    def resume_reading(self) -> None:
        """Read on."""

    def copy_out(self, sql: str, sink: Callable[[bytes], object], /) -> Future[int]:
        """Run a COPY to the client; `sink` is called with each piece, the future is done at the end."""

    def cancel_request(self) -> bytes | None:
        """What a new connection has to send so that the server cancels what runs on this one."""

    def barrier(self) -> Future[None]:
        """Go on after a request to cancel was heard; the future is done when nothing of it is left."""

    def abort(self, why: str) -> None:
        """Drop the connection; every call fails with `ConnectionLost` for this reason."""

    def terminate(self) -> None:
        """Take leave of the server; what is under way fails."""

    def setting(self, name: str) -> str | None:
        """A setting that the server reports, such as `server_version`."""

    @property
    def load(self) -> int:
        """How many calls are under way."""

    @property
    def is_ready(self) -> bool:
        """Whether it is open and its server is not being asked to cancel."""

    @property
    def is_joinable(self) -> bool:
        """Whether another call would travel with those of this turn of the loop, which were not sent yet."""

    @property
    def is_closed(self) -> bool:
        """Whether it is over."""

    @property
    def is_dirty(self) -> bool:
        """Whether something ran that may have changed the session for those who come after."""

    @property
    def is_paused(self) -> bool:
        """Whether the transport has enough to send for now."""

    @property
    def is_shared(self) -> bool:
        """Whether several tasks use it: then what is not clean is followed by a reset at once."""

    @is_shared.setter
    def is_shared(self, is_shared: bool) -> None: ...
    @property
    def transactions(self) -> int:
        """How many transactions of ours have been entered and are not finished."""

    @transactions.setter
    def transactions(self, transactions: int) -> None: ...
    @property
    def is_left(self) -> bool:
        """Whether a statement of its own ended the transaction that is open for us."""

    @property
    def status(self) -> str:
        """Where the session stands: "idle", "active" in a transaction, or "failed" in one."""

    @property
    def process_id(self) -> int:
        """The server's process for this session; 0 if it did not say."""

    @property
    def portals(self) -> int:
        """How many portals are taken to be open."""

    @property
    def statements(self) -> int:
        """How many prepared statements are kept."""

    @property
    def transport(self) -> Transport | None:
        """The transport, while there is one."""

@final
class Row:
    """One row: by index, by name, as attribute; it compares as the tuple of its values."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Any]: ...
    @overload
    def __getitem__(self, key: int | str, /) -> Any: ...
    @overload
    def __getitem__(self, key: slice, /) -> tuple[Any, ...]: ...
    def __getattribute__(self, name: str, /) -> Any: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: Row | tuple[Any, ...], /) -> bool: ...
    def __le__(self, other: Row | tuple[Any, ...], /) -> bool: ...
    def __gt__(self, other: Row | tuple[Any, ...], /) -> bool: ...
    def __ge__(self, other: Row | tuple[Any, ...], /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Rows:
    """The rows of one answer, in order: a sequence of `Row`, decoded when they are touched."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order."""

    @property
    def affected(self) -> int:
        """How many rows the statement wrote, or gave."""

    @property
    def tag(self) -> str:
        """What PostgreSQL says it did, `INSERT 0 1`; empty for SQLite."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Row]: ...
    @overload
    def __getitem__(self, key: int, /) -> Row: ...
    @overload
    def __getitem__(self, key: slice, /) -> list[Row]: ...
    def tuples(self) -> list[tuple[Any, ...]]:
        """Return every row as a tuple."""

    def dicts(self) -> list[dict[str, Any]]:
        """Return every row as a dict; of columns of one name the last counts."""

    def to_models(self, shape: ModelShape[_M]) -> list[_M]:
        """Return an object of each row, made as the shape says."""

    def buffer(self, key: int | str) -> array[Any]:
        """Return a column of integers as `array("q")`, of floats as `array("d")`, a buffer each."""

    def column(self, key: int | str) -> list[Any]:
        """Return the values of one column, given by index or name."""

    def __arrow_c_schema__(self) -> CapsuleType:
        """Return the types of the columns, for consumers of Arrow's PyCapsule interface."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> CapsuleType:
        """Return a copy of the rows, for consumers of Arrow's PyCapsule interface.

        No other schema can be asked for. Raises UsageError for a column that Arrow has no type for.
        """

@final
class SQLitePost:
    """The answers of SQLite's threads for one event loop: `deliver` has to run when `fileno` is readable."""

    def __new__(cls, loop: AbstractEventLoop) -> Self: ...
    def fileno(self) -> int:
        """Return the descriptor that is readable while answers wait."""

    def deliver(self) -> None:
        """Complete the futures whose answers wait."""

    def give_up(self) -> None:
        """Stop what threads do, and let the calls that wait for it fail with ConnectionLost."""

    def waiting(self) -> int:
        """Return how many calls wait for a thread."""

@final
class SQLiteSession:
    """One connection and its thread."""

    @staticmethod
    def open(
        post: SQLitePost,
        path: str,
        *,
        reads: bool,
        busy: float,
        statements: int,
        steps: int,
        time: float,
        script: str,
    ) -> tuple[SQLiteSession, Future[None]]:
        """Open a connection on a thread of its own; the second value is a future of None."""

    @property
    def idle(self) -> bool:
        """Whether the thread has nothing to do."""

    @overload
    def query(
        self,
        sql: str,
        parameters: Sequence[object],
        result: Sequence[Kind | None] | None,
        *,
        write: Literal[True] = True,
        inside: bool = False,
        begin: Literal["read", "write"] | None = None,
    ) -> Ready | Future[Rows]: ...
    @overload
    def query(
        self,
        sql: str,
        parameters: Sequence[object],
        result: Sequence[Kind | None] | None,
        *,
        write: Literal[False],
        inside: bool = False,
        begin: Literal["read", "write"] | None = None,
    ) -> Ready | Future[Rows] | None:
        """Run one statement: a short query at once, the rest on the thread.

        `write=False` returns None, and does nothing, for what is no query, or may be none. `inside` says that
        it belongs to a transaction, which `begin` begins before it.
        """

    def many(
        self,
        sql: str,
        rows: Iterable[Sequence[object]],
        *,
        inside: bool = False,
        begin: Literal["read", "write"] | None = None,
    ) -> Future[int]:
        """Run one statement with each of `rows`, all or nothing; a future of how many rows it wrote."""

    def script(
        self, sql: str, *, inside: bool = False, begin: Literal["read", "write"] | None = None
    ) -> Future[None]:
        """Run several statements, all or nothing; a future of None."""

    def control(self, sql: str, *, begin: Literal["read", "write"] | None = None) -> Future[None]:
        """Run COMMIT, ROLLBACK or what a savepoint needs; a future of None."""

    def cursor(
        self,
        sql: str,
        parameters: Sequence[object],
        result: Sequence[Kind | None] | None,
        batch: int,
        *,
        inside: bool = False,
        begin: Literal["read", "write"] | None = None,
    ) -> tuple[int, Future[tuple[Rows, bool]]]:
        """Open a cursor: its number, and a future of its first rows and of whether more may follow."""

    def fetch(
        self, cursor: int, result: Sequence[Kind | None] | None, batch: int
    ) -> Future[tuple[Rows, bool]]:
        """Return a future of a cursor's next rows, and of whether more may follow."""

    def close_cursor(self, cursor: int) -> None:
        """Close a cursor; nobody has to wait for it."""

    def back_up(self, path: str) -> Future[None]:
        """Copy the database into a file; a future of None."""

    def close(self) -> Future[None]:
        """Take no more calls; a future of None, done when those that waited are and all is closed."""
