import json
import sqlite3
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from stillwatch.cli.exchange import command
from stillwatch.exchange.credentials import Credentials
from stillwatch.exchange.model import Level, NewRecord, Query, Right
from stillwatch.exchange.store.store import Store
from stillwatch.signing import SigningKey


@pytest.fixture(autouse=True)
def _no_database(monkeypatch):
    monkeypatch.delenv("STILLWATCH_DB", raising=False)


@pytest.fixture
def forum(run, monkeypatch):
    """A forum with two roots, named by the environment."""
    assert run("exchange", "init", "--db", "forum.sqlite").code == 0
    monkeypatch.setenv("STILLWATCH_DB", "forum.sqlite")
    for name in ("forum", "other"):
        assert run("exchange", "root", "add", name, "--title", name.title()).code == 0
        assert run("exchange", "collection", "add", name, "Findings", "--alias", "findings").code == 0
    return run


@pytest.fixture
def opened(forum):  # noqa: ARG001 — makes it
    store = Store.open("forum.sqlite")
    yield store
    store.close()


def test_init_makes_a_database_and_a_key_that_only_their_owner_reads(run):
    ran = run("exchange", "init", "--db", "forum.sqlite", "--title", "The forum")
    assert (ran.code, ran.out) == (0, "")
    key = SigningKey.load(Path("forum.pem"))
    here = Path.cwd()
    assert ran.err.splitlines() == [
        f"made {here / 'forum.sqlite'}",
        "made forum.pem" if "made forum.pem" in ran.err else f"made {here / 'forum.pem'}",
        f"The exchange's key is {key.key_id}. Back it up: members know the exchange by it.",
    ]
    assert {stat.S_IMODE(Path(name).stat().st_mode) for name in ("forum.sqlite", "forum.pem")} == {0o600}
    store = Store.open("forum.sqlite")
    assert store.get_document("", "exchange") == {"title": "The forum"}
    store.close()


def test_init_again_keeps_both(run):
    first = json.loads(run("exchange", "init", "--db", "forum.sqlite", "--json").out)
    again = json.loads(run("exchange", "init", "--db", "forum.sqlite", "--json").out)
    assert len(first.pop("made")) == 2
    assert again.pop("made") == []
    assert first == again


def test_init_does_nothing_where_the_key_is_none(run):
    Path("forum.pem").write_text("no key")
    Path("forum.pem").chmod(0o600)
    ran = run("exchange", "init", "--db", "forum.sqlite")
    assert ran.code == 2
    assert "holds no signing key" in ran.err
    assert not Path("forum.sqlite").exists()


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("init", "--db", "postgresql://nobody@localhost:9/none"), 3, "The database failed"),
        (("init", "--db", "gone/forum.sqlite"), 1, "the folder does not exist"),
        (("init", "--db", "mysql://x/y"), 2, "no database that stillwatch knows"),
        (("init", "--db", "sqlite://"), 2, "needs a file"),
        (("init",), 2, "--db: Which database is meant is not said."),
        (("show", "--db", "gone.sqlite"), 2, "There is no exchange here. `stillwatch exchange init --db"),
        (("root", "add", "x", "--title", "t", "--db", "text"), 3, "The database failed (file is not a database)"),
        (("load", "gone.jsonl", "--db", "gone.sqlite"), 2, "There is no exchange here."),
    ],
)
def test_what_cannot_be_opened_is_one_line(run, args, code, says):
    Path("text").write_text("This is no database, whatever its name may be. " * 100)
    ran = run("exchange", *args)
    assert (ran.code, ran.out) == (code, "")
    assert says in ran.err
    assert ran.err.count("\n") == 1
    assert not Path("gone.sqlite").exists()


def test_another_programs_database_is_left_alone(run):
    with sqlite3.connect("theirs.sqlite") as theirs:
        theirs.execute("CREATE TABLE t (x)")
    theirs.close()
    ran = run("exchange", "init", "--db", "theirs.sqlite")
    assert ran.code == 2
    assert "another program's database" in ran.err


