"""Choice canaries in answers to accounts under a measure of a campaign, and in no others.

    canaries = guarding.canaries                                 # None: `gateway.canaries` is off, as it is by default
    if canaries and canaries.concern(verdict):
        changed = await canaries.plant(heard, verdict, answer)   # a decoded answer, in place

Of equally correct variants the answer gets those that the campaign's key chooses (`forensics.canaries`): the key that
`stillwatch probe keys make --scheme choices` made for this campaign, committed to before it is used. What is shown is
written down first; what cannot be written down is not shown. Streams are not touched. Whatever goes wrong or takes too
long leaves the answer as the model gave it, and is counted.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from stillwatch.config import Config
from stillwatch.errors import ConfigError
from stillwatch.forensics.canaries.catalogue import Catalogue, load
from stillwatch.forensics.canaries.planting import plant
from stillwatch.forensics.canaries.records import Records
from stillwatch.forensics.model import DRAWS, Key
from stillwatch.gateway.bodies import Prompt
from stillwatch.gateway.guarding import Heard
from stillwatch.response.decide import Verdict
from stillwatch.response.model import Rung

if TYPE_CHECKING:
    from stillwatch.forensics.custody.keys import Keyring

REFRESH_SECONDS = 60.0  # after which keys are read again: new ones, and those that were retired
PATIENCE_SECONDS = 1.0  # for which an answer waits, at most
_LONGEST = 1 << 18  # letters of a conversation that are searched for what it asks to be said


@dataclass
class Canaries:
    """What one process plants.

    Attributes:
        rung: from which measure on.
        keyring: where the keys of campaigns are.
        catalogue: of slots.
        records: of what was shown.
        count: called with the name of what happened.
    """

    rung: Rung
    keyring: "Keyring"
    catalogue: Catalogue
    records: Records
    count: Callable[[str], None]
    _keys: Mapping[str, Key] = field(default_factory=dict, repr=False)  # by campaign
    _read_at: float = field(default=float("-inf"), repr=False)

    @classmethod
    def of(cls, config: Config, count: Callable[[str], None]) -> Self:
        """As the settings say, where they say that something is planted.

        Raises:
            ConfigError: the catalogue or the keys cannot be used, or what they need is not installed.
        """
        try:
            from stillwatch.forensics.custody.keys import Keyring  # noqa: PLC0415 — an extra, loaded where it is used
        except ModuleNotFoundError as error:
            hint = "Install it: pip install 'stillwatch[forensics]'."
            raise ConfigError(f"Choices need {error.name}.", where="gateway.canaries", hint=hint) from None
        paths, rung = config.forensics, Rung[config.gateway.canaries.upper()]
        canaries = cls(rung, Keyring(paths.keys), load(paths.catalogue), Records(paths.planted), count)
        canaries._key("")  # what is wrong with the keys is said when the gateway starts
        return canaries

    def concern(self, verdict: Verdict) -> bool:
        """Whether a measure of a campaign is in force, of this rung at least, and the request passes."""
        in_force = verdict.decision and verdict.campaign and not verdict.simulated and not verdict.fault
        return bool(in_force) and not verdict.status and verdict.action >= self.rung

    async def plant(self, heard: Heard, verdict: Verdict, answer: object) -> bool:
        """Plants the campaign's choices into a decoded answer, in place. Never raises; whether it is changed.

        Args:
            heard: the request.
            verdict: on it; `concern` holds.
            answer: of OpenAI's chat or responses, or of Anthropic's messages: JSON, or objects of the same fields.
        """
        try:
            edits = await asyncio.wait_for(asyncio.to_thread(self._edits, heard, verdict, answer), PATIENCE_SECONDS)
            for edit in edits:
                edit.apply()
        except TimeoutError:
            self.count("canaries.slow")
        except Exception:  # noqa: BLE001 — a fault of ours must not be the customer's
            self.count("canaries.failed")
        else:
            return bool(edits)
        return False

    def _edits(self, heard: Heard, verdict: Verdict, answer: object) -> "list[_Edit]":
        """What is to be changed; all that the answer shows is written down before."""
        key = self._key(verdict.campaign)
        if key is None:
            self.count("canaries.no_key")
            return []
        asked, history = _conversation(heard.prompt)
        if len(asked) + len(history) > _LONGEST:
            self.count("canaries.too_long")
            return []
        edits, slots = [], list[bytes]()
        for text in _texts(answer):
            planted = plant(text.said, asked, self.catalogue, key.value, history=history)
            slots += planted.slots
            if planted.text != text.said:
                edits.append(_Edit(text, planted.text))
        if slots:
            self._write_down(slots, key)
        self.count("canaries.planted" if slots else "canaries.no_slot")
        return edits

    def _write_down(self, slots: list[bytes], key: Key) -> None:
        now = datetime.now(UTC)
        if self.keyring.record(key.id).exposed is None:
            with suppress(ConfigError):  # another process was quicker
                self.keyring.expose(key.id, now)
        self.records.add(slots, key, now)

    def _key(self, campaign: str) -> Key | None:
        """The campaign's newest key; a campaign without one is left alone."""
        now = time.monotonic()
        if now - self._read_at > REFRESH_SECONDS:
            self._read_at = now
            self._keys = {}  # if they cannot be read: no key that may have been retired is used
            self._keys = self._current()
        return self._keys.get(campaign)

    def _current(self) -> dict[str, Key]:
        """The newest key of each campaign that commits to this catalogue and is not retired."""
        newest = {
            record.campaign: record.id
            for record in self.keyring.records()
            if record.campaign
            and record.scheme == DRAWS["canaries"]
            and record.parameters.get("file") == self.catalogue.digest
            and record.retired is None
        }
        return {key.campaign: key for key in self.keyring.keys(newest.values())}


