"""Words by which cases are found: of the shared texts, the evidence and the notes.

An inverted index in the database, the same in SQLite and PostgreSQL. A word is letters and digits, in lower case; of
scripts without spaces, a run of them is one word.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, insert, select

from stillwatch.reports.document import Campaign
from stillwatch.web.store.tables import words

MOST = 64  # words of a campaign; of a shared text, those that come first tell it apart
LONGEST = 40  # characters of a word
_READ = 5_000  # characters of a text
_WORD = re.compile(r"[^\W_]{2,}")


def words_in(text: str) -> Iterator[str]:
    """The words of a text, in order."""
    plain = unicodedata.normalize("NFKC", text[:_READ]).casefold()
    return (found[0][:LONGEST] for found in _WORD.finditer(plain))


def words_of(campaign: Campaign) -> tuple[str, ...]:
    """The words by which a campaign is found, each once."""
    texts: list[str] = [part.text for text in campaign.shared_text for part in text if not part.slot]
    about = [word for each in campaign.evidence for word in (each.family, each.name)]
    return tuple(dict.fromkeys(_first(MOST, [*about, *texts])))


def index(connection: Connection, number: int, found: Iterable[str]) -> None:
    """Adds words to a case; what it was found by before it is found by still."""
    known = set(connection.scalars(select(words.c.word).where(words.c.case == number)))
    if new := [word for word in dict.fromkeys(found) if word not in known]:
        connection.execute(insert(words), [{"word": word, "case": number} for word in new])


def share(connection: Connection, number: int, other: int) -> None:
    """Lets a case be found by the words of another, too."""
    index(connection, other, connection.scalars(select(words.c.word).where(words.c.case == number)).all())


def _first(most: int, texts: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for text in texts:
        for word in words_in(text):
            seen.add(word)
            yield word
            if len(seen) >= most:
                return