def test_the_database_is_named_by_option_variable_or_settings(run, monkeypatch):
    run("exchange", "init", "--db", "forum.sqlite")
    Path("stillwatch.toml").write_text('[server]\ndb = "forum.sqlite"\n')
    assert run("exchange", "show").code == 0
    monkeypatch.setenv("STILLWATCH_DB", "gone.sqlite")
    assert "gone.sqlite" in run("exchange", "show").err
    assert run("exchange", "show", "--db", "forum.sqlite").code == 0


def test_roots_and_collections(forum):
    ran = forum(
        "exchange", "root", "add", "pair", "--title", "Two", "--allow-list", "--max-content-length", 1000, "--json"
    )
    assert json.loads(ran.out) == {
        "name": "pair",
        "title": "Two",
        "description": None,
        "max_content_length": 1000,
        "allow_list": True,
    }
    name = "7b6f6c5e-4a11-4f5c-9a34-5f2b0f9d7a10"
    ran = forum("exchange", "collection", "add", "pair", "Red", "--id", name, "--description", "Named actors")
    assert ran.out == f"{name}\n"
    shown = json.loads(forum("exchange", "show", "--json").out)
    assert [each["name"] for each in shown] == ["forum", "other", "pair"]
    assert [each["title"] for each in shown[2]["collections"]] == ["Retractions", "Red"]
    assert name in forum("exchange", "show").out


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("root", "add", "forum", "--title", "t"), "forum: There is a root of this name already."),
        (("root", "add", "taxii2", "--title", "t"), "taxii2: A root cannot have this name."),
        (("root", "add", "A/b", "--title", "t"), "A/b: A root cannot have this name."),
        (("collection", "add", "gone", "t"), "gone: There is no root of this name."),
        (("collection", "add", "forum", "t", "--alias", "findings"), "forum/findings: There is a collection of this"),
        (("collection", "add", "forum", "t", "--alias", "A b"), "A b: A collection cannot have this alias."),
        (("collection", "add", "forum", "t", "--id", "1"), "1: The id of a collection is a UUID of version 4."),
        (("member", "add", "a", "--read", "gone"), "gone: There is no such collection."),
        (("member", "add", "a", "--read", "gone/findings"), "gone/findings: There is no such collection."),
        (
            ("member", "add", "a", "--read", "findings"),
            "findings: Several roots have such a collection. Say which: forum/findings",
        ),
        (("member", "add", "a:b"), "a:b: A member cannot have this name."),
        (("member", "add", "a", "--auth", "mtls"), "--auth mtls and --certificate belong together."),
        (("member", "add", "a", "--certificate", "x"), "--auth mtls and --certificate belong together."),
        (("member", "add", "a", "--public-key", "gone"), "gone: The public key cannot be read"),
        (("member", "add", "a", "--public-key", "text"), "text: This is no Ed25519 public key. `openssl pkey"),
        (("member", "add", "a", "--auth", "mtls", "--certificate", "text"), "text: This is no certificate in PEM."),
        (("member", "add", "a", "--identity", "Acme"), "Acme: This is no STIX identity."),
        (("member", "suspend", "gone"), "gone: There is no member of this name."),
        (("member", "rotate", "gone"), "gone: There is no member of this name."),
        (("member", "grant", "gone", "--read", "forum/findings"), "gone: There is no member of this name."),
        (("member", "grant", "gone"), "Which collections are meant is not said."),
    ],
)
def test_what_cannot_be_is_one_line_and_changes_nothing(forum, args, says):
    Path("text").write_text("text")
    before = forum("exchange", "dump", "--with-secrets").out.splitlines()[1:]
    ran = forum("exchange", *args)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"stillwatch: {says}")
    assert ran.err.count("\n") == 1
    assert forum("exchange", "dump", "--with-secrets").out.splitlines()[1:] == before


