"""What a stillwatch exchange has beyond TAXII 2.1, as a member uses it: keys, signatures, the log, contributors.

    extension = Extension.of(session, state)      # None where the server keeps to TAXII alone

Its own key is trusted as it was set (exchange.exchange_key), else as it was first seen. Another key is taken only where
the one before has signed it over; and a server that had the extension once and has it no more is not believed.
"""

import json
import random
from dataclasses import dataclass

from stillwatch.config import ExchangeConfig
from stillwatch.errors import ConfigError, ExchangeError, TrustError
from stillwatch.exchange.client.paging import Page
from stillwatch.exchange.client.session import Session, Voice, opened, signing_key
from stillwatch.exchange.client.state import State
from stillwatch.exchange.client.taxii import MEDIA_TYPE, Collection, answered
from stillwatch.exchange.client.vouching import Vouching
from stillwatch.exchange.client.witness import Witness
from stillwatch.exchange.log.directory import EXCHANGE, Directory, Statement
from stillwatch.exchange.log.entries import Receipt
from stillwatch.exchange.tokens.client import TokenClient
from stillwatch.indicators import timestamps
from stillwatch.signing import PUBLIC_BYTES, SigningKey, from_base64, to_base64

RETRACTIONS = "retractions"  # the alias of the collection in which the exchange tells what was withdrawn

_JSON = {"Accept": MEDIA_TYPE}


@dataclass(frozen=True)
class Extension:
    """The extension of one API root."""

    session: Session
    state: State
    directory: Directory
    witness: Witness

    @classmethod
    def of(cls, session: Session, state: State) -> "Extension | None":
        """The extension, if the server has it.

        Raises:
            TrustError: the exchange's key is another than before, or the extension is gone.
        """
        name = f"key of {session.root.url}"
        pinned = _set_key(session.config) or state.document(name)
        response = session.http.get(f"{session.root.url}ext/keys/", headers=_JSON)
        if response.status_code == 404:
            if pinned:
                hint = "Ask the operator, by another way than the exchange. Nothing was read."
                raise TrustError("The exchange signed and logged before, and does not now.", hint=hint)
            return None
        document = answered(response)
        directory = Directory.read(document, from_base64(pinned or _first(document), length=PUBLIC_BYTES))
        state.remember(name, to_base64(directory.exchange_key))
        return cls(session, state, directory, Witness(session, state, directory.exchange_key))

    @property
    def exchange_key(self) -> bytes:
        """The exchange's own public key."""
        return self.directory.exchange_key

    def identity(self, key: SigningKey) -> str | None:
        """Who has a key, by the directory."""
        found = (each for each in self.directory.statements if each.public == key.public)
        return next((each.identity for each in found), None)

    def vouched(self, collection: Collection, page: Page) -> Vouching:
        """What vouches for the objects of a page; one line of them is looked up in the log.

        Raises:
            TrustError: a line that the exchange promised is not in the log.
        """
        wanted = {each["id"] for each in page.objects if isinstance(each, dict) and isinstance(each.get("id"), str)}
        records: list[object] = []
        query = {"match[version]": "all", "limit": str(max(1, len(page.objects)))}
        if page.since is not None:
            query["added_after"] = timestamps.text(page.since)
        url = f"{self.session.root.url}ext/signatures/{collection.id}/"
        while len(records) < len(page.objects) and wanted:
            found = answered(self.session.http.get(url, params=query, headers=_JSON))
            records += found.get("signatures", [])
            if not (found.get("more") is True and isinstance(found.get("next"), str) and found.get("signatures")):
                break
            query["next"] = found["next"]
        signer = EXCHANGE if self.retracts(collection) else None
        vouching = Vouching.of(self.directory, collection.id, records, signer=signer)
        self._look_up(vouching)
        return vouching

    def retracts(self, collection: Collection) -> bool:
        """Whether it is the collection in which the exchange tells what was withdrawn."""
        return collection.alias == RETRACTIONS

    def remember_contributors(self) -> None:
        """Asks how far each contributor's word carries, and remembers it for the next scan."""
        found = answered(self.session.http.get(f"{self.session.root.url}ext/contributors/", headers=_JSON))
        self.state.remember(f"contributors {self.session.root.url}", json.dumps(found))

    def _look_up(self, vouching: Vouching) -> None:
        """Asks for the proof of one line, drawn by chance: an exchange that leaves lines out does not know which."""
        if lines := vouching.lines(self.witness.size):
            index, receipt = random.choice(lines)  # noqa: S311 — no secret
            self.witness.find(index, Receipt.parse(receipt).entry)


def speaker(config: ExchangeConfig, extension: Extension | None) -> Voice | None:
    """Who we are at this exchange; None where nobody knows."""
    key = signing_key(config)
    known = extension.identity(key) if extension and key else None
    identity = config.identity or known
    return Voice(identity, key if extension else None) if identity else None


def our_identity(config: ExchangeConfig, state: State | None, *, ask: bool) -> str | None:
    """Our STIX identity: set, remembered from before, or asked for.

    Args:
        config: where the exchange is, and as whom we ask.
        state: ours, if there is one yet.
        ask: whether the exchange may be asked.

    Raises:
        ExchangeError: the exchange cannot be reached.
    """
    name = f"identity at {config.url} {config.root or ''}"
    remembered = state.document(name) if state else None
    if config.identity or remembered or not (ask and state):
        return config.identity or remembered
    with opened(config) as session:
        voice = speaker(session.config, Extension.of(session, state))
    if voice:
        state.remember(name, voice.identity)
    return voice.identity if voice else None


def _set_key(config: ExchangeConfig) -> str | None:
    if config.exchange_key is not None:
        try:
            from_base64(config.exchange_key, length=PUBLIC_BYTES)
        except TrustError:
            raise ConfigError("It is no public key in base 64.", where="exchange.exchange_key") from None
    return config.exchange_key


def _first(document: object) -> str:
    """The exchange's key in a directory that was never seen before."""
    keys = document.get("keys") if isinstance(document, dict) else None
    for each in keys if isinstance(keys, list) else []:
        statement = Statement.parse(each.get("statement") if isinstance(each, dict) else None)
        if statement.identity == EXCHANGE:
            return to_base64(statement.public)
    raise TrustError("The key directory names no key of the exchange.")


def token_client(session: Session, state: State, extension: Extension | None) -> TokenClient:
    """Makes tokens at the exchange, and remembers them in the state.

    Raises:
        ExchangeError: this exchange makes none.
    """
    if extension is None:
        hint = "Draft it anew with --no-tokens: others learn of the campaign, and cannot match it."
        raise ExchangeError("This exchange makes no tokens.", where=session.root.url, hint=hint)
    return TokenClient(
        session.http,
        session.root.url,
        cache=state.token_cache,
        local_key=state.secret("tokens"),
        exchange_key=extension.exchange_key,
    )
