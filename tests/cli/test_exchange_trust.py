import json
import uuid
from datetime import UTC, datetime

import pytest

from stillwatch.cli import exchange_trust
from stillwatch.cli.boundary import run as run_command
from stillwatch.exchange import intake
from stillwatch.exchange.model import Collection, Member, Right, Root
from stillwatch.exchange.store.store import Store, microseconds
from stillwatch.exchange.trust.register import register
from stillwatch.indicators import outgoing
from stillwatch.indicators.said import Said
from stillwatch.signing import SigningKey


@pytest.fixture
def forum(tmp_path, monkeypatch):
    """Two roots with three members in them, and a campaign in one."""
    store = Store.open(str(tmp_path / "forum.sqlite"), create=True)
    key = SigningKey.generate()
    key.save(tmp_path / "forum.pem")
    monkeypatch.setenv("STILLWATCH_DB", str(tmp_path / "forum.sqlite"))
    places = [Collection(str(uuid.uuid4()), name, "Findings", "findings") for name in ("forum", "other")]
    for each in places:
        store.add_root(Root(each.root, each.root.title()))
        store.add_collection(each)
    for name in ("ana", "ben", "keeper"):
        rights = {each.id: Right(read=True, write=True) for each in places}
        store.add_member(Member(name, f"identity--{uuid.uuid5(uuid.NAMESPACE_URL, name)}", "oauth"), None, rights)
    today = datetime.now(UTC)
    whole = Said(
        key=str(uuid.uuid4()),
        confidence=75,
        accounts="10-99",
        requests="1e4-1e5",
        first_seen=today.date(),
        last_seen=today.date(),
        families=("text",),
        techniques=(),
        key_epoch="2026Q4",
        vocabulary=tuple(f"{n:032x}" for n in range(9)),
    )
    objects = outgoing.objects(whole, contributor=store.member("ana").identity, now=today)
    posted = intake.examine(store.principal("ana"), store.root("forum"), places[0], objects, now=microseconds())
    store.add("forum", "ana", lambda each: intake.take_in(each, posted, key).parts)
    yield store
    store.close()


@pytest.fixture
def verb(capsys):
    """Runs a verb; gives its exit code, what it printed and what it told."""

    def run(command, *args):
        code = run_command(getattr(exchange_trust, command), list(args))
        return code, *capsys.readouterr()

    return run


def test_a_decoy_is_published_and_remembered(forum, verb):
    code, out, _ = verb("decoy", "add", "forum", "findings", "--as", "keeper", "--json")
    told = json.loads(out)
    assert code == 0
    assert register(forum, "forum").decoys == tuple(told["indicators"])
    code, out, err = verb("decoy", "add", "forum", "findings", "--as", "keeper", "--like", told["like"])
    assert (code, out) == (0, "")
    assert f"like {told['like']}: 1 indicators." in err
    assert len(register(forum, "forum").decoys) == 2


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("forum", "gone", "--as", "keeper"), 2, "There is no such collection"),
        (("gone", "findings", "--as", "keeper"), 2, "There is no such collection"),
        (("forum", "findings", "--as", "nobody"), 2, "There is no such member"),
        (("other", "findings", "--as", "keeper"), 3, "no campaign here that a decoy could follow"),
        (("forum", "findings", "--as", "keeper", "--like", "campaign--gone"), 3, "no campaign here"),
        (("forum", "findings", "--as", "keeper", "--key", "gone.pem"), 2, "gone.pem"),
        (("forum", "findings"), 2, "--as"),
    ],
)
def test_a_decoy_that_cannot_be(forum, verb, args, code, says):
    found, out, err = verb("decoy", "add", *args)
    assert (found, out) == (code, "")
    assert says in err
    assert "Traceback" not in err
    assert register(forum, "forum").decoys == ()


def test_affiliates_are_known_in_every_root(forum, verb):
    code, _, err = verb("affiliate", "ana", "ben")
    assert code == 0
    assert err.splitlines() == ["forum: under one roof: ana, ben.", "other: under one roof: ana, ben."]
    pair = tuple(sorted(forum.member(name).identity for name in ("ana", "ben")))
    assert register(forum, "forum").affiliates == register(forum, "other").affiliates == (pair,)
    _, out, _ = verb("affiliate", "keeper", "ben", "--root", "other", "--json")
    assert json.loads(out) == {"other": [["ana", "ben", "keeper"]]}
    _, _, err = verb("affiliate", "ana", "--apart", "--root", "forum")
    assert err == "forum: under one roof: nobody.\n"


def test_a_pardon_is_known(forum, verb):
    code, _, err = verb("pardon", "ana")
    assert (code, err) == (0, "pardoned ana in forum, other\n")
    _, out, _ = verb("pardon", "ana", "--root", "other", "--json")
    told = json.loads(out)
    assert (told["member"], told["roots"]) == ("ana", ["other"])
    pardons = [register(forum, name).pardons[forum.member("ana").identity] for name in ("forum", "other")]
    assert 0 < pardons[0] < pardons[1]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("affiliate", "ana"), "Name two or more"),
        (("affiliate", "ana", "nobody"), "There is no such member"),
        (("affiliate", "ana", "ben", "--root", "gone"), "There is no root of this name"),
        (("pardon", "nobody"), "There is no such member"),
    ],
)
def test_what_cannot_be_remembered(forum, verb, args, says):
    code, out, err = verb(*args)
    assert (code, out) == (2, "")
    assert says in err
    assert register(forum, "forum") == register(forum, "other")
    assert not register(forum, "forum").affiliates


@pytest.mark.parametrize("command", ["decoy", "affiliate", "pardon"])
def test_every_verb_has_an_example(verb, command):
    code, out, _ = verb(command, "--help")
    assert code == 0
    assert "Example:" in out
