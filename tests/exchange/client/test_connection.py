import base64
import http.server
import ipaddress
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from stillwatch.errors import ConfigError, ExchangeError, TrustError
from stillwatch.exchange.client.connection import Access, connect

SECRET = "s3cret-of-the-member"  # noqa: S105


@pytest.fixture
def opened():
    """Opens connections, and remembers how long they would have waited."""
    clients = []

    def open_one(url, scheme="basic", **more):
        waits = []
        client = connect(Access(url, scheme, "acme", SECRET, **more), sleep=waits.append)
        clients.append(client)
        return client, waits

    yield open_one
    for client in clients:
        client.close()


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("http://exchange.example/taxii2/", {}),
        ("ftp://exchange.example/", {}),
        ("exchange.example", {}),
        ("https://acme:x@exchange.example/", {}),
        ("https://exchange.example/", {"token_url": "http://idp.example/token"}),
        ("https://exchange.example/", {"secret": None}),
        ("https://exchange.example/", {"member": None}),
        ("https://exchange.example/", {"scheme": "mtls"}),
    ],
)
def test_what_would_show_a_secret_or_lacks_one_is_refused(url, more):
    given = {"scheme": "basic", "member": "acme", "secret": SECRET} | more
    with pytest.raises(ConfigError) as refused:
        Access(url, **given)
    assert SECRET not in str(refused.value)


def test_a_secret_is_in_no_representation():
    assert SECRET not in repr(Access("https://exchange.example/", "basic", "acme", SECRET))


def test_basic_token_and_agent(scripted, opened):
    server = scripted(lambda *_: (200, {}, {}))
    opened(server.url)[0].get(server.url)
    opened(server.url, "token")[0].get(server.url)
    basic, token = (headers for _, _, headers, _ in server.asked)
    assert base64.b64decode(basic["Authorization"].split()[1]) == f"acme:{SECRET}".encode()
    assert token["Authorization"] == f"Bearer {SECRET}"
    assert basic["User-Agent"].startswith("stillwatch/")


def test_oauth_gets_a_token_and_another_when_it_has_run_out(scripted, opened):
    valid = []

    def answer(_method, path, _query):
        if path == "/oauth/token":
            valid.append(f"t{len(valid)}")
            return 200, {"access_token": valid[-1], "token_type": "Bearer"}, {}
        current = server.asked[-1][2]["Authorization"] == f"Bearer {valid[-1]}"
        return (200 if current else 401), {}, {}

    server = scripted(answer)
    client, _ = opened(server.url, "oauth")
    assert client.get(server.url).status_code == 200
    assert client.get(server.url).status_code == 200
    assert len(valid) == 1
    valid.append("elsewhere")
    assert client.get(server.url).status_code == 200
    method, path, headers, body = server.asked[0]
    assert (method, path, body) == ("POST", "/oauth/token", b"grant_type=client_credentials")
    assert base64.b64decode(headers["Authorization"].split()[1]) == f"acme:{SECRET}".encode()


@pytest.mark.parametrize(
    ("given", "error"),
    [((401, {}, {}), TrustError), ((200, b"<html>", {}), ExchangeError), ((200, [1], {}), ExchangeError)],
)
def test_oauth_without_a_token_says_so_and_shows_no_secret(scripted, opened, given, error):
    server = scripted(lambda *_: given)
    with pytest.raises(error) as refused:
        opened(server.url, "oauth")[0].get(server.url)
    assert SECRET not in str(refused.value)
    assert all(path == "/oauth/token" for _, path, _, _ in server.asked)


def test_what_passes_is_tried_again_and_retry_after_is_kept_to(scripted, opened):
    answers = [(503, {}, {}), (429, {}, {"Retry-After": "7"}), (0, b"", {}), (200, {"at": "last"}, {})]
    server = scripted(lambda *_: answers[len(server.asked) - 1])
    client, waits = opened(server.url)
    assert client.get(server.url).json() == {"at": "last"}
    assert len(waits) == 3
    assert waits[1] == 7
    assert 0 < waits[0] < waits[2]


