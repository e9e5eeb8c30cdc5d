import ipaddress
import stat
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import ConfigError
from stillwatch.traffic.pseudonyms import KINDS, Key, pseudonymised
from stillwatch.traffic.schema import PSEUDONYMISED

KEY = Key.ephemeral()


def test_every_column_that_is_to_be_replaced_has_a_kind():
    assert set(KINDS) == set(PSEUDONYMISED)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("addr", "203.0.113.7", "203.0.113.7:443"),
        ("addr", "203.0.113.7", " ::FFFF:203.0.113.7 "),
        ("addr", "203.0.113.7", "203.0.113.7, 10.0.0.1"),
        ("addr", "2001:db8::1", "[2001:0DB8:0::0001]:8080"),
        ("addr", "fe80::1", "fe80::1%eth0"),
        ("mail", "example.org", "Someone@EXAMPLE.org."),
        ("mail", "bücher.example", "xn--bcher-kva.example"),
        ("pay", "pm_1", " pm_1 "),
    ],
)
def test_spellings_of_one_thing_have_one_token(kind: str, one: str, other: str):
    assert KEY.token(kind, one) == KEY.token(kind, other)


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@given(st.ip_addresses(), st.ip_addresses())
def test_different_addresses_have_different_tokens(one: Address, other: Address):
    same = (getattr(one, "ipv4_mapped", None) or one) == (getattr(other, "ipv4_mapped", None) or other)
    assert (KEY.token("addr", str(one)) == KEY.token("addr", str(other))) == same


@given(st.text(), st.sampled_from(["addr", "mail", "pay"]))
def test_any_text_has_a_token_without_it(value: str, kind: str):
    token = KEY.token(kind, value)
    assert token.startswith(f"{kind}_")
    assert len(token) == len(kind) + 27
    assert len(value) < 5 or value not in token


def test_kinds_and_keys_differ():
    tokens = {KEY.token("addr", "x")[5:], KEY.token("pay", "x")[4:], Key.ephemeral().token("addr", "x")[5:]}
    assert len(tokens) == 3


def test_a_column_keeps_its_nulls():
    column = pa.array(["203.0.113.7", None, " ", "203.0.113.7:1"])
    first, *rest = pseudonymised(column, "addr", KEY).to_pylist()
    assert rest == [None, None, first]


def test_a_key_that_was_made_can_be_loaded(tmp_path: Path):
    made = Key.create(tmp_path / "key")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert Key.load(tmp_path / "key").token("addr", "x") == made.token("addr", "x")


def test_raw_bytes_are_a_key_too(tmp_path: Path):
    (tmp_path / "key").write_bytes(bytes(range(32)))
    (tmp_path / "key").chmod(0o600)
    assert Key.load(tmp_path / "key").token("pay", "x") == "pay_mm2huxg6bnf262ht4ztl3qddna"


def test_a_key_is_never_overwritten(tmp_path: Path):
    Key.create(tmp_path / "key")
    before = (tmp_path / "key").read_bytes()
    with pytest.raises(ConfigError, match="there already"):
        Key.create(tmp_path / "key")
    assert (tmp_path / "key").read_bytes() == before


def test_no_key_a_short_one_and_an_open_one(tmp_path: Path):
    with pytest.raises(ConfigError, match="config init"):
        Key.load(tmp_path / "none")
    (tmp_path / "short").write_text("c2hvcnQ=")
    (tmp_path / "short").chmod(0o600)
    with pytest.raises(ConfigError, match="32 bytes"):
        Key.load(tmp_path / "short")
    Key.create(tmp_path / "open")
    (tmp_path / "open").chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        Key.load(tmp_path / "open")


def test_a_key_does_not_show_itself(tmp_path: Path):
    key = Key.create(tmp_path / "key")
    key.token("addr", "203.0.113.7")
    assert repr(key) == "Key()"
