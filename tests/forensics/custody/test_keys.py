import json
import stat
from datetime import UTC, datetime, timedelta

import pytest

from stillwatch.errors import ConfigError, InputError, TrustError
from stillwatch.forensics.custody.keys import Keyring, Secret
from stillwatch.forensics.plan import Test

NOW = datetime(2026, 11, 2, tzinfo=UTC)
SCHEME = "greenlist-philox-v1"


@pytest.fixture
def keyring(tmp_path):
    return Keyring(tmp_path / "keys")


def test_the_root_is_for_its_owner_and_makes_every_key_again(keyring):
    records = [keyring.make(f"c-{n}", "2026-q4", SCHEME, {"width": 2}, NOW) for n in range(3)]
    keys = keyring.keys([each.id for each in records])

    assert stat.S_IMODE((keyring.folder / "root").stat().st_mode) == 0o600
    assert keys == keyring.keys([each.id for each in records])
    assert len({key.value for key in keys}) == 3
    assert all(0 <= key.value < 1 << 64 for key in keys)
    assert [key.campaign for key in keys] == ["c-0", "c-1", "c-2"]


def test_campaign_epoch_and_scheme_each_make_another_key(keyring):
    made = [
        keyring.make(campaign, epoch, scheme, {}, NOW).id
        for campaign in ("", "c-1")
        for epoch in ("1", "2")
        for scheme in ("a", "b")
    ]

    assert len({key.value for key in keyring.keys(made)}) == 8


def test_a_key_is_made_once(keyring):
    record = keyring.make("c-1", "1", SCHEME, {"width": 2}, NOW)

    with pytest.raises(ConfigError, match=record.id):
        keyring.make("c-1", "1", SCHEME, {"width": 1}, NOW)


def test_no_secret_is_in_records_or_representations(keyring):
    record = keyring.make("c-1", "1", SCHEME, {}, NOW)
    (secret,) = keyring.secrets([record.id])
    written = "".join(path.read_text() for path in keyring.folder.glob("*.json"))

    for value in (secret.value, secret.salt):
        assert value not in written
        assert value not in repr(secret) + repr(secret.key(record)) + repr(record)


def test_records_keep_the_order_in_which_keys_were_made_whatever_the_clock_says(keyring):
    made = [keyring.make(f"c-{n}", "1", SCHEME, {}, NOW - timedelta(days=n)).id for n in range(5)]

    assert [each.id for each in keyring.records()] == made


def test_a_secret_is_held_against_the_commitment(keyring):
    first, second = (keyring.make(f"c-{n}", "1", SCHEME, {"width": 2}, NOW) for n in range(2))
    (secret,) = keyring.secrets([first.id])
    wrong = Secret(id=first.id, value="0" * 16, salt=secret.salt)

    assert secret.key(first).campaign == "c-0"
    for key, record in ((wrong, first), (secret, second), (secret, first.model_copy(update={"parameters": {}}))):
        with pytest.raises(TrustError, match="committed"):
            key.key(record)


def test_another_root_is_noticed(keyring):
    record = keyring.make("c-1", "1", SCHEME, {}, NOW)
    (keyring.folder / "root").write_text("0" * 64)

    with pytest.raises(TrustError, match="committed"):
        keyring.keys([record.id])


@pytest.mark.parametrize(("content", "mode", "says"), [("zz", 0o600, "no root"), ("0" * 64, 0o644, "chmod 600")])
def test_a_root_that_cannot_be_used_is_said(keyring, content, mode, says):
    record = keyring.make("c-1", "1", SCHEME, {}, NOW)
    (keyring.folder / "root").write_text(content)
    (keyring.folder / "root").chmod(mode)

    with pytest.raises(ConfigError, match=says):
        keyring.keys([record.id])


def test_exposure_is_said_once_and_retirement_stays(keyring):
    key = keyring.make("c-1", "1", SCHEME, {}, NOW).id
    keyring.expose(key, NOW + timedelta(days=1))
    keyring.retire(key, NOW + timedelta(days=2), "quarter is over")
    keyring.retire(key, NOW + timedelta(days=3), "again")

    found = keyring.record(key)
    assert (found.exposed, found.retired) == (NOW + timedelta(days=1), NOW + timedelta(days=2))
    assert found.reason == "quarter is over"
    with pytest.raises(ConfigError, match="first exposure"):
        keyring.expose(key, NOW)


def test_what_happens_to_a_key_later_does_not_change_what_was_committed_to(keyring):
    record = keyring.make("c-1", "1", SCHEME, {}, NOW)
    later = keyring.expose(record.id, NOW)

    assert later.leaf == record.leaf
    assert "exposed" not in json.loads(record.leaf)


@pytest.mark.parametrize("key", ["k-000000000000", "../root", "root"])
def test_a_key_that_is_not_there(keyring, key):
    keyring.make("c-1", "1", SCHEME, {}, NOW)

    with pytest.raises(ConfigError, match="no such key"):
        keyring.keys([key])


def test_a_broken_record_is_named(keyring):
    record = keyring.make("c-1", "1", SCHEME, {}, NOW)
    (keyring.folder / f"{record.id}.json").write_text("{}")

    with pytest.raises(InputError, match=record.id):
        keyring.records()


@pytest.mark.parametrize(("width", "warns"), [(1, False), (2, False), (4, True), (8, True)])
def test_wide_contexts_are_warned_of(keyring, width, warns):
    record = keyring.make("c-1", "1", SCHEME, {"width": width}, NOW)

    assert bool(record.warning) == warns


def _test(**given):
    return Test.model_validate({"name": "t", "kind": "closed", "scheme": SCHEME, "width": 2, "gamma": 0.25} | given)


FILE = {"path": "f", "sha256": "ab" * 32}
CHOICES = {"scheme": None, "width": None, "gamma": None}


@pytest.mark.parametrize(
    ("scheme", "parameters", "test", "serves"),
    [
        (SCHEME, {"width": 2, "gamma": 0.25}, {}, True),
        (SCHEME, {"width": 2, "gamma": 0.25}, {"kind": "mass"}, True),
        (SCHEME, {"width": 2, "gamma": 0.25}, {"width": 1}, False),
        (SCHEME, {"width": 2, "gamma": 0.25}, {"gamma": 0.5}, False),
        (SCHEME, {"width": 2, "gamma": 0.25}, {"scheme": "kgw-lefthash"}, False),
        ("choices", {"file": FILE["sha256"]}, CHOICES | {"kind": "canaries", "catalogue": FILE}, True),
        ("choices", {}, CHOICES | {"kind": "canaries", "catalogue": FILE}, False),
        ("choices", {"file": "cd" * 32}, CHOICES | {"kind": "canaries", "catalogue": FILE}, False),
        ("rephrasings", {}, CHOICES | {"kind": "rephrasings", "texts": FILE}, True),
        ("rephrasings", {"file": "cd" * 32}, CHOICES | {"kind": "rephrasings", "texts": FILE}, False),
        ("choices", {"file": FILE["sha256"]}, CHOICES | {"kind": "rephrasings", "texts": FILE}, False),
    ],
)
def test_a_key_serves_what_it_was_committed_to_for(keyring, scheme, parameters, test, serves):
    assert keyring.make("", "1", scheme, parameters, NOW).serves(_test(**test)) is serves


def test_keys_of_transformers_selfhash_fit_into_torchs_generator(keyring):
    made = [keyring.make("", f"{n}", "kgw-selfhash", {}, NOW).id for n in range(32)]

    keys = keyring.keys(made)
    assert max(key.value for key in keys) < 1 << 63
    assert len({key.value for key in keys}) == 32
