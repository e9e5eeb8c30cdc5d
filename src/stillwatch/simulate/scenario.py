"""Scenarios: one page of TOML says who is in the traffic, and what is planted in it.

    >>> load("demo").campaigns[0].name            # one of the shipped scenarios, or a path to your own

Every key is a field of `Scenario`, `Benign` or `Campaign` below; their comments are its documentation. What a campaign
does not say is drawn for its accounts as for everybody else's.
"""

import difflib
import tomllib
from collections.abc import Sequence
from dataclasses import field, fields
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from stillwatch.errors import ConfigError, InputError, mistakes

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Day = Annotated[float, Field(ge=0.0)]

Content = Literal[
    "instruct",
    "reason",
    "codetask",
    "grade",
    "clean",
    "roleplay",
    "toolcall",
    "medical",
    "gentle",
    "seeds",
    "environment",
    "ask",
]
Template = Literal[
    "plain", "fixed", "prefix", "suffix", "paraphrase", "nonce", "shuffled", "encoded",
    "graded", "cleaned", "gentled", "seeded", "environed",
]  # fmt: skip
Timing = Literal["flat", "human", "office", "burst", "ramp", "quota", "launch", "decay"]
Route = Literal["round_robin", "random", "weighted", "sticky", "fill_first", "drain", "reset_drain", "single"]
Client = Literal["any", "sdk", "browser", "agent", "one"]

_STRICT = ConfigDict(extra="forbid", strict=False)


@dataclass(frozen=True, config=_STRICT)
class Benign:
    """How many of each innocent kind there are at each provider (`innocent.WORKLOADS` says what each does)."""

    people: Count = 0
    newcomers: Count = 0  # people who sign up within the window
    habits: Count = 0  # people who always ask to think step by step
    households: Count = 0  # two to five accounts on one card and one line
    companies: Count = 0  # colleagues behind one address, some with a house template
    agent_users: Count = 0  # a popular coding agent's system text in unrelated hands
    extension_users: Count = 0  # a popular extension that puts the same text first
    scripts: Count = 0  # developers, each with a frame of his own
    apps: Count = 0  # one account, one system text, many customers
    resellers: Count = 0  # contracted aggregators: many accounts, one egress, other people's words
    benchmarks: Count = 0  # unrelated teams that run one of the same public benchmarks over several keys
    passk: Count = 0  # the same problem twenty times
    labelling: Count = 0
    moderation: Count = 0
    judging: Count = 0
    rag: Count = 0
    summaries: Count = 0
    extraction: Count = 0
    translation: Count = 0
    reviews: Count = 0  # review of changes, at the times of commits
    ci: Count = 0  # one key, a new address for every run
    macros: Count = 0  # a support desk's canned beginning and end
    synthetic: Count = 0  # permitted training data for the firm's own model
    audits: Count = 0  # "why was this decided": asks for reasoning
    researchers: Count = 0  # a team that reads refusals for a living
    classes: Count = 0  # thirty students, one assignment, one afternoon
    migrations: Count = 0  # an old account stops, a new one goes on
    failover: Count = 0  # another model after a server error
    viral: Count = 0  # prompts that go round among people, and fade
    stolen: Count = 0  # people whose key is used by somebody else for a night
    volume: Annotated[float, Field(gt=0.0, le=100.0)] = 1.0  # times the usual requests of each


