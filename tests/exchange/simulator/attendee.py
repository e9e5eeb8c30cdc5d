"""A member of the forum: its credentials, its client and its own traffic.

Traffic is simulated as sets of tokens: what an OPRF makes of values is not the question here.
"""

import json
import random
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from objects import Object, now

from stillwatch.config import ExchangeConfig
from stillwatch.exchange.client.connection import Access, connect
from stillwatch.exchange.client.session import opened
from stillwatch.exchange.client.state import State
from stillwatch.exchange.client.sync import Summary, sync
from stillwatch.exchange.client.taxii import MEDIA_TYPE, Taxii
from stillwatch.exchange.trust import blast
from stillwatch.indicators import feedback, incoming
from stillwatch.indicators.extensions import RETRACTION
from stillwatch.signing import SigningKey, sign, to_base64

WORDS = tuple(secrets.token_hex(16) for _ in range(60))  # tokens of words that everybody uses


@dataclass
class Traffic:
    """A member's accounts, each as the tokens that its requests and its sign-up hold."""

    accounts: list[set[str]]

    @classmethod
    def ordinary(cls, count: int) -> "Traffic":
        """Accounts that use most of the common words."""
        return cls([set(random.sample(WORDS, k=45)) for _ in range(count)])

    def reach(self, indicator: Mapping[str, Any]) -> blast.Reach:
        """What an indicator matches."""
        pattern = json.loads(indicator["pattern"])
        tokens = set(pattern.get("tokens", ())).union(*pattern.get("edges", {}).values())
        least = pattern.get("min_containment", 1 / max(1, len(tokens))) * len(tokens)
        matched = sum(len(tokens & account) >= least for account in self.accounts) if tokens else 0
        return blast.Reach(matched, len(self.accounts), matched * 50, len(self.accounts) * 50)


@dataclass
class Attendee:
    """A member with its credentials, its key, its mirror and its traffic."""

    name: str
    identity: str
    secret: str
    key: SigningKey
    traffic: Traffic
    folder: Path
    url: str = ""
    mirror: dict[tuple[str, str], Object] = field(default_factory=dict)
    covered: int | None = None

    def begin(self, url: str) -> None:
        """Connects to the server."""
        self.url = url
        self.http = connect(Access(f"{url}/taxii2/", "oauth", self.name, self.secret))
        # what an attacker uses: no retries, no guard
        self.raw = httpx2.Client(headers={"Authorization": f"Bearer {self._token()}"}, timeout=60)
        self.taxii = Taxii(self.http, f"{url}/taxii2/")
        self.places = {str(each.alias): each for each in self.taxii.collections(self.taxii.root())}

    def _token(self) -> str:
        form = {"grant_type": "client_credentials", "client_id": self.name, "client_secret": self.secret}
        return str(httpx2.post(f"{self.url}/oauth/token", data=form).json()["access_token"])

    def end(self) -> None:
        """Closes the connections."""
        self.http.close()
        self.raw.close()

    def post(
        self,
        objects: Iterable[Any],
        signatures: list[Object] | None = None,
        *,
        into: str = "indicators",
    ) -> httpx2.Response:
        """Posts an envelope as it is given; nothing is checked on this side."""
        envelope: Object = {"objects": list(objects)}
        if signatures is not None:
            envelope["x_stillwatch_signatures"] = signatures
        headers = {"Content-Type": MEDIA_TYPE, "Accept": MEDIA_TYPE}
        return self.raw.post(f"{self.places[into].url}objects/", content=json.dumps(envelope), headers=headers)

    def delete(self, obj: Object, *, into: str = "indicators") -> httpx2.Response:
        """Deletes all versions of an object."""
        return self.raw.delete(f"{self.places[into].url}objects/{obj['id']}/", headers={"Accept": MEDIA_TYPE})

    def signatures(self, objects: Iterable[Object], key: SigningKey | None = None) -> list[Object]:
        """Its own detached signatures, or those of another key under its name."""
        by = key or self.key
        return [
            {
                "id": each["id"],
                "version": each["modified"],
                "key_id": self.key.key_id,
                "signature": to_base64(sign(by, each)),
            }
            for each in objects
            if each.get("created_by_ref") == self.identity
        ]

    def publish(self, objects: list[Object]) -> httpx2.Response:
        """Publishes with signatures, as the client does."""
        return self.post(objects, self.signatures(objects))

    def pull(self) -> int:
        """Follows the collection to its end; gives the number of new versions."""
        before = len(self.mirror)
        for page in self.taxii.pages(self.places["indicators"], after=self.covered):
            for each in page.objects:
                self.mirror[each["id"], each.get("modified", each.get("created", ""))] = each
            self.covered = page.covered
        return len(self.mirror) - before

    def sync(self) -> Summary:
        """Syncs, with everything checked."""
        config = ExchangeConfig(
            url=f"{self.url}/taxii2/",
            member=self.name,
            secret_file=self.folder / f"{self.name}.secret",
            key_file=self.folder / f"{self.name}.pem",
            collection="indicators",
        )
        with State.open(self.folder / f"{self.name}.sqlite") as state, opened(config) as session:
            return sync(session, state, now=now())

    def checked(self) -> tuple[set[tuple[str, int]], set[tuple[str, int]]]:
        """What the syncs so far took, and what they set aside: ids and versions."""
        with State.open(self.folder / f"{self.name}.sqlite") as state:
            taken = {(each["id"], incoming.version(each)[1]) for each in state.mirror.objects()}
            return taken, {(each.id, each.version) for _, each in state.mirror.set_aside()}

    def in_force(self) -> set[str]:
        """The ids of the indicators that the member's next scan would use."""
        with State.open(self.folder / f"{self.name}.sqlite") as state:
            return {each["id"] for each in state.indicators(now())}

    def retracted(self) -> set[str]:
        """The ids of what the root's retractions withdraw."""
        pages = self.taxii.pages(self.places["retractions"], after=None)
        notes = [each["extensions"][RETRACTION] for page in pages for each in page.objects]
        return {each["retracted_ref"] for each in notes}

    def newest(self, type_: str) -> dict[str, Object]:
        """The newest version of each object of a type in its mirror."""
        ordered = sorted((key, each) for key, each in self.mirror.items() if each["type"] == type_)
        return {key[0]: each for key, each in ordered}

    def say(self, indicator: Object, outcome: Any, *, by: Any = "human") -> httpx2.Response:
        """Publishes what it found of an indicator."""
        told = feedback.sighting(indicator, teller=self.identity, outcome=outcome, now=now(), reviewed_by=by)
        return self.publish([told])
