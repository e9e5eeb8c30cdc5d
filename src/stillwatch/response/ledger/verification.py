"""Whether a ledger can be relied on: the whole chain, the words beside it, and a checkpoint that was kept elsewhere.

stillwatch ledger 5f1d…        the ledger's own name
1234                           the number of an entry
9b02…                          its hash
"""

from sqlalchemy import Connection, select

from stillwatch.errors import InputError, TrustError
from stillwatch.response.ledger import reading
from stillwatch.response.ledger.chain import BEGINNING, Entry, Head, broken, checked
from stillwatch.response.ledger.entries import Answered, Appealed, Erased, Founded
from stillwatch.response.ledger.tables import entry, words
from stillwatch.response.ledger.writing import seal

_FIRST_LINE = "stillwatch ledger "


def verify(connection: Connection, kept: str | None) -> Head:
    """Reads all; see `Ledger.verify`."""
    claimed = _parsed(kept) if kept is not None else None
    if claimed and claimed[0] != founded(connection).ledger:
        raise _untrue("The checkpoint is another ledger's.")
    number, digest, sealed = 0, BEGINNING, dict[int, tuple[str, str]]()
    for each in checked(reading.entries(connection)):
        number, digest = each.number, each.hash
        if claimed and claimed[1].number == number and claimed[1].hash != digest.hex():
            raise _untrue(f"Entry {number} is not the one that the checkpoint tells of.")
        _seals(each, sealed)
    if (number, digest) != reading.head_of(connection):
        broken(number + 1, "is missing")
    if claimed and claimed[1].number > number:
        raise _untrue(f"The checkpoint tells of entry {claimed[1].number}; the ledger ends with {number}.")
    _check_words(connection, sealed)
    return Head(number, digest.hex())


def checkpoint(connection: Connection, head: Head | None) -> str:
    """Three lines; see `Ledger.checkpoint`."""
    if head is None:
        number, digest = reading.head_of(connection)
        head = Head(number, digest.hex())
    return f"{_FIRST_LINE}{founded(connection).ledger}\n{head.number}\n{head.hash}\n"


def founded(connection: Connection) -> Founded:
    """The first entry: which ledger this is, and of which form.

    Raises:
        TrustError: it is missing.
    """
    first = reading.latest(connection, entry.c.number == 1)
    body = first.body if first else None
    return body if isinstance(body, Founded) else broken(1, "is missing")


def _parsed(text: str) -> tuple[str, Head]:
    match text.strip().split("\n"):
        case [first, number, digest] if first.startswith(_FIRST_LINE) and number.isdecimal() and len(digest) == 64:
            return first.removeprefix(_FIRST_LINE), Head(int(number), digest)
    hint = "`stillwatch decisions verify` prints one: three lines."
    raise InputError("This is no checkpoint of a ledger.", where="checkpoint", hint=hint)


def _seals(each: Entry, sealed: dict[int, tuple[str, str]]) -> None:
    """Notes which entries have words beside them: by number, the appeal and the seal."""
    if each.kind not in {Appealed.kind, Answered.kind, Erased.kind}:
        return
    body = each.body
    if isinstance(body, Appealed | Answered):
        sealed[each.number] = body.appeal, body.words
    elif isinstance(body, Erased):
        for number in [number for number, (appeal, _) in sealed.items() if appeal == body.appeal]:
            del sealed[number]


def _check_words(connection: Connection, sealed: dict[int, tuple[str, str]]) -> None:
    found = {row.entry: seal(bytes(row.salt), row.text) for row in connection.execute(select(words))}
    for number, (_, expected) in sealed.items():
        if number not in found:
            raise _untrue(f"The words of entry {number} are gone, and nobody erased them.")
        if found[number] != expected:
            raise _untrue(f"The words of entry {number} were altered.")
    if found.keys() - sealed.keys():
        raise _untrue(f"The words of entry {min(found.keys() - sealed.keys())} were erased, and are there.")


def _untrue(what: str) -> TrustError:
    return TrustError(what, where="ledger", hint="Compare it with a backup.")
