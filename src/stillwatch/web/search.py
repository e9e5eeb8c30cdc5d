"""What people type to find cases, and what it means; pure.

    query = parse('severity:high family:text since:2026-11-01 tokens:>1e6 "list of tasks" sort:-tokens')
    query.text                                  # the same search in one form: it stands in the address of the page
    query.having("status", "open").text         # another box ticked

    severity:high           low, medium, high, critical; severity:>=high
    family:text             evidence of this family speaks for it
    status:open             open, confirmed, rejected, unsure, closed
    assignee:ana            who has it; assignee:none
    since:2026-11-01        first seen then or later; until: before; crossed: passed the line; last: seen
    bits:>20 accounts:>=100 requests:>1e4 tokens:<2e6
    id:c-3f                 a case or campaign whose id begins so, whatever it is called now
    account:acct-17         has this account
    has:appeal              appeal, decision, sighting, note
    is:current              current, or gone: whether the newest scan has it
    sort:-tokens            bits, severity, accounts, requests, tokens, since, crossed, last, status; `-` descends
    words                   in its texts, its evidence and its notes; "…": next to each other

One field several times: any of the values. Different fields: all of them.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Literal, NoReturn

from stillwatch.errors import InputError
from stillwatch.reports.wording import printable

Operator = Literal["", ">", ">=", "<", "<="]
Value = str | float | datetime

LONGEST = 500  # characters of a search
MOST_TERMS = 30

#: Fields whose values are a list; the first of each is what a hint names.
CHOICES: dict[str, tuple[str, ...]] = {
    "severity": ("low", "medium", "high", "critical"),
    "status": ("open", "confirmed", "rejected", "unsure", "closed"),
    "has": ("appeal", "decision", "sighting", "note"),
    "is": ("current", "gone"),
}
NUMBERS = ("bits", "accounts", "requests", "tokens")
DATES = ("since", "until", "crossed", "last")
NAMES = ("family", "assignee", "id", "account")
FIELDS = (*CHOICES, *NUMBERS, *DATES, *NAMES, "sort")
SORTS = ("bits", "severity", "accounts", "requests", "tokens", "since", "crossed", "last", "status")

#: The operator of a date that stands alone.
_ALONE: dict[str, Operator] = {"since": ">=", "until": "<", "crossed": ">=", "last": ">="}

_TOKEN = re.compile(r'\s*(?:(?P<field>[^\s:"]+):)?(?:"(?P<quoted>[^"]*)(?P<end>"?)|(?P<plain>[^\s"]*))')
_COMPARED = re.compile(r"(>=|<=|>|<|)(.*)", re.DOTALL)
_PLAIN = re.compile(r'[^\s:"]+')


@dataclass(frozen=True)
class Term:
    """One condition."""

    field: str
    value: Value
    operator: Operator = ""

    @property
    def text(self) -> str:
        """As it is typed."""
        return f"{self.field}:{self.operator}{_written(self.value)}"


@dataclass(frozen=True)
class Sort:
    """By what cases are listed."""

    by: str = "bits"
    descending: bool = True

    @property
    def text(self) -> str:
        """As it is typed."""
        return f"sort:{'-' if self.descending else ''}{self.by}"


@dataclass(frozen=True)
class Query:
    """A search: conditions, words, an order."""

    terms: tuple[Term, ...] = ()
    words: tuple[str, ...] = ()  # each one word, or several that stand next to each other
    sort: Sort = field(default_factory=Sort)

    @property
    def text(self) -> str:
        """The search in one form: fields in order, every condition once, the usual order left out."""
        terms = sorted({each.text: each for each in self.terms}.values(), key=lambda t: (FIELDS.index(t.field), t.text))
        words = [word if _PLAIN.fullmatch(word) else f'"{word}"' for word in self.words]
        order = [] if self.sort == Sort() else [self.sort.text]
        return " ".join([*(each.text for each in terms), *words, *order])

    def values(self, name: str) -> tuple[Value, ...]:
        """What is asked of one field."""
        return tuple(each.value for each in self.terms if each.field == name)

    def having(self, name: str, value: Value) -> "Query":
        """The same search with one more condition, or without it where it has it: a box that is ticked."""
        term = Term(name, value)
        kept = tuple(each for each in self.terms if each != term)
        return replace(self, terms=kept if term in self.terms else (*kept, term))

    def sorted_by(self, name: str) -> "Query":
        """The same search in another order; in the other direction where it has this one."""
        return replace(self, sort=Sort(name, self.sort.by != name or not self.sort.descending))


def parse(text: str) -> Query:
    """Reads a search.

    Raises:
        InputError: a word that means nothing; it is named, with the nearest that does.
    """
    if len(text) > LONGEST:
        raise InputError(f"A search has up to {LONGEST} characters.", where=f"{len(text):,} characters")
    terms: list[Term] = []
    words: list[str] = []
    sort = Sort()
    for name, value in _tokens(text):
        if not name:
            words += [value] if value else []
        elif name == "sort":
            sort = _sort(value)
        else:
            terms.append(_term(name, value))
    if len(terms) + len(words) > MOST_TERMS:
        raise InputError(f"A search has up to {MOST_TERMS} conditions.", where=f"{len(terms) + len(words)} conditions")
    return Query(tuple(terms), tuple(words), sort)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Fields (in lower case, or empty) with their values."""
    rest = text.strip()
    at = 0
    while at < len(rest):
        found = _TOKEN.match(rest, at)
        if found is None or found.end() == at:  # cannot be: the last part takes whatever there is
            break
        at = found.end()
        if found["quoted"] is not None and not found["end"]:
            raise InputError('A quotation mark is missing: "…".', where=_cut(found["quoted"]))
        yield (found["field"] or "").lower(), (found["plain"] if found["quoted"] is None else found["quoted"]).strip()