def test_a_member_is_added_and_its_secret_shown_once(forum, opened):
    ran = forum("exchange", "member", "add", "acme", "--read", "forum/findings", "--write", "forum/findings")
    secret = ran.out.strip()
    member = opened.member("acme")
    assert ran.err == f"added acme as {member.identity}; its secret, shown this once:\n"
    assert (member.auth, member.quarantined, member.suspended) == ("oauth", True, False)
    place = opened.collection("forum", "findings")
    retractions = opened.collection("forum", "retractions")
    assert Credentials(opened).check("acme", secret).rights == {
        place.id: Right(read=True, write=True),
        retractions.id: Right(read=True, write=False),
    }
    for verb in (("list",), ("list", "--json"), ("admit", "acme", "--json")):
        assert secret not in forum("exchange", "member", *verb).out
    assert secret.encode() not in Path("forum.sqlite").read_bytes()


def test_rights_are_given_by_collection(forum, opened):
    ran = forum(
        *("exchange", "member", "add", "tip", "--root", "other", "--read", "findings"),
        *(
            "--write",
            opened.collection("forum", "findings").id,
            "--level",
            "red",
            "--auth",
            "basic",
            "--admitted",
            "--json",
        ),
    )
    document = json.loads(ran.out)
    assert Credentials(opened).check("tip", document.pop("secret"))
    assert not document["quarantined"]
    assert [(each["place"], each["read"], each["write"], each["level"]) for each in document["rights"]] == [
        ("forum/findings", False, True, "red"),
        ("forum/retractions", True, False, "amber+strict"),
        ("other/findings", True, False, "red"),
        ("other/retractions", True, False, "amber+strict"),
    ]
    forum(
        "exchange", "member", "grant", "tip", "--none", "other/findings", "--read", "forum/findings", "--level", "green"
    )
    rights = {name: right for name, right in opened.rights("tip").items() if right.level != Level.AMBER_STRICT}
    assert rights == {opened.collection("forum", "findings").id: Right(read=True, write=False, level=Level.GREEN)}


def test_suspend_resume_rotate_and_admit(forum, opened):
    first = forum("exchange", "member", "add", "acme").out.strip()
    credentials = Credentials(opened)
    assert credentials.check("acme", first)
    assert json.loads(forum("exchange", "member", "suspend", "acme", "--json").out)["suspended"]
    assert credentials.check("acme", first) is None
    assert forum("exchange", "member", "resume", "acme").err == "resumed acme\n"
    assert credentials.check("acme", first)
    second = forum("exchange", "member", "rotate", "acme").out.strip()
    assert credentials.check("acme", first) is None
    assert credentials.check("acme", second)
    assert not json.loads(forum("exchange", "member", "admit", "acme", "--json").out)["quarantined"]
    assert "admitted" in forum("exchange", "member", "list").out
    assert json.loads(forum("exchange", "member", "admit", "acme", "--quarantine", "--json").out)["quarantined"]


def certificate():
    key, now = Ed25519PrivateKey.generate(), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bank")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now).not_valid_after(now + timedelta(1))
    return made.sign(key, None)


def test_a_member_with_a_certificate(forum, opened):
    first, second = certificate(), certificate()
    Path("first.pem").write_bytes(first.public_bytes(Encoding.PEM))
    Path("second.pem").write_bytes(second.public_bytes(Encoding.PEM))
    ran = forum("exchange", "member", "add", "bank", "--auth", "mtls", "--certificate", "first.pem")
    assert (ran.code, ran.out) == (0, "")
    assert opened.member_by_fingerprint(first.fingerprint(hashes.SHA256()).hex()).name == "bank"
    assert "has a certificate, not a secret" in forum("exchange", "member", "rotate", "bank").err
    assert forum("exchange", "member", "rotate", "bank", "--certificate", "second.pem").code == 0
    assert opened.member_by_fingerprint(first.fingerprint(hashes.SHA256()).hex()) is None
    assert opened.member_by_fingerprint(second.fingerprint(hashes.SHA256()).hex()).name == "bank"
    again = forum("exchange", "member", "add", "bank2", "--auth", "mtls", "--certificate", "second.pem")
    assert "There is a member with this fingerprint already" in again.err


