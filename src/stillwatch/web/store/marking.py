"""How many sightings, decisions and appeals each case has, as it is counted where those are kept.

mark(store, "decisions", Counter(each.campaign for each in ledger.standing(now)))
"""

from collections import Counter
from collections.abc import Mapping
from typing import Literal

from sqlalchemy import bindparam, select, update

from stillwatch.response.ledger.entries import findable
from stillwatch.web.store.reading import pieces
from stillwatch.web.store.store import Store
from stillwatch.web.store.tables import cases, names

Kind = Literal["sightings", "decisions", "appeals"]


def mark(store: Store, kind: Kind, counts: Mapping[str, int]) -> int:
    """Puts a count on each case, by any id that it ever had; all others have none.

    Returns:
        How many cases have another count than before.
    """
    column = cases.c[kind]
    with store.writing() as connection:
        found: Counter[int] = Counter()
        wanted = {findable(name): number for name, number in counts.items()}
        for piece in pieces(list(wanted)):
            for row in connection.execute(select(names.c.id, names.c.case).where(names.c.id.in_(piece))):
                found[row.case] += wanted[row.id]
        marked = connection.execute(select(cases.c.number, column.label("marks")).where(column > 0))
        before: dict[int, int] = {row.number: row.marks for row in marked}
        changed = {n: found[n] for n in before.keys() | found.keys() if found[n] != before.get(n, 0)}
        if changed:
            statement = update(cases).where(cases.c.number == bindparam("which")).values({kind: bindparam("count")})
            connection.execute(statement, [{"which": n, "count": count} for n, count in changed.items()])
    return len(changed)
