"""The policy: which measure follows from which finding, for how long, and how far without a person.

    policy = load(Path("policy.toml"))     # None: the one that comes with stillwatch
    policy.decider.decide(case)            # what it wants; `ruling` holds it to the laws
    policy.digest                          # what decisions name

A policy that contradicts itself is refused as a whole, with all that is wrong in one line.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, ValidationError

from stillwatch.errors import ConfigError, mistakes
from stillwatch.response.model import Limits, Rung
from stillwatch.response.policy import contradictions, notices
from stillwatch.response.policy.cedar import CedarDecider
from stillwatch.response.policy.decider import Decider
from stillwatch.response.policy.rules import Action, Part, Rule, Table, rung_of
from stillwatch.response.snapshot import Gate

#: Policies that come with stillwatch, by name.
PACKAGED = ("default", "strict")

Hours = Annotated[float, Field(gt=0, le=24 * 365)]
Words = tuple[str, ...]


def _moment(given: object) -> object:
    """A date or a time of TOML; in UTC where it names no zone, the end of the day where it names no time."""
    if isinstance(given, datetime):
        return given if given.tzinfo else given.replace(tzinfo=UTC)
    if isinstance(given, date):
        return datetime(given.year, given.month, given.day, 23, 59, 59, tzinfo=UTC)
    return given


class LimitsTable(Part):
    """What cap and budget allow; see `response.model.Limits`."""

    max_tokens: int | None = Field(default=None, gt=0)
    requests_per_hour: int | None = Field(default=None, ge=0)
    tokens_per_hour: int | None = Field(default=None, ge=0)


class RungTable(Part):
    """How a rung is used.

    Attributes:
        hours: how long a measure lasts; there is no measure without an end.
        person: whether each of them needs a person's signature.
        accounts_an_hour: how many accounts it may newly touch in an hour without a person: the blast radius.
        limits: of cap and budget.
        notice: what the client reads; see `notices`.
    """

    hours: Hours
    person: bool = False
    accounts_an_hour: int = Field(default=100, ge=0)
    limits: LimitsTable = LimitsTable()
    notice: Annotated[str, AfterValidator(notices.check)] = Field(default="", max_length=2000)


class Exempt(Part):
    """The allow list: whom no measure touches."""

    accounts: frozenset[str] = frozenset()
    organizations: frozenset[str] = frozenset()


class Declared(Part):
    """A use that somebody told us of beforehand, such as an evaluation or research.

    Attributes:
        organization, account: whose; one of the two.
        what: the use, for the reader of the policy.
        until: the end of it.
        most: the highest rung that may touch them until then.
    """

    what: str
    until: Annotated[AwareDatetime, BeforeValidator(_moment)]
    organization: str | None = None
    account: str | None = None
    most: Action = Rung.OBSERVE


class Recognised(Part):
    """Accounts that a gateway recognises as a campaign's before a scan has judged them.

    Attributes:
        most: the highest rung for them.
        hours: how long a campaign's next accounts are looked out for.
        least_shingles: of the campaign's template, that one request must hold.
    """

    most: Action
    hours: Hours
    least_shingles: int = Field(default=2, ge=1, le=64)


class Urls(Part):
    """What notices point to; a decision's id is appended to `appeal`."""

    appeal: str = ""
    terms: str = ""
    verify: str = ""


class DeciderTable(Part):
    """Somebody else's policy engine, instead of rules: the name of a Cedar file beside the policy."""

    cedar: str


