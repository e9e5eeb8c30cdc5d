from stillwatch.exchange.model import Query


def test_what_is_added_is_read(store, place, principal_of, new_record):
    new = [new_record() for _ in range(3)]
    added = store.add("forum", "ana", lambda _: (new, []))
    page = store.read(principal_of("ben"), place, Query())
    assert page.records == tuple(added)
    assert not page.more
    assert [each.body for each in page.records] == [each.body for each in new]