def test_a_member_with_a_signing_key(forum, opened):
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    Path("acme.pub").write_bytes(pem)
    Path("acme.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    refused = forum("exchange", "member", "add", "acme", "--public-key", "acme.pem")
    assert "no Ed25519 public key" in refused.err
    assert forum("exchange", "member", "add", "acme", "--public-key", "acme.pub").code == 0
    assert opened.member("acme").public_key == public
    weak = Path("weak")
    weak.write_text("A" * 43 + "=")  # the point of order two: its signatures hold for anything
    assert forum("exchange", "member", "rotate", "acme", "--public-key", "weak").code == 2
    assert opened.member("acme").public_key == public


def test_dump_and_load(forum, opened):
    forum("exchange", "member", "add", "acme", "--read", "forum/findings", "--write", "forum/findings")
    place = opened.collection("forum", "findings")
    body = b'{"type":"note","id":"note--1","spec_version":"2.1"}'
    new = NewRecord(place.id, "note--1", "2026-01-01T00:00:00Z", "note", "2.1", Level.AMBER, "acme", place.id, body)
    opened.add("forum", "acme", lambda _: ([new], []))
    ran = forum("exchange", "dump", "-o", "dump.jsonl", "--with-secrets")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "root 2, collection 4, member 1, object 1\n"
    assert stat.S_IMODE(Path("dump.jsonl").stat().st_mode) == 0o600
    forum("exchange", "init", "--db", "restored.sqlite", "--key", "forum.pem")
    counts = json.loads(forum("exchange", "load", "dump.jsonl", "--db", "restored.sqlite", "--json").out)
    assert (counts["object"], counts["member"]) == (1, 1)
    restored = Store.open("restored.sqlite")
    acme = opened.principal("acme")
    assert restored.principal("acme") == acme
    assert restored.read(acme, place, Query()) == opened.read(acme, place, Query())
    assert restored.secret_hash("acme") == opened.secret_hash("acme")
    restored.close()
    again = json.loads(forum("exchange", "load", "dump.jsonl", "--db", "restored.sqlite", "--json").out)
    assert (again["object"], again.get("member", 0)) == (0, 0)


def test_a_dump_without_secrets_holds_no_hash(forum):
    forum("exchange", "member", "add", "acme")
    out = forum("exchange", "dump").out
    assert "argon2id" not in out
    assert {json.loads(line)["kind"] for line in out.splitlines()} == {"exchange", "root", "collection", "member"}


def test_a_dump_that_cannot_be_loaded_names_its_line(forum):
    Path("bad.jsonl").write_text('{"kind":"root","name":"new","title":"t"}\n{"kind":"root"}\n')
    ran = forum("exchange", "load", "bad.jsonl")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("stillwatch: line 2: This is no line of a dump")
    assert "new" not in forum("exchange", "show").out


@pytest.mark.slow
def test_every_verb_has_an_example_and_runs_in_a_process_of_its_own(start):
    def verbs(group, path):
        context = click.Context(group)
        for name in group.list_commands(context):
            found = group.get_command(context, name)
            yield [*path, name], found
            if isinstance(found, click.Group):
                yield from verbs(found, [*path, name])

    found = list(verbs(command, ["exchange"]))
    assert len(found) > 15
    for path, each in found:
        if not isinstance(each, click.Group):
            assert "Example:" in each.help, path
    assert start("exchange", "init", "--db", "forum.sqlite").code == 0
    secret = start("exchange", "member", "add", "acme", "--db", "forum.sqlite").out
    assert secret.startswith("stillwatch_")
