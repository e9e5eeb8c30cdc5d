"""What the accounts of a campaign share, read anew from the accounts table, so that raw values live nowhere else.

    means = read_means(Path("accounts.csv"), key)
    shared = means.of(campaign_account_ids)
    shared.values                         # pseudonyms by `payment`, `mail_domain`, `address`: what two or more hold
    means.normal("payment", pseudonym)    # the bytes that are blinded for a token; in memory only

A value that is held outside of the campaign as often as within says nothing of it (a mail provider, an office's
address) and is nobody's business: it stays here.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stillwatch.exchange.tokens.classes import TokenClass, normal
from stillwatch.indicators.said import Held
from stillwatch.traffic import Rejects, read_accounts
from stillwatch.traffic.pseudonyms import Key

LEAST = 2  # accounts of the campaign that hold a value
OWN_SHARE = 0.5  # of all who hold a value, as many must be of the campaign

#: By kind: the column of the accounts table, and the class of its tokens.
#: By kind: the column of the accounts table, and the class of its tokens.
COLUMNS: Mapping[str, tuple[str, TokenClass]] = {
    "payment": ("payment_fingerprint", "payment"),
    "mail_domain": ("email_domain", "mail-domain"),
    "address": ("signup_address", "address"),
}


@dataclass(frozen=True)
class Shared:
    """What accounts share, by kind, and what of it stays here."""

    values: Mapping[str, tuple[str, ...]]  # pseudonyms
    held: tuple[Held, ...]


@dataclass(frozen=True)
class _Remembering(Key):
    """A key that remembers, in memory, which value each pseudonym is of."""

    raw: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def token(self, kind: str, value: str) -> str:
        """The pseudonym of a value."""
        made = super().token(kind, value)
        self.raw[made] = value
        return made


@dataclass(frozen=True)
class Means:
    """Who holds what, by pseudonyms."""

    holders: Mapping[str, Mapping[str, frozenset[str]]]  # by kind: pseudonym: account ids
    raw: Mapping[str, str] = field(repr=False)  # by pseudonym
    accounts: int = 0  # in the table

    def of(self, accounts: Collection[str]) -> Shared:
        """What these accounts share."""
        members, values = frozenset(accounts), {}
        held: list[Held] = []
        for kind, found in self.holders.items():
            shared = {value: who for value, who in found.items() if len(who & members) >= LEAST}
            own = [value for value, who in shared.items() if len(who & members) >= OWN_SHARE * len(who)]
            told = [value for value in own if self.normal(kind, value) is not None]
            values[kind] = tuple(sorted(told, key=lambda value: (-len(found[value] & members), value)))
            held += _held(kind, Counter(common=len(shared) - len(own), formless=len(own) - len(told)))
        return Shared(values, tuple(held))

    def normal(self, kind: str, pseudonym: str) -> bytes | None:
        """The bytes that are blinded for a value; None where it has no form in which it could meet another's."""
        return normal(COLUMNS[kind][1], self.raw[pseudonym])


def read_means(path: Path, key: Key) -> Means:
    """Reads an accounts table.

    Raises:
        InputError: there is none, or it is none.
    """
    remembering = _Remembering(key._secret)  # noqa: SLF001 — the same key, with a memory
    table = read_accounts(path, key=remembering, rejects=Rejects())
    accounts = table["account_id"].to_pylist()
    holders = {kind: _holders(accounts, table[column].to_pylist()) for kind, (column, _) in COLUMNS.items()}
    return Means(holders, remembering.raw, len(accounts))


def _holders(accounts: Iterable[str], values: Iterable[str | None]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for account, value in zip(accounts, values, strict=True):
        if value is not None:
            found[value].add(account)
    return {value: frozenset(who) for value, who in found.items()}


def _held(kind: str, count: Counter[str]) -> Iterable[Held]:
    if count["common"]:
        yield Held(f"shared.{kind}", f"{count['common']} that others hold as often: common property")
    if count["formless"]:
        yield Held(f"shared.{kind}", f"{count['formless']} that mean something else elsewhere, or are unreadable")
