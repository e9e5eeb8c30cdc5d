"""The lines of a dump: the open form in which an exchange is backed up, restored and moved.

A dump is JSON Lines (UTF-8): one JSON object a line, whose `kind` says what it is. `docs/exchange/dump.md` describes
each.

    {"kind":"root","name":"forum","title":"The forum"}
    {"kind":"collection","id":"91a7b528-80eb-42ed-a74d-c6fbd5a26116","root":"forum","title":"Indicators"}
    {"kind":"object","collection":"91a7b528-…","date_added":"2026-11-02T09:00:00.000000Z","object":{"type":"indicator",…}}

These three are all that a dump of another TAXII server needs. What a line names (a root, a collection) stands before
it; the objects of a collection stand in the order of `date_added`.
"""

from typing import Literal

import msgspec

LevelName = Literal["clear", "green", "amber", "amber+strict", "red"]


class _Line(msgspec.Struct, tag_field="kind", tag=str.lower, omit_defaults=True, kw_only=True):
    """One line; a property that it does not know is ignored."""


class Exchange(_Line):
    """What wrote the dump; the first line."""

    format: int = 1
    written: str | None = None  # a timestamp
    secrets: bool = False  # hashes of secrets and secret documents are in it


class Root(_Line):
    """An API root."""

    name: str
    title: str
    description: str | None = None
    max_content_length: int = 100 * 1024 * 1024
    allow_list: bool = False


class Collection(_Line):
    """A collection; `last_added` is the greatest date_added that it ever gave, deleted objects included."""

    id: str
    root: str
    title: str
    alias: str | None = None
    description: str | None = None
    purpose: Literal["objects", "retractions"] = "objects"
    last_added: str | None = None


class RightOf(msgspec.Struct, omit_defaults=True):
    """What a member may do with a collection."""

    collection: str
    read: bool = False
    write: bool = False
    level: LevelName = "amber+strict"


class Member(_Line):
    """A member with its rights. Byte strings are base 64."""

    name: str
    identity: str
    auth: Literal["basic", "oauth", "mtls"]
    suspended: bool = False
    quarantined: bool = True
    public_key: bytes | None = None
    fingerprint: str | None = None
    revision: int = 0
    secret_hash: str | None = None
    rights: list[RightOf] = []


class Object(_Line):
    """One version of an object. What is left out is taken from the object itself."""

    collection: str
    date_added: str
    object: msgspec.Raw
    version: str | None = None
    type: str | None = None
    spec_version: str | None = None
    level: LevelName | None = None
    publisher: str | None = None
    origin: str | None = None
    revoked: bool | None = None
    log_index: int | None = None
    signature: bytes | None = None
    key_id: str | None = None
    receipt: bytes | None = None
    receipt_key_id: str | None = None


class Deletion(_Line):
    """One version of an object that was deleted."""

    collection: str
    date_added: str
    id: str
    version: str
    level: LevelName
    publisher: str
    revoked: bool = False
    log_index: int | None = None


class Entry(_Line):
    """One line of a root's log."""

    root: str
    number: int
    entry: str  # byte for byte as it was hashed
    salt: bytes
    id: str | None = None
    version: str | None = None


class Document(_Line):
    """A small JSON document of a root."""

    root: str
    name: str
    document: msgspec.Raw
    secret: bool = False


Line = Exchange | Root | Collection | Member | Object | Deletion | Entry | Document
