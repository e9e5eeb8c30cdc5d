"""Scripts and styles: kept for a year under the digest of what they are."""

import gzip
import re

import pytest

from stillwatch.web.files import Files


@pytest.fixture
def client(serve):
    with serve({}) as running, running.client() as nobody:
        yield nobody


def test_what_a_page_names_is_there_for_a_year_and_packed(client):
    page = client.get("/sign-in").text
    addresses = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert len(addresses) >= 5
    for address in addresses:
        file = client.get(address)
        assert file.status_code == 200
        assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert (file.headers["content-encoding"], file.headers["vary"]) == ("gzip", "accept-encoding")
        assert client.get(address, headers={"accept-encoding": "identity"}).content == file.content


def test_an_address_of_another_version_gives_what_is_there_now_and_is_not_kept(client):
    file = client.get("/static/0123456789abcdef/style.css")
    assert file.status_code == 200
    assert file.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["absent.js", "__init__.py", "..%2fapp.py", "%2e%2e/app.py", "htmx.LICENSE.txt/"])
def test_nothing_else_is_served(client, name):
    assert client.get(f"/static/0/{name}").status_code == 404


def test_htmx_comes_with_its_licence(client):
    assert "Zero-Clause BSD" in client.get("/static/0/htmx.LICENSE.txt").text
    assert 'version:"4.0.1"' in client.get("/static/0/htmx.min.js").text.replace("this.version=", "version:")


@pytest.mark.slow
def test_vega_is_made_once_and_served():
    files = Files()
    vega = files._files["vega.js"]  # noqa: SLF001 — the server would give the same
    assert vega.address.startswith("/static/")
    assert gzip.decompress(vega.packed) == vega.content
    assert b"vegaEmbed" in vega.content
