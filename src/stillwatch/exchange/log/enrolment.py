"""The key directory in a store: what is entered is logged in the same transaction.

enter(store, root, exchange_key)                     # keys that an operator registered, and the exchange's own
replace(transaction, statement, signatures, key)     # a member's own next key
turn(store, root, old, new)                          # the exchange's own next key
"""

from collections.abc import Mapping
from typing import Any

from stillwatch.errors import TrustError
from stillwatch.exchange.log.directory import EXCHANGE, Signer, Statement, enrolled, missing, own_signatures
from stillwatch.exchange.model import LogEntry, NewRecord
from stillwatch.exchange.store import audience, directory
from stillwatch.exchange.store.store import Store
from stillwatch.exchange.store.transaction import Transaction
from stillwatch.signing import SigningKey

#: The document of a root that is the directory.
DOCUMENT = "keys"

Built = tuple[list[NewRecord], list[LogEntry]]


def enter(store: Store, root: str, exchange_key: SigningKey) -> None:
    """Enters the keys of the exchange and of those members whose key is not in the directory yet.

    Raises:
        TrustError: the exchange's key was replaced without being signed over.
    """
    with store.database.reading() as connection:
        registered = [(EXCHANGE, exchange_key.public), *audience.keys(connection, root)]
    if not missing(store.get_document(root, DOCUMENT), registered):
        return

    def build(transaction: Transaction) -> Built:
        due = missing(transaction.get_document(DOCUMENT), registered)
        return [], [line for identity, public in due for line in _entered(transaction, identity, public, exchange_key)]

    store.add(root, None, build)


def replace(
    transaction: Transaction, statement: Statement, signatures: Mapping[Signer, bytes], exchange_key: SigningKey
) -> Built:
    """Registers a member's own next key; for `Store.add`.

    Raises:
        TrustError: a signature does not hold, or the statement does not follow the one before.
    """
    line = _put(transaction, statement, signatures, exchange_key)
    if transaction.principal:
        directory.change(transaction.connection, transaction.principal.member.name, {"public_key": statement.public})
    return [], [line]


def turn(store: Store, root: str, old: SigningKey, new: SigningKey) -> None:
    """Puts the exchange's next key in the place of the present one, which signs it over.

    Raises:
        TrustError: the old key is not the present one.
    """
    enter(store, root, old)

    def build(transaction: Transaction) -> Built:
        statement = Statement(EXCHANGE, new.public, transaction.now, old.key_id)
        return [], [_put(transaction, statement, own_signatures(statement, new, old), new)]

    store.add(root, None, build)


def _entered(transaction: Transaction, identity: str, public: bytes, exchange_key: SigningKey) -> list[LogEntry]:
    """One key that the operator set; one that somebody had before is not entered again."""
    statement = Statement(identity, public, transaction.now, _newest(transaction.get_document(DOCUMENT), identity))
    try:
        return [_put(transaction, statement, {}, exchange_key)]
    except TrustError as error:
        if identity != EXCHANGE:
            return []
        hint = "`stillwatch exchange log turn-key` signs it over."
        raise TrustError("The exchange's key is not signed over by the one before.", hint=hint) from error


def _put(
    transaction: Transaction, statement: Statement, signatures: Mapping[Signer, bytes], exchange_key: SigningKey
) -> LogEntry:
    so_far = transaction.get_document(DOCUMENT)
    value, line = enrolled(so_far, statement, signatures, exchange_key=exchange_key, now=transaction.now)
    transaction.put_document(DOCUMENT, value)
    return line


def _newest(value: Any, identity: str) -> str | None:  # noqa: ANN401 — a JSON document
    mine = [Statement.parse(each["statement"]) for each in (value or {}).get("keys", [])]
    return next((each.key_id for each in reversed(mine) if each.identity == identity), None)
