"""Reading the store for the exchange's own sake: what members may all see of what was said, in order.

for record in records(store, auditor(rights), collection, Query(types=("indicator",))): ...
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from stillwatch.exchange.model import Collection, Member, Principal, Query, Record, Right
from stillwatch.exchange.store.store import Store


def auditor(rights: Mapping[str, Right]) -> Principal:
    """Somebody with these rights who has published nothing: nobody's private objects are his."""
    return Principal(Member(name="", identity="", auth="mtls"), rights)


def records(store: Store, reader: Principal, collection: Collection, query: Query) -> Iterator[Record]:
    """All records that a query finds, page by page, in the order of `date_added`."""
    more = True
    while more:
        page = store.read(reader, collection, query)
        yield from page.records
        more = page.more
        if more:
            query = replace(query, after=page.records[-1].date_added)
