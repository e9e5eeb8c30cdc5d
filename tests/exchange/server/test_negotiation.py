import pytest

from stillwatch.exchange.server.negotiation import MediaType, accepts, parse


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "application/taxii+json",
        "application/taxii+json;version=2.1",
        "application/taxii+json; version=2.1",
        ' application/taxii+json ; version = "2.1" ',
        "APPLICATION/Taxii+JSON;Version=2.1",
        "application/taxii+json;version=2.1,application/stix+json;version=2.1",
        "application/stix+json;version=2.1, application/taxii+json;version=2.1;q=0.1",
        "application/*",
        "*/*",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "application/taxii+json;version=2.0, application/taxii+json;version=2.1",
        "nonsense, application/taxii+json",
        'text/plain;a="b,c;d", application/taxii+json',
        "application/taxii+json;q=banana",
    ],
)
def test_whoever_takes_taxii_is_served(accept):
    assert accepts(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "application/json",
        "text/html",
        "application/taxii+json;version=2.0",
        "application/vnd.oasis.taxii+json; version=2.0",
        "application/taxii+json;q=0",
        "application/taxii+json;version=2.1;q=0, */*",
        "application/*;q=0",
        "text/*",
        "nonsense",
        "application/taxii+jsonx",
        ";;;,,,",
    ],
)
def test_whoever_takes_something_else_is_not(accept):
    assert not accepts(accept)


def test_parameters_are_read_with_quotes_and_without():
    assert parse('a/b; version="2\\.1" ;q=0.5') == MediaType("a/b", {"version": "2.1", "q": "0.5"})
    assert parse("a/b;version") is None
    assert parse("a") is None
    assert parse("") is None