class Policy(Part):
    """All of it, checked."""

    version: Literal[1]
    rungs: dict[Annotated[Rung, BeforeValidator(rung_of)], RungTable]
    recognised: Recognised
    rules: tuple[Rule, ...] = ()
    decider_table: DeciderTable | None = Field(default=None, alias="decider")
    exempt: Exempt = Exempt()
    declared: tuple[Declared, ...] = ()
    urls: Urls = Urls()
    onset_seconds: float = Field(default=0, ge=0, le=7 * 86_400)
    cedar: str = Field(default="", exclude_if=lambda text: not text)

    @cached_property
    def decider(self) -> Decider:
        """Who decides: the rules, or Cedar."""
        return CedarDecider(self.cedar) if self.decider_table else Table(self.rules)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what the policy says, whatever its comments and layout."""
        said = self.model_dump(mode="json", by_alias=True)
        return hashlib.sha256(json.dumps(_ordered(said), sort_keys=True).encode()).hexdigest()

    def gate(self, now: datetime | None = None) -> Gate:
        """What of it matters to a request, at a time (now)."""
        now = now or datetime.now(UTC)
        own = {rung: table.notice for rung, table in self.rungs.items() if table.notice}
        return Gate(
            self.recognised.most,
            self.recognised.least_shingles,
            self.urls.appeal,
            self.urls.terms,
            self.urls.verify,
            notices.worded(own, **self.urls.model_dump()),
            self.most(now),
        )

    def most(self, now: datetime) -> dict[str, Rung]:
        """By account or organization, the highest rung that may touch it; whoever is not in it has no such bound."""
        most: dict[str, Rung] = {}
        for use in self.declared:
            name = use.organization or use.account or ""
            if now < use.until:
                most[name] = min(use.most, most.get(name, Rung.HOLD))
        return most | dict.fromkeys(self.exempt.accounts | self.exempt.organizations, Rung.OBSERVE)

    def needs_person(self, rung: Rung) -> bool:
        """Whether every measure of this rung waits for a signature."""
        return rung == Rung.HOLD or self.rungs[rung].person

    def ladder(self, highest: Rung) -> Iterator[Rung]:
        """The rungs that the policy knows, from one downwards; observe is always there."""
        return (rung for rung in sorted(self.rungs, reverse=True) if rung <= highest)

    def limits(self, action: Rung) -> Limits:
        """Those of a rung, with what those below it leave open."""
        found: dict[str, int] = {}
        for rung in self.ladder(action):
            found = self.rungs[rung].limits.model_dump(exclude_none=True) | found
        return Limits(**found)


def _ordered(said: Any) -> Any:  # noqa: ANN401 — JSON
    """Sets have no order in Python, so that lists of words are sorted; rules keep theirs."""
    if isinstance(said, dict):
        return {key: _ordered(value) for key, value in said.items()}
    if isinstance(said, list):
        plain = all(isinstance(value, str) for value in said)
        return sorted(said) if plain else [_ordered(value) for value in said]
    return said


def packaged(name: str) -> Path:
    """The file of a policy that comes with stillwatch; its cases lie beside it."""
    return Path(str(files(__package__) / f"{name}.toml"))


def load(path: Path | None) -> Policy:
    """Read a policy.

    Args:
        path: the file; None: the packaged default.

    Raises:
        ConfigError: it cannot be read, is no TOML, has an unknown word (the nearest is named), or contradicts itself.
    """
    path = path or packaged("default")
    content = read_toml(path, hint="`stillwatch policy init` makes one.")
    try:
        table = DeciderTable.model_validate(content["decider"]) if "decider" in content else None
        cedar = {"cedar": _beside(path, table.cedar)} if table else {}
        policy = Policy.model_validate(content | cedar)
        policy.decider  # noqa: B018 — Cedar reads its policies here
    except ValidationError as error:
        raise ConfigError(worded(error, content), where=str(path)) from None
    if problems := list(contradictions.of(policy)):
        raise ConfigError(f"{'; '.join(problems)}.", where=str(path))
    return policy


def read_toml(path: Path, *, hint: str) -> dict[str, Any]:
    """A TOML file.

    Raises:
        ConfigError: it cannot be read or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot be read ({error.strerror}).", where=str(path), hint=hint) from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"is not TOML: {error}.", where=str(path)) from None


def _beside(path: Path, name: str) -> str:
    try:
        return (path.parent / name).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        what = f"decider.cedar: {name} cannot be read ({getattr(error, 'strerror', None) or 'it is no text'})."
        raise ConfigError(what, where=str(path), hint="It is meant from the policy's folder.") from None


def worded(error: ValidationError, content: dict[str, Any]) -> str:
    """All that is wrong with the keys, in one line; a rule or a case is named by its name."""
    problems = []
    for each in mistakes(error):
        place = ".".join(_steps(each.path, content))
        problems.append(f"{place}: {each.says[0].lower()}{each.says[1:]}" if place else each.says)
    return "; ".join(dict.fromkeys(problems)) + "."


def _steps(loc: tuple[int | str, ...], content: Any) -> Iterator[str]:  # noqa: ANN401 — TOML
    """The keys to a place: `rules.2 (resold keys).then`."""
    for step in loc:
        if step == "[key]":
            continue
        found = isinstance(content, list | dict)
        content = (
            content[step] if found and step in (range(len(content)) if isinstance(content, list) else content) else None
        )
        name = content.get("name") if isinstance(content, dict) and isinstance(step, int) else None
        yield f"{step + 1 if isinstance(step, int) else step}" + (f" ({name})" if isinstance(name, str) else "")