@dataclass(frozen=True, config=_STRICT)
class Campaign:
    """One operator."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    accounts: Positive
    requests: Positive
    # what is asked
    content: Content | tuple[Content, ...] = "instruct"
    template: Template = "fixed"
    languages: tuple[str, ...] = ("en",)  # several: the same intent in several scripts
    topics: tuple[str, ...] = ()  # a narrow capability; empty: a sweep over all topics of the languages
    persona: bool = False  # the demand stands in the system text
    poisoned: bool = False  # carries a popular client's system text
    relabel: bool = False  # a relay's system text: another product's name
    repeats: Positive = 1  # how often each item is asked, over all accounts
    items: Count = 0  # length of a work list that starts again; 0: no item twice
    adapt_days: Day = 0.0  # a new wording every so many days
    turns: Annotated[float, Field(ge=0.0, le=6.0)] = 0.0  # further turns, on average
    demand_later: bool = False  # the reasoning is asked for in the later turn only
    replay: bool = False  # the later turn presents an answer that another account was given
    handoff: Share = 0.0  # later turns that come from another account
    probe: Share = 0.0  # share of the requests spent on trying techniques, most of them refused, before it scales
    mix_benign: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0  # share of genuine customers in its accounts' traffic
    # when and through which account
    start_day: Day = 0.0
    end_day: Day | None = None
    timing: Timing = "flat"
    route: Route = "random"
    quota: Positive = 25  # requests of an account in five hours, for fill_first
    rotate_day: Day | None = None  # the first pool is banned, the second goes on
    pivot: bool = False  # goes over to the new model on the scenario's launch_day, at once
    failover: Share = 0.0  # refused with 429, and sent again through another account
    arbitrage: Share = 0.0  # refused for its content, and sent again to another model
    providers: dict[str, Share] = field(default_factory=dict)  # share of accounts and requests; empty: all at the first
    scaled: Literal["size", "number"] = "size"  # with a larger scale: a larger campaign, or more of them
    # who signs up
    payment_distinct: Share | None = None  # cards to accounts
    mail_shared: Share = 0.0  # accounts on the operator's own mail domains
    residential: Share | None = None  # accounts with an address of their own every day; the rest share a few
    organizations: Count = 0
    age_days: Annotated[float, Field(gt=0.0)] | None = None  # signed up at most so long before the start
    plan: Literal["free", "pro", "team", "enterprise", "education"] | None = None
    victims: bool = False  # stolen keys: the accounts are ordinary people's
    # how it calls
    client: Client = "any"
    sanitized: bool = False  # no conversation, no TLS fingerprint, one user agent
    temperature: float | None = None
    max_tokens: Positive | None = None
    choices: Positive = 1


@dataclass(frozen=True, config=_STRICT)
class Scenario:
    """Who is in the traffic of one or several providers."""

    name: str
    days: Annotated[int, Field(ge=1, le=400)] = 10
    seed: int = 1
    start: date = date(2026, 9, 1)
    providers: Annotated[tuple[str, ...], Field(min_length=1)] = ("alpha",)
    launch_day: Day | None = None  # a new model comes out
    benign: Benign = field(default_factory=Benign)
    campaigns: tuple[Campaign, ...] = ()


def names() -> tuple[str, ...]:
    """The scenarios that are shipped."""
    folder = files("stillwatch.simulate") / "scenarios"
    return tuple(sorted(path.name.removesuffix(".toml") for path in folder.iterdir() if path.name.endswith(".toml")))


def load(name_or_path: str | Path) -> Scenario:
    """A scenario, by the name of a shipped one or by the path of a TOML file.

    Raises:
        InputError: there is no such file, or it is no TOML.
        ConfigError: a key is unknown (the nearest is named), or a value is of the wrong kind or size.
    """
    place = str(name_or_path)
    shipped = files("stillwatch.simulate") / "scenarios" / f"{place}.toml"
    try:
        text = shipped.read_text("utf-8") if place in names() else Path(place).read_text("utf-8")
        table = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        hint = f"Shipped scenarios are {', '.join(names())}."
        raise InputError(f"the scenario cannot be read ({type(error).__name__}).", where=place, hint=hint) from error
    return parse({"name": Path(place).stem, **table}, where=place)


def parse(table: dict[str, Any], *, where: str = "scenario") -> Scenario:
    """A scenario from what TOML holds; see `load` for what it raises."""
    try:
        listed = {("campaigns" if key == "campaign" else key): value for key, value in table.items()}
        scenario = TypeAdapter(Scenario).validate_python(listed)
    except ValidationError as error:
        raise _first_mistake(error, where) from None
    _check(scenario, where)
    return scenario


def _first_mistake(error: ValidationError, where: str) -> ConfigError:
    first = mistakes(error)[0]
    path, setting = list(map(str, first.path)), f"{where}: {first.place}"
    if first.kind == "unexpected_keyword_argument":
        known = {"benign": Benign, "campaigns": Campaign}.get(path[0], Scenario) if len(path) > 1 else Scenario
        near = difflib.get_close_matches(path[-1], [f.name for f in fields(known)], n=1, cutoff=0.0)
        return ConfigError("there is no such key.", where=setting, hint=f"The nearest is `{near[0]}`.")
    return ConfigError(f"{first.says}.", where=setting)


def _check(scenario: Scenario, where: str) -> None:
    """What no single value shows."""
    known = [c.name for c in scenario.campaigns]
    if len(set(known)) < len(known):
        raise ConfigError("two campaigns have the same name.", where=where, hint="Names are the truth's labels.")
    for campaign in scenario.campaigns:
        end = scenario.days if campaign.end_day is None else campaign.end_day
        if not campaign.start_day < min(end, scenario.days):
            raise ConfigError(
                "it ends before it starts.", where=f"{where}: {campaign.name}", hint="See start_day, end_day."
            )
        if campaign.victims and not scenario.benign.people:
            raise ConfigError("there are no people whose keys could be stolen.", where=f"{where}: {campaign.name}")
        _check_names("provider", campaign.providers, scenario.providers, where=f"{where}: {campaign.name}")
        _check_words(campaign, where=f"{where}: {campaign.name}")


def _check_words(campaign: Campaign, where: str) -> None:
    from stillwatch.simulate.vocabulary import vocabulary  # noqa: PLC0415 -- numba is slow to import; checking is not

    words = vocabulary()
    _check_names("language", campaign.languages, sorted({name.split("/")[0] for name in words.fields}), where=where)
    spoken = [words.fields[i].split("/")[1] for i in words.of_language(*campaign.languages)]
    _check_names("topic", campaign.topics, spoken, where=where)


def _check_names(what: str, given: Sequence[str] | dict[str, float], known: Sequence[str], where: str) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            raise ConfigError(f"there is no {what} `{name}`.", where=where, hint=f"The nearest is `{near[0]}`.")
