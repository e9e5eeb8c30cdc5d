"""Accounts: who signs up, with which card, mail and address, and how each of them usually calls.

Columns rather than objects: a quarter of a million accounts are a few dozen megabytes. `crowd` draws a group of
accounts; what it is not told is drawn as for everybody. Keys stand for raw values (a card, an address) until they are
written out.
"""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillwatch.simulate.keys import Keys, below, cumulated, mix, named, normal, pick, uniform
from stillwatch.simulate.vocabulary import vocabulary

HOUR = 3_600_000_000  # microseconds
NEVER = 1e9  # hours
PLANS = ("free", "pro", "team", "enterprise", "education")
MODELS = ("heron-3-mini", "heron-3", "heron-3-think", "heron-2", "heron-4")
LAUNCHED = MODELS.index("heron-4")

# Where a request comes from.
OWN, OFFICE, CARRIER, CLOUD, DAILY, POOL, HOST = range(7)
ADDRESS_MODES = {
    "own": OWN,
    "office": OFFICE,
    "carrier": CARRIER,
    "cloud": CLOUD,
    "daily": DAILY,
    "pool": POOL,
    "host": HOST,
}

# (user agent, TLS fingerprint): the first five are browsers and apps, then kits, the last is the popular coding agent.
CLIENTS = (
    ("Mozilla/5.0 Firefox/143.0", "t13d1717h2_5b57614c22b0_3cbfd9057e0d"),
    ("Mozilla/5.0 Chrome/141.0", "t13d1516h2_8daaf6152771_d8a2da3f94cd"),
    ("Mozilla/5.0 Safari/19.0", "t13d2014h2_a09f3c656075_e42f34c56612"),
    ("heron-app/5.2 (phone)", "t13d1310h2_f57a46bbacb6_14788d8d241b"),
    ("heron-app/5.1 (phone)", "t13d1310h2_f57a46bbacb6_14788d8d241b"),
    ("heron-python/2.9.0", "t13d1812h1_85036bcba153_375ca2c5e164"),
    ("heron-python/2.14.0", "t13d1812h1_85036bcba153_d339722ba4af"),
    ("heron-node/6.3.0", "t13d5911h1_a33745022dd6_1f22a2ca17c4"),
    ("httpx/0.28.1", "t13d1812h1_85036bcba153_375ca2c5e164"),
    ("go-heron/1.41", "t13d1311h2_f57a46bbacb6_ab7e3b40a677"),
    ("chainwork/1.2 python", "t13d1812h1_85036bcba153_d339722ba4af"),
    ("curl/8.16.0", "t13d3112h2_e8f1e7e78f70_b26ce05bbdd6"),
    ("fernwick/2.3.1 (terminal)", "t13d1714h1_5b57614c22b0_043620a2be19"),
    ("fernwick/2.4.0 (terminal)", "t13d1714h1_5b57614c22b0_043620a2be19"),
)
_CLIENT_SHARES = {
    "browser": (0.15, 0.4, 0.2, 0.15, 0.1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    "sdk": (0, 0, 0, 0, 0, 0.2, 0.28, 0.18, 0.12, 0.08, 0.1, 0.04, 0, 0),
    "agent": (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.35, 0.65),
    "any": (0.05, 0.12, 0.05, 0.03, 0.02, 0.15, 0.2, 0.12, 0.1, 0.05, 0.06, 0.02, 0.01, 0.02),
}
_PLAN_SHARES = {
    "person": (0.55, 0.42, 0.02, 0.0, 0.01),
    "developer": (0.2, 0.6, 0.15, 0.04, 0.01),
    "firm": (0.0, 0.1, 0.6, 0.3, 0.0),
}
_MODEL_SHARES = (0.34, 0.36, 0.18, 0.12, 0.0)
_MAIL_SHARES = cumulated(1.0 / np.arange(1, 13) ** 1.3)  # a few large providers hold most of the mail
_TIME_ZONES = (-8, -6, -5, -3, 0, 1, 1, 2, 3, 5, 8, 8, 9)


@dataclass(frozen=True)
class Accounts:
    """One row an account."""

    key: Keys
    voice: Keys  # how it words things
    group: Keys  # household, firm, operator
    weight: NDArray[np.float64]  # relative volume within its crowd
    zone: NDArray[np.int8]  # hours from UTC
    presence: NDArray[np.float64]  # share of days on which it is there
    begin: NDArray[np.float64]  # hours from the start of the window
    end: NDArray[np.float64]
    topics: NDArray[np.int16]  # (accounts, 3) fields, the first most often
    client: NDArray[np.int8]
    address: NDArray[np.int8]
    home: Keys
    model: NDArray[np.int8]
    adopts: NDArray[np.float64]  # hours after a launch at which it takes the new model
    temperature: NDArray[np.float64]  # NaN: not sent
    max_tokens: NDArray[np.int64]  # 0: not sent
    organization: Keys  # 0: none
    created: NDArray[np.int64]  # microseconds from the start of the window
    plan: NDArray[np.int8]
    payment: Keys  # 0: none
    mail: Keys  # below 100: a large provider; below 200: a throw-away one; else a domain of its own
    signup: Keys
    kind: NDArray[np.int16]
    campaign: NDArray[np.int16]  # -1: none

    def __len__(self) -> int:
        """How many accounts."""
        return len(self.key)


@dataclass(frozen=True)
class Crowd:
    """What is said about a group of accounts; the rest is drawn."""

    key: int
    sizes: NDArray[np.int64]  # members of each household, firm, …
    days: int
    client: str = "browser"
    address: str = "own"
    plan: str = "person"
    card: str = "own"  # own, group or none
    organized: bool = False
    new: bool = False
    spread: float = 0.8  # of the logarithm of volume


def crowd(said: Crowd, kind: int) -> Accounts:
    """The accounts of a crowd."""
    groups = np.repeat(np.arange(len(said.sizes)), said.sizes)
    n = len(groups)
    key = mix(said.key, np.arange(n))
    group = mix(said.key, 1 << 40, groups)
    created, begin = _sign_up_times(key, said)
    home = mix(group, 7) if said.card == "group" or said.address == "office" else mix(key, 7)
    plan = _drawn(mix(key, 14), _PLAN_SHARES.get(said.plan), said.plan)
    paid = plan > 0
    return Accounts(
        key=key,
        voice=mix(key, 8),
        group=group,
        weight=np.exp(said.spread * normal(mix(key, 9))),
        zone=np.array(_TIME_ZONES, dtype=np.int8)[below(mix(group if said.organized else key, 10), len(_TIME_ZONES))],
        presence=0.15 + 0.8 * uniform(mix(key, 11)) ** 1.5,
        begin=begin,
        end=np.full(n, NEVER),
        topics=_topics(key, group if said.organized or said.card == "group" else key),
        client=_drawn(mix(key, 12), _CLIENT_SHARES[said.client], None),
        address=_address_modes(key, said.address),
        home=home,
        model=pick(mix(key, 13), cumulated(_MODEL_SHARES)).astype(np.int8),
        adopts=400.0 * uniform(mix(key, 21)) ** 2,
        temperature=_temperatures(key, said.client),
        max_tokens=_limits(key, said.client),
        organization=group if said.organized else np.zeros(n, dtype=np.uint64),
        created=created,
        plan=plan,
        payment=np.where(paid & (said.card != "none"), mix(group if said.card == "group" else key, 15), 0).astype(
            np.uint64
        ),
        mail=_mail(key, group, said.organized),
        signup=np.where(uniform(mix(key, 17)) < 0.8, home, mix(key, 18)),
        kind=np.full(n, kind, dtype=np.int16),
        campaign=np.full(n, -1, dtype=np.int16),
    )


def _sign_up_times(key: Keys, said: Crowd) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """When each signed up, and from when it is there."""
    if said.new:
        hours = uniform(mix(key, 16)) * said.days * 24.0 * 0.9
        return (hours * HOUR).astype(np.int64), hours
    hours = -(0.5 + 700.0 * uniform(mix(key, 16)) ** 2) * 24.0
    return (hours * HOUR).astype(np.int64), np.zeros(len(key))


def _topics(key: Keys, group: Keys) -> NDArray[np.int16]:
    """A first field by the shares of all, then two of the same language; now and then English."""
    words = vocabulary()
    languages = np.array([field.split("/")[0] for field in words.fields])
    starts = np.array([int(np.argmax(languages == language)) for language in languages])
    sizes = np.array([int(np.sum(languages == language)) for language in languages])
    first = pick(mix(group, 19), cumulated(words.shares))
    others = [starts[first] + below(mix(key, 20, i), sizes[first]) for i in range(2)]
    return np.stack([first, *others], axis=1).astype(np.int16)


def _drawn(key: Keys, shares: tuple[float, ...] | None, name: str | None) -> NDArray[np.int8]:
    if shares is None:
        return np.full(len(key), PLANS.index(str(name)), dtype=np.int8)
    return pick(key, cumulated(shares)).astype(np.int8)


def _address_modes(key: Keys, said: str) -> NDArray[np.int8]:
    """Of people at home, a third come by a carrier's shared addresses."""
    mode = np.full(len(key), ADDRESS_MODES[said], dtype=np.int8)
    if said == "own":
        mode[uniform(mix(key, 22)) < 0.3] = CARRIER
    return mode


def _temperatures(key: Keys, client: str) -> NDArray[np.float64]:
    choices = np.array([np.nan, np.nan, 0.0, 0.2, 0.3, 0.7, 0.7, 1.0])
    return choices[below(mix(key, 23), len(choices))] if client in ("sdk", "any") else np.full(len(key), np.nan)


def _limits(key: Keys, client: str) -> NDArray[np.int64]:
    choices = np.array([0, 0, 256, 512, 1024, 2048, 4096, 8192])
    return choices[below(mix(key, 24), len(choices))] if client != "browser" else np.zeros(len(key), dtype=np.int64)


def _mail(key: Keys, group: Keys, organized: bool) -> Keys:
    """A firm's own domain; else a large provider, rarely a domain of one's own or a throw-away one."""
    chance = uniform(mix(key, 25))
    large = pick(mix(key, 26), _MAIL_SHARES).astype(np.uint64)
    person = np.where(
        chance < 0.9, large, np.where(chance < 0.96, mix(key, 27), 100 + below(mix(key, 28), 30).astype(np.uint64))
    )
    return np.where(organized & (chance < 0.95), mix(group, 29), person).astype(np.uint64)


def planted(accounts: Accounts, campaign: int, **changes: Any) -> Accounts:  # noqa: ANN401 -- columns of any type
    """The same accounts as an operator's, with what the scenario says about them."""
    operator = {"group": np.repeat(mix(named("operator"), int(accounts.group[0])), len(accounts))}
    mark = {"campaign": np.full(len(accounts), campaign, dtype=np.int16)}
    return replace(accounts, **{**operator, **mark, **changes})


def together(parts: list[Accounts]) -> Accounts:
    """Crowds one behind the other."""
    return Accounts(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Accounts)})
