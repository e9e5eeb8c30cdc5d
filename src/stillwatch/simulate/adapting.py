"""An operator who sees what is done to him and adapts: the accounts that were named are lost, and he changes one thing.

    method = scenario.campaigns[0]
    round_of(scenario, method, 0)                               # ... simulate it, scan it
    bill = bill_of(method, kept=0, answered=23, days=7)         # what it cost him
    move, method = adapted(method, {"text": 6.1, "sign_up": 4.0})

The worst that an open-source detector can meet is assumed: after each round he knows which of his accounts were named,
and by which families of evidence, for he can run the scan on his own traffic. Only what he pays is modelled here; what
he gets is measured by a scan (bench/adaptive.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from stillwatch.simulate.scenario import Campaign, Scenario

FEWEST_REQUESTS = 3.0  # an account: fewer are not worth a sign-up
MOST_REQUESTS = 2500  # of a round: the bench's logs stay small


@dataclass(frozen=True)
class Prices:
    """What things cost, in USD: assumptions of the right order, for comparing rounds, not quotations.

    Attributes:
        account: a sign-up: a number that takes one message, a puzzle solved, a mailbox.
        aged: the same, weeks old when it is bought.
        card: a prepaid or virtual card of its own.
        domain: a mail domain of his own.
        address: a residential exit, for an account and a day.
        host: an address of a rented server, which several accounts share, for a day.
        request: at list prices; 16 M exchanges were worth 0.2 to 2 M USD.
        reworded: a request worded afresh by a small model.
        custom: what he adds to a genuine customer's request, to sell it below list.
        day: of an account: of staff and servers. Who looks after a thousand accounts costs 200 USD a day.
    """

    account: float = 1.0
    aged: float = 5.0
    card: float = 3.0
    domain: float = 12.0
    address: float = 0.30
    host: float = 0.05
    request: float = 0.03
    reworded: float = 0.001
    custom: float = 0.015
    day: float = 0.20


PRICES = Prices()


@dataclass(frozen=True)
class Bill:
    """What a round costs, in USD."""

    accounts: float
    cards: float
    domains: float
    addresses: float
    requests: float
    days: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.accounts + self.cards + self.domains + self.addresses + self.requests + self.days


def bill_of(method: Campaign, *, kept: int, answered: int, days: int, prices: Prices = PRICES) -> Bill:
    """What a round costs.

    Args:
        method: how he works.
        kept: accounts that he has from the round before, with their cards.
        answered: of his requests; a refused one costs nothing, nor does the custom that it would have hidden in.
        days: how long the round is.
        prices: in USD.
    """
    new = max(0, method.accounts - kept)
    own = 1.0 if method.residential is None else method.residential
    custom = answered * method.mix_benign / (1.0 - method.mix_benign)
    reworded = prices.reworded * (method.template == "paraphrase")
    return Bill(
        accounts=new * (prices.aged if method.age_days is None else prices.account),
        cards=new * prices.card * (1.0 if method.payment_distinct is None else method.payment_distinct),
        domains=prices.domain * (max(1, new // 60) + 1) if method.mail_shared and new else 0.0,
        addresses=days * method.accounts * (own * prices.address + (1.0 - own) / 7 * prices.host),
        requests=answered * (prices.request + reworded) + custom * prices.custom,
        days=days * method.accounts * prices.day,
    )


def round_of(scenario: Scenario, method: Campaign, number: int) -> Scenario:
    """The traffic of a round: the same people, and the operator's next wave, its wording and its accounts made anew.

    Args:
        scenario: of the first round.
        method: how he works in this one.
        number: 0 for the first.
    """
    start = scenario.start + timedelta(days=number * scenario.days)
    return replace(scenario, start=start, campaigns=(replace(method, name=f"{method.name}-{number + 1}"),))


def _reworded(method: Campaign) -> Campaign:
    """Paraphrased, unless he has dropped the wrapper already."""
    return method if method.template == "plain" else replace(method, template="paraphrase")


@dataclass(frozen=True)
class Move:
    """One thing that he can change, and the family of evidence that it answers."""

    name: str
    family: str
    change: Callable[[Campaign], Campaign]


#: In the order in which they are tried, the cheapest of a family first; one that changes nothing was made already.
MOVES = (
    Move("words every request afresh", "text", _reworded),
    Move("drops the wrapper", "text", lambda c: replace(c, template="plain")),
    Move("leaves his mail domain", "sign_up", lambda c: replace(c, mail_shared=0.0)),
    Move("a card for each account", "sign_up", lambda c: replace(c, payment_distinct=1.0)),
    Move("buys aged accounts", "sign_up", lambda c: replace(c, age_days=None)),
    Move("an address for each account", "network", lambda c: replace(c, residential=1.0)),
    Move("keeps people's hours", "time", lambda c: replace(c, timing="human", route="weighted")),
    Move("all subjects, not a few", "content", lambda c: replace(c, topics=())),
    Move("as much genuine custom", "content", lambda c: replace(c, mix_benign=max(c.mix_benign, 0.5))),
    Move("four times as much custom", "content", lambda c: replace(c, mix_benign=max(c.mix_benign, 0.8))),
    Move("other clients and settings", "client", lambda c: replace(c, client="any", temperature=None, max_tokens=None)),
    Move("passes no conversation on", "protocol", lambda c: replace(c, turns=0.0, handoff=0.0, failover=0.0)),
)
_FEWER, _MORE = "half as many requests an account", "asks twice as much"


def adapted(method: Campaign, caught: Mapping[str, float]) -> tuple[str, Campaign]:
    """What he changes after a round, and how he works from then on.

    He answers the family that spoke loudest and that he still has an answer to; if there is none, he spreads over
    twice as many accounts. If none of his accounts was named, he asks for more.

    Args:
        method: how he worked.
        caught: bits by family, of the evidence that named his accounts; empty if none was.

    Returns:
        The move in words ("" for none) and the method, the same where nothing is left.
    """
    if not caught:
        return (_MORE, replace(method, requests=2 * method.requests)) if _may_grow(method) else ("", method)
    for family, _ in sorted(caught.items(), key=lambda item: (-item[1], item[0])):
        for move in MOVES:
            if move.family == family and (changed := move.change(method)) != method:
                return move.name, changed
    if method.requests >= 2 * FEWEST_REQUESTS * method.accounts:
        return _FEWER, replace(method, accounts=2 * method.accounts)
    return "", method


def _may_grow(method: Campaign) -> bool:
    return 2 * method.requests <= MOST_REQUESTS