def _term(name: str, value: str) -> Term:
    if name not in FIELDS:
        _unknown("field", name, FIELDS, f"{name}:")
    if not value:
        raise InputError("The value is missing.", where=f"{name}:", hint=f"For instance {_EXAMPLES[name]}.")
    if name in NAMES:
        return Term(name, value)
    compared = _COMPARED.fullmatch(value)
    operator, rest = (compared[1], compared[2]) if compared else ("", value)
    return Term(name, _value(name, rest), _operator(name, operator))


def _operator(name: str, operator: str) -> Operator:
    known: tuple[Operator, ...] = ("", ">", ">=", "<", "<=")
    found = next(each for each in known if each == operator)
    if found and name in {"status", "has", "is"}:
        raise InputError("This cannot be compared.", where=f"{name}:{operator}", hint=f"Write {_EXAMPLES[name]}.")
    return found or _ALONE.get(name, "")


def _value(name: str, text: str) -> Value:
    if name in CHOICES:
        return text.lower() if text.lower() in CHOICES[name] else _unknown("value", text, CHOICES[name], f"{name}:")
    return _read(name, text, _number if name in NUMBERS else _date)


def _read(name: str, text: str, read: Callable[[str], Value]) -> Value:
    try:
        return read(text)
    except (ValueError, OverflowError):
        hint = f"For instance {_EXAMPLES[name]}."
        what = "This is no number." if name in NUMBERS else "This is no date."
        raise InputError(what, where=f"{name}:{_cut(text)}", hint=hint) from None


def _number(text: str) -> float:
    units = {"k": 1e3, "m": 1e6, "g": 1e9}
    plain, unit = (text[:-1], units[text[-1].lower()]) if text[-1:].lower() in units else (text, 1)
    number = float(plain.replace(",", "")) * unit
    if not abs(number) < 1e18:
        raise ValueError(text)
    return number


def _date(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _sort(value: str) -> Sort:
    name = value.removeprefix("-").lower()
    if name not in SORTS:
        _unknown("order", name, SORTS, "sort:")
    return Sort(name, value.startswith("-"))


def _unknown(kind: str, word: str, known: tuple[str, ...], where: str) -> NoReturn:
    near = get_close_matches(word.lower(), known, n=1, cutoff=0.5)
    meant = f"Did you mean {near[0]}? " if near else ""
    raise InputError(
        f"There is no {kind} {_cut(word)!r}.", where=_cut(where), hint=f"{meant}Known: {', '.join(known)}."
    )


def _written(value: Value) -> str:
    if isinstance(value, datetime):
        whole = value == value.replace(hour=0, minute=0, second=0, microsecond=0)
        return f"{value:%Y-%m-%d}" if whole else f"{value:%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, float):
        return f"{value:.0f}" if value == round(value) and abs(value) < 1e15 else repr(value)
    return value if _PLAIN.fullmatch(value) else '"' + value.replace('"', " ") + '"'


def _cut(text: str) -> str:
    return printable(text if len(text) <= 40 else f"{text[:40]}…")


_EXAMPLES = {
    "severity": "severity:high",
    "status": "status:open",
    "has": "has:appeal",
    "is": "is:current",
    "bits": "bits:>20",
    "accounts": "accounts:>=100",
    "requests": "requests:>10k",
    "tokens": "tokens:>1e6",
    "since": "since:2026-11-01",
    "until": "until:2026-11-30",
    "crossed": "crossed:>=2026-11-01",
    "last": "last:2026-11-01",
    "family": "family:text",
    "assignee": "assignee:ana",
    "id": "id:c-3f",
    "account": "account:acct-17",
    "sort": "sort:-tokens",
}