def test_nobody_waits_for_ever(scripted, opened):
    server = scripted(lambda *_: (503, {}, {}))
    with pytest.raises(ExchangeError, match="503") as failed:
        opened(server.url, attempts=3)[0].get(server.url)
    assert failed.value.exit_code == 3
    assert len(server.asked) == 3
    patient = scripted(lambda *_: (429, {}, {"Retry-After": "86400"}))
    with pytest.raises(ExchangeError, match="86400"):
        opened(patient.url)[0].get(patient.url)
    assert len(patient.asked) == 1


def test_an_absent_server_is_an_exchange_error(opened):
    with pytest.raises(ExchangeError, match="cannot be reached"):
        opened("http://127.0.0.1:9/", attempts=2)[0].get("http://127.0.0.1:9/taxii2/")


def test_no_credentials_go_to_another_host(scripted, opened):
    other = scripted(lambda *_: (200, {}, {}))
    server = scripted(lambda *_: (302, {}, {"Location": other.url}))
    client, _ = opened(server.url)
    with pytest.raises(ExchangeError, match="redirects"):
        client.get(server.url)
    with pytest.raises(ExchangeError, match="another host"):
        client.get(other.url)
    assert other.asked == []


def test_a_redirect_at_home_is_followed_for_reading_only(scripted, opened):
    server = scripted(
        lambda _m, path, _q: (200, {}, {}) if path.endswith("/there/") else (301, {}, {"Location": "there/"})
    )
    client, _ = opened(server.url)
    assert client.get(server.url).status_code == 200
    with pytest.raises(ExchangeError, match="redirects"):
        client.post(server.url, content=b"{}")


def test_redirects_in_a_circle_end(scripted, opened):
    server = scripted(lambda *_: (307, {}, {"Location": "/forum/"}))
    with pytest.raises(ExchangeError, match="redirects"):
        opened(server.url)[0].get(server.url)
    assert len(server.asked) < 10


def test_too_large_and_compressed_answers_are_not_taken(scripted, opened, monkeypatch):
    monkeypatch.setattr("stillwatch.exchange.client.connection.LARGEST", 1000)
    large = scripted(lambda *_: (200, b"x" * 1001, {}))
    with pytest.raises(ExchangeError, match="larger"):
        opened(large.url)[0].get(large.url)
    bomb = scripted(lambda *_: (200, b"x", {"Content-Encoding": "gzip"}))
    with pytest.raises(ExchangeError, match="compressed"):
        opened(bomb.url)[0].get(bomb.url)


@pytest.fixture
def tls(tmp_path):
    """A server with a certificate of its own authority, which asks for one of the client's."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "exchange.example")])
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, key_pem = tmp_path / "ca.pem", tmp_path / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(str(bool(self.connection.getpeercert())).encode())

        def log_message(self, *args):
            pass

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *args):
            pass

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=pem)
    context.load_cert_chain(pem, key_pem)
    context.verify_mode = ssl.CERT_OPTIONAL
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}/", pem, key_pem
    server.shutdown()
    server.server_close()


def test_tls_is_verified_against_the_systems_or_the_named_authority(tls, opened):
    url, ca, _ = tls
    with pytest.raises(TrustError, match="certificate"):
        opened(url)[0].get(url)
    assert opened(url, ca_file=ca)[0].get(url).text == "False"


def test_a_client_certificate_is_shown(tls, opened):
    url, ca, key = tls
    more = {"ca_file": ca, "certificate_file": ca, "certificate_key_file": key}
    assert opened(url, "mtls", **more)[0].get(url).text == "True"


def test_a_certificate_that_is_none_is_a_setting_that_is_wrong(tmp_path, opened):
    (tmp_path / "ca.pem").write_text("nothing")
    for path in (tmp_path / "ca.pem", tmp_path / "absent.pem"):
        with pytest.raises(ConfigError, match=path.name):
            opened("https://127.0.0.1:9/", ca_file=path)