@dataclass(frozen=True)
class _Text:
    """A text of an answer, and where it stands."""

    holder: object
    name: str
    said: str


@dataclass(frozen=True)
class _Edit:
    text: _Text
    put: str

    def apply(self) -> None:
        holder, name = self.text.holder, self.text.name
        if isinstance(holder, MutableMapping):
            holder[name] = self.put
        else:
            setattr(holder, name, self.put)


def _conversation(prompt: Prompt) -> tuple[str, str]:
    """What was asked last, and all that was said before."""
    asked = prompt.turns[0]
    return asked, "\n".join([prompt.system, *(text for _, text in prompt.messages if text and text != asked)])


def _texts(answer: object) -> Iterator[_Text]:
    """The texts of an answer; none that comes with probabilities or citations, which count its letters."""
    for choice in _list(answer, "choices"):  # chat; the plain completions go on with whatever they were given
        if not _get(choice, "logprobs"):
            yield from _said(_get(choice, "message"), "content")
    for part in _list(answer, "content"):
        yield from _part(part)
    for item in _list(answer, "output"):
        for part in _list(item, "content"):
            yield from _part(part)


def _said(message: object, name: str) -> Iterator[_Text]:
    content = _get(message, name)
    if isinstance(content, str) and not _get(message, "annotations"):
        yield _Text(message, name, content)
    elif isinstance(content, list):
        for part in content:
            yield from _part(part)


def _part(part: object) -> Iterator[_Text]:
    if _get(part, "type") in ("text", "output_text") and not any(_get(part, name) for name in _COUNTED):
        text = _get(part, "text")
        if isinstance(text, str):
            yield _Text(part, "text", text)


_COUNTED = ("annotations", "citations", "logprobs")


def _list(holder: object, name: str) -> list[Any]:
    found = _get(holder, name)
    return found if isinstance(found, list) else []


def _get(holder: object, name: str) -> Any:  # noqa: ANN401 — JSON, or a library's object
    return holder.get(name) if isinstance(holder, Mapping) else getattr(holder, name, None)
