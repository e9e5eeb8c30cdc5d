"""The words of the exchange, as values: TAXII's resources, who reads what, and what is asked of the store.

Times are whole microseconds since 1970 (UTC) inside and `YYYY-MM-DDTHH:MM:SS.ssssssZ` outside (TAXII 2.1, section 2).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from stillwatch.indicators.markings import Level as Level  # noqa: PLC0414 — one of our words, and theirs

#: What a collection is for. Nobody but the server writes to `retractions`.
CollectionKind = Literal["objects", "retractions"]
AuthKind = Literal["basic", "oauth", "mtls"]
Action = Literal["add", "delete", "key"]


@dataclass(frozen=True)
class Root:
    """An API root: one trust group."""

    name: str  # in the path, /name/
    title: str
    description: str | None = None
    max_content_length: int = 100 * 1024 * 1024  # bytes
    allow_list: bool = False  # only properties of the allow-list are taken


@dataclass(frozen=True)
class Collection:
    """A collection of objects of one root."""

    id: str  # UUID v4
    root: str
    title: str
    alias: str | None = None
    description: str | None = None
    kind: CollectionKind = "objects"


@dataclass(frozen=True)
class Right:
    """What a member may do with a collection; objects marked above `level` are not for him."""

    read: bool
    write: bool
    level: Level = Level.AMBER_STRICT


@dataclass(frozen=True)
class Member:
    """A member of the exchange, as the operator knows it."""

    name: str
    identity: str  # the STIX identity (a pseudonym) under which others see it
    auth: AuthKind
    suspended: bool = False
    quarantined: bool = True  # new: what it says is shown, but matches nothing by itself
    public_key: bytes | None = None  # Ed25519, 32 bytes
    fingerprint: str | None = None  # SHA-256 of the client certificate, hex
    revision: int = 0  # grows with every change of its access: what was remembered of an older one does not hold


@dataclass(frozen=True)
class Principal:
    """Who asks: a member and its rights, by collection id. A suspended member is no principal."""

    member: Member
    rights: Mapping[str, Right] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """One version of an object in one collection, as it stands in the store."""

    id: str
    version: str  # as TAXII writes it: modified, else created, else a stable value
    date_added: int  # microseconds, unique and ascending in a collection
    type: str
    spec_version: str
    level: Level
    publisher: str  # the member's name; never served
    origin: str  # the collection that the right to read is taken from: its own, or the retracted object's
    body: bytes  # JSON, as served


@dataclass(frozen=True)
class NewRecord:
    """A version of an object on its way into the store, which gives it its `date_added`."""

    collection: str
    id: str
    version: str
    type: str
    spec_version: str
    level: Level
    publisher: str
    origin: str
    body: bytes
    revoked: bool = False
    signature: bytes | None = None  # the publisher's, Ed25519 over RFC 8785
    key_id: str | None = None  # of the publisher's key
    receipt: bytes | None = None  # the exchange's own
    receipt_key_id: str | None = None


@dataclass(frozen=True)
class LogEntry:
    """One line of the transparency log, before it has a place: what others may see of an action, and its salt."""

    entry: bytes  # canonical JSON, served to all members of the root
    salt: bytes  # 16 bytes, shown only to who may read the object
    id: str | None = None
    version: str | None = None


#: `match[version]`: a keyword, or several of exact versions (microseconds), the last, the first. `all` stands alone.
Versions = Literal["last", "first", "all"] | tuple[int | Literal["last", "first"], ...]


@dataclass(frozen=True)
class Query:
    """What is asked of a collection. None or empty: no restriction."""

    added_after: int | None = None
    ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    spec_versions: tuple[str, ...] = ()  # empty: the newest of each object
    versions: Versions = "last"
    after: int | None = None  # the cursor: date_added of the last record already given
    limit: int = 1000


@dataclass(frozen=True)
class Page:
    """Records in the order of `date_added`; `more` follow."""

    records: tuple[Record, ...]
    more: bool


@dataclass(frozen=True)
class Known:
    """What the store has of an object, for whoever takes the next version in."""

    version: int  # microseconds
    publisher: str
    level: Level
    revoked: bool
    deleted: bool = False  # it is there no longer


@dataclass(frozen=True)
class Signed:
    """What vouches for one version of an object; each part may be absent."""

    id: str
    version: str
    date_added: int
    signature: bytes | None  # the publisher's
    key_id: str | None
    receipt: bytes | None  # the exchange's
    receipt_key_id: str | None
    log_index: int | None  # of its entry in the root's log
    salt: bytes | None  # opens the commitment of that entry


@dataclass(frozen=True)
class SignedPage:
    """Signatures in the order of `date_added`; `more` follow."""

    signatures: tuple[Signed, ...]
    more: bool
