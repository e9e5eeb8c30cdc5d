"""Walking through a collection to its end without loss and without an endless loop, whatever the server does.

Both ways of TAXII 2.1 (3.5) are walked: `next` with the original query, and where a server says `more` without `next`,
`added_after` with the date of the last object. What servers are known to do, and what happens here:

- `next` is memory of the server and spent once answered, or unknown after a restart: the walk goes on from the last
  date that is surely covered.
- Many objects have one date: the date is stepped to, not over, and the page widened until it holds them all.
- The same page comes again and again: an error, not a loop.
- A page is too large or no JSON: it is asked for in smaller pieces, and an object that cannot be read even alone is
  left out with its reason (and with it, where the server gives no `next`, those that share its date).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from stillwatch.errors import ExchangeError, TrustError
from stillwatch.indicators.timestamps import text

_RESTARTS = 5  # in a row, without anything new
_EMPTY = 1000  # pages in a row with nothing on them
_WIDEST = 100_000  # objects of a page, where many have one date


@dataclass(frozen=True)
class Answer:
    """What a server gives for one page."""

    objects: tuple[object, ...]  # JSON values, not checked
    more: bool
    next: str | None
    last: int | None  # microseconds: when the last of the objects was added


@dataclass(frozen=True)
class Page:
    """Objects, and how far the walk has come with them."""

    objects: tuple[object, ...]
    covered: int | None  # microseconds: a later walk may begin after this; to be kept together with the objects
    since: int | None = None  # what was covered before it
    left_out: str | None = None  # why an object of this page could not even be read


class UndigestibleError(ExchangeError):
    """A page that cannot be read as a whole."""

    def __init__(self, what: str, *, last: int | None) -> None:
        super().__init__(what)
        self.last = last


def walk(
    ask: Callable[[Mapping[str, str]], Answer], *, after: int | None, overlap: int = 0, limit: int = 1000
) -> Iterator[Page]:
    """Walks through a collection; see `taxii.Taxii.pages`.

    Raises:
        ExchangeError: the server repeats itself, or does not say how to ask for what follows.
    """
    state = _Walk(after=after, covered=after, overlap=overlap, limit=limit, usual=limit)
    more = True
    while more:
        try:
            answer = ask(state.query())
        except UndigestibleError as error:
            if not state.smaller(error):
                yield state.stepped_over(error)
        except TrustError:
            raise
        except ExchangeError:
            if not state.restarted():
                raise
        else:
            more = answer.more
            yield state.take(answer)


@dataclass
class _Walk:
    """Where a walk is."""

    after: int | None  # what is asked as added_after
    covered: int | None
    overlap: int
    limit: int
    usual: int
    next: str | None = None
    reached: int | None = None  # the date of the last object that came
    trouble: int | None = None  # until after this date pages stay small
    seen: set[int] = field(default_factory=set)  # the pages since the last restart
    restarts: int = 0
    empty: int = 0
    widest: int = 0  # how many objects of one date a page has held

    def query(self) -> dict[str, str]:
        query = {"limit": str(self.limit), "match[version]": "all"}
        if self.after is not None:
            query["added_after"] = text(self.after)
        return query | ({"next": self.next} if self.next else {})

    def take(self, answer: Answer) -> Page:
        """Takes a page in, and sets what is asked next."""
        self._refuse_repetition(answer)
        since = self.covered
        self._reach(answer.last)
        if answer.more:
            self._onward(answer)
        if self.trouble is not None and (self.reached or 0) >= self.trouble:
            self.trouble = None
        if self.trouble is None and self.limit < self.usual:
            self.limit = min(self.usual, self.limit * 2)
        return Page(answer.objects, self.covered, since)

    def restarted(self) -> bool:
        """Goes on from the last date, where a `next` was refused or lost; False where that would be no use."""
        if self.next is None or self.restarts >= _RESTARTS:
            return False
        self.restarts += 1
        self._back()
        return True

    def smaller(self, error: UndigestibleError) -> bool:
        """Asks anew for fewer objects; False where it was only one."""
        if self.limit == 1:
            return False
        self.limit, self.trouble = max(1, self.limit // 10), error.last or 0
        self._back()
        return True

    def stepped_over(self, error: UndigestibleError) -> Page:
        """Leaves out the one object that cannot be read.

        Raises:
            UndigestibleError: the server does not say what comes after it.
        """
        if error.last is None or (self.after is not None and error.last <= self.after):
            raise error
        self.after, self.next, self.seen = error.last, None, set()
        since = self.covered
        self._reach(error.last)
        return Page((), self.covered, since, left_out=error.what)

    def _refuse_repetition(self, answer: Answer) -> None:
        page = hash(tuple(map(_identity, answer.objects)))
        self.empty = 0 if answer.objects else self.empty + 1
        if (self.next and answer.objects and page in self.seen) or self.empty > _EMPTY:
            hint = "The fault is the server's; what came until now is kept."
            raise ExchangeError("The exchange repeats the same page without an end.", hint=hint)
        self.seen.add(page)

    def _reach(self, last: int | None) -> None:
        """Before the date of the last object nothing is missing; at that date, and shortly before it, there may be."""
        if last is not None and (self.reached is None or last > self.reached):
            self.reached, self.restarts = last, 0
            self.covered = max(last - self.overlap, self.covered or 0)

    def _back(self) -> None:
        """Asks by date instead of `next`, from where objects may be missing."""
        self.next, self.seen = None, set()
        if self.reached is not None:
            self.after = max(self.reached - min(self.overlap, 1), self.after or 0)

    def _onward(self, answer: Answer) -> None:
        self.next = answer.next
        if answer.next:
            return
        if answer.last is None:
            raise ExchangeError("The exchange says that more follows, but not how to ask for it.")
        alone = self.limit == 1 and self.trouble is not None  # something near cannot be read: one date after the other
        step = answer.last - (0 if alone else min(self.overlap, 1))
        if self.after is None or step > self.after:
            self.after, self.widest = step, 0
        elif len(answer.objects) > self.widest and self.limit < _WIDEST:
            self.widest, self.limit = len(answer.objects), self.limit * 4
        else:
            raise ExchangeError("More objects have one date than the exchange gives at once, and it gives no `next`.")


def _identity(value: object) -> tuple[str, str]:
    """What tells an object of a page from another."""
    named = value if isinstance(value, dict) else {"id": value}
    return str(named.get("id")), str(named.get("modified"))
