"""TLS, client certificates, and what is no HTTP."""

import hashlib
import ipaddress
import json
import socket
import ssl
import uuid
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from taxii2client.v21 import Server

from stillwatch.errors import ConfigError
from stillwatch.exchange.model import Member, Right
from stillwatch.exchange.server.connection import LONGEST_HEAD, context

TAXII = "application/taxii+json;version=2.1"


class Authority:
    """Gives certificates, and keeps them with their keys as files."""

    def __init__(self, folder):
        self.folder, self.name = folder, x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"ca {uuid.uuid4()}")])
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.path = self._keep("ca", self._made(self.name, self.key.public_key(), ca=True), self.key)

    def give(self, name):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        return self._keep(name, self._made(subject, key.public_key(), ca=False), key)

    def _made(self, subject, public, *, ca):
        now = datetime.now(UTC)
        local = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        known = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        usage = x509.KeyUsage(*(each in {0, 5} for each in range(9)))
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(local, critical=False)
            .add_extension(known, critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(usage, critical=True)
            .sign(self.key, hashes.SHA256())
        )

    def _keep(self, name, certificate, key):
        path = self.folder / f"{name}.pem"
        path.write_bytes(certificate.public_bytes(Encoding.PEM))
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.with_suffix(".key").write_bytes(pem)
        path.with_suffix(".sha256").write_text(hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest())
        return path


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def secured(forum_of, authority):
    """A server with TLS that takes client certificates; the member mia has one."""
    certificate = authority.give("server")
    forum = forum_of(tls=context(certificate, certificate.with_suffix(".key"), authority.path))
    mine = authority.give("mia")
    member = Member("mia", f"identity--{uuid.uuid4()}", "mtls", fingerprint=mine.with_suffix(".sha256").read_text())
    forum.exchange.store.add_member(member, None, {forum.collection: Right(read=True, write=True)})
    return forum


def client(authority, certificate=None, **options):
    trusting = ssl.create_default_context(cafile=str(authority.path))
    if certificate:
        trusting.load_cert_chain(certificate, certificate.with_suffix(".key"))
    for name, value in options.items():
        setattr(trusting, name, value)
    return httpx2.Client(verify=trusting, headers={"Accept": TAXII}, timeout=10)


def test_a_certificate_is_a_member(secured, authority):
    with client(authority, authority.folder / "mia.pem") as http:
        assert http.get(f"{secured.url}/taxii2/").json()["api_roots"] == [f"{secured.url}/alliance/"]
        secured.exchange.store.suspend("mia")
        assert http.get(f"{secured.url}/taxii2/").status_code == 401


def test_another_certificate_of_the_same_authority_and_name_is_nobody(secured, authority):
    with client(authority, authority.give("mia")) as http:
        assert http.get(f"{secured.url}/taxii2/").status_code == 401


def test_a_certificate_of_another_authority_ends_the_handshake(secured, authority, tmp_path):
    (tmp_path / "other").mkdir()
    foreign = Authority(tmp_path / "other").give("mia")
    with (
        client(authority, foreign) as http,
        pytest.raises((httpx2.ConnectError, httpx2.ReadError, httpx2.RemoteProtocolError)),
    ):
        http.get(f"{secured.url}/taxii2/")


def test_without_a_certificate_others_come_in_as_ever(secured, authority):
    with client(authority) as http:
        assert http.get(f"{secured.url}/taxii2/").status_code == 401
        assert http.get(f"{secured.url}/taxii2/", auth=("ana", secured.secrets["ana"])).status_code == 200


def test_a_header_goes_before_the_certificate(secured, authority):
    with client(authority, authority.folder / "mia.pem") as http:
        assert http.get(f"{secured.url}/taxii2/", auth=("ana", "wrong")).status_code == 401


def test_a_member_of_another_way_is_not_let_in_by_a_certificate(secured, authority):
    mine = authority.give("ana")
    secured.exchange.store.rotate("ana", fingerprint=mine.with_suffix(".sha256").read_text())
    with client(authority, mine) as http:
        assert http.get(f"{secured.url}/taxii2/").status_code == 401


def test_taxii2_client_comes_by_certificate(secured, authority, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)  # goes before what the client is told
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    mine = authority.folder / "mia.pem"
    files = (str(mine), str(mine.with_suffix(".key")))
    with Server(f"{secured.url}/taxii2/", cert=files, verify=str(authority.path)) as server:
        assert [root.title for root in server.api_roots] == ["The alliance"]
        server.default.close()


def test_the_old_versions_of_tls_are_not_spoken(secured, authority):
    with client(authority, minimum_version=ssl.TLSVersion.TLSv1_2, maximum_version=ssl.TLSVersion.TLSv1_2) as http:
        assert http.get(f"{secured.url}/healthz").status_code == 200
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(authority.path)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", secured.server.port)) as raw, pytest.raises(ssl.SSLError):
        old.wrap_socket(raw, server_hostname="127.0.0.1")


def test_weak_ciphers_are_not_spoken(secured, authority):
    weak = ssl.create_default_context(cafile=str(authority.path))
    weak.maximum_version = ssl.TLSVersion.TLSv1_2
    weak.set_ciphers("AES128-SHA:AES256-SHA256:ECDHE-ECDSA-AES128-SHA")
    with socket.create_connection(("127.0.0.1", secured.server.port)) as raw, pytest.raises(ssl.SSLError):
        weak.wrap_socket(raw, server_hostname="127.0.0.1")


def test_a_certificate_and_a_key_that_do_not_fit_are_told(authority):
    one, other = authority.give("one"), authority.give("other")
    with pytest.raises(ConfigError, match="TLS cannot be set up"):
        context(one, other.with_suffix(".key"), None)
    with pytest.raises(ConfigError, match=r"absent\.pem"):
        context(one, one.with_suffix(".key"), authority.folder / "absent.pem")


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"GET /taxii2/ HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"GET /taxii2/ HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /" + b"a" * LONGEST_HEAD + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * LONGEST_HEAD + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * (LONGEST_HEAD // 2) + b"\r\n",
    ],
    ids=["nonsense", "bad length", "bad header", "TLS", "long path", "long header", "many headers"],
)
def test_what_is_no_http_is_answered_as_taxii(forum, raw):
    with socket.create_connection(("127.0.0.1", forum.server.port), timeout=10) as connection:
        connection.sendall(raw)
        answer = b""
        while chunk := _received(connection):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert f"content-type: {TAXII}".encode() in head
    assert json.loads(body)["http_status"] == "400"
    assert forum.get("/taxii2/").status_code == 200


def _received(connection):
    try:
        return connection.recv(65536)
    except ConnectionResetError:  # it does not read to the end of what is too long
        return b""
