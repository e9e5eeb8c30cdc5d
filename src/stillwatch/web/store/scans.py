"""What was taken in last, and which cases fit what other members said.

found = newest(store)                   # None: nothing was taken in yet
found.inputs.notes, found.load.busiest
fitting(store, ["indicator--…"])        # by indicator, the ids of the cases
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from sqlalchemy import select

from stillwatch.reports.document import Inputs
from stillwatch.reports.impact.document import Load
from stillwatch.response.ledger.entries import findable
from stillwatch.web.store.model import Scan
from stillwatch.web.store.reading import newest_scan, pieces
from stillwatch.web.store.store import Store
from stillwatch.web.store.tables import cases, imports, indicators


def newest(store: Store) -> Scan | None:
    """The document that was taken in last."""
    with store.reading() as connection:
        row = connection.execute(select(imports).where(imports.c.number == newest_scan(connection))).one_or_none()
    if row is None:
        return None
    return Scan(
        number=row.number,
        at=row.at,
        start=row.start,
        end=row.end,
        campaigns=row.campaigns,
        inputs=Inputs.model_validate_json(row.inputs),
        load=Load.model_validate_json(row.load),
        generator=row.generator,
    )


def fitted(store: Store) -> AbstractSet[str]:
    """The ids of all indicators that fit a case."""
    with store.reading() as connection:
        return frozenset(connection.scalars(select(indicators.c.id).distinct()))


def fitting(store: Store, ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """The cases that fit indicators of other members, as the newest scan of each case says.

    Args:
        store: where.
        ids: of the indicators.

    Returns:
        By indicator, the ids of the cases as which they are shown; nothing for those that fit none.
    """
    shown = cases.alias("shown")
    query = (
        select(indicators.c.id, shown.c.id.label("case"))
        .join(cases, cases.c.number == indicators.c.case)
        .join(shown, shown.c.number == cases.c.root)
        .order_by(shown.c.number)
    )
    found: dict[str, dict[str, None]] = {}
    with store.reading() as connection:
        for some in pieces([findable(each) for each in ids]):
            for row in connection.execute(query.where(indicators.c.id.in_(some))):
                found.setdefault(row.id, {})[row.case] = None
    return {id_: tuple(those) for id_, those in found.items()}
