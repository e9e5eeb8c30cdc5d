"""What an exchange says of its contributors and their indicators, put together from all that was said.

    judgement = judge(claims, said, roster, now)
    judgement.contributors["identity--…"].weights["cadence"]     # 0.72
    judgement.indications["indicator--…"].automatic              # False: it is disputed

Whose word counts: that of a member in good standing, about the indicators of others who are not affiliated with it.
Only members whom the operator admitted can vouch another out of quarantine: those who earned their place that way
cannot bring in more of their kind.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from stillwatch.exchange.trust.reputation import reputations
from stillwatch.exchange.trust.standing import Indication, Standing, indication, standing
from stillwatch.exchange.trust.statements import Claim, Outcome, Statement, last_words


@dataclass(frozen=True)
class Roster:
    """What the operator knows and the objects do not say; members by their pseudonyms."""

    admitted: frozenset[str] = frozenset()
    suspended: frozenset[str] = frozenset()
    affiliates: tuple[frozenset[str], ...] = ()  # members under one roof; no member is under two
    decoys: frozenset[str] = frozenset()  # ids of indicators
    pardons: Mapping[str, int] = field(default_factory=dict)  # until when what a member confirmed is forgiven

    @cached_property
    def parties(self) -> Mapping[str, str]:
        """The party of each affiliated member: all of a group speak with one voice, under the first of their names."""
        return {member: min(group) for group in self.affiliates for member in group}

    def party(self, member: str) -> str:
        """Who speaks where this member does."""
        return self.parties.get(member, member)


@dataclass(frozen=True)
class Contributor:
    """How far a contributor's word carries."""

    standing: Standing
    weights: Mapping[str, float]  # by kind of signature, 0 to 1


@dataclass(frozen=True)
class Judgement:
    """All contributors by pseudonym, and all indicators by id."""

    contributors: Mapping[str, Contributor]
    indications: Mapping[str, Indication]


def judge(claims: Mapping[str, Claim], said: Iterable[Statement], roster: Roster, now: int) -> Judgement:
    """Judges every contributor and every indicator anew.

    Args:
        claims: the indicators by id.
        said: everything that members ever said of indicators.
        roster: what the operator knows.
        now: the exchange's time, in microseconds.
    """
    words = [word for word in said if word.indicator in claims]
    caught = _caught(words, roster)
    vouchers = roster.admitted - roster.suspended - caught
    vouched = _heard(words, vouchers, claims, roster)
    standings = _standings(claims, words, vouched, caught, roster)
    good = frozenset(member for member, place in standings.items() if place is Standing.ADMITTED)
    heard = vouched if good <= vouchers else _heard(words, good, claims, roster)
    weights: dict[str, dict[str, float]] = defaultdict(dict)
    for (publisher, kind), reputation in reputations(claims, heard, now, admitted=roster.admitted).items():
        weights[publisher][kind] = reputation.weight
    about: dict[str, list[Statement]] = defaultdict(list)
    for word in heard:
        about[word.indicator].append(word)
    return Judgement(
        {member: Contributor(place, weights[member]) for member, place in standings.items()},
        {
            key: indication(claim, about.get(key, ()), now, vouched=claim.publisher in good)
            for key, claim in claims.items()
        },
    )


def _standings(
    claims: Mapping[str, Claim],
    words: list[Statement],
    vouched: list[Statement],
    caught: frozenset[str],
    roster: Roster,
) -> dict[str, Standing]:
    confirmed: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for word in vouched:
        if word.outcome is Outcome.TRUE_POSITIVE:
            confirmed[claims[word.indicator].publisher][word.indicator].add(word.teller)
    members = {claim.publisher for claim in claims.values()} | {word.teller for word in words}
    return {
        member: standing(
            suspended=member in roster.suspended,
            admitted=member in roster.admitted,
            caught=member in caught,
            confirmed=confirmed[member],
        )
        for member in sorted(members)
    }


def _caught(words: Iterable[Statement], roster: Roster) -> frozenset[str]:
    """Who ever confirmed a decoy, whatever he says of it now, unless the operator has pardoned him since."""
    return frozenset(
        word.teller
        for word in words
        if word.indicator in roster.decoys
        and word.outcome is Outcome.TRUE_POSITIVE
        and word.time > roster.pardons.get(word.teller, -1)
    )


def _heard(
    words: Iterable[Statement], tellers: frozenset[str], claims: Mapping[str, Claim], roster: Roster
) -> list[Statement]:
    """The last word of each party among these members about each indicator of another party."""
    party_of = roster.party

    def heard() -> Iterator[Statement]:
        for word in words:
            if word.teller in tellers:
                party = party_of(word.teller)
                if party != party_of(claims[word.indicator].publisher):
                    yield word if party == word.teller else replace(word, teller=party)

    return last_words(heard())
