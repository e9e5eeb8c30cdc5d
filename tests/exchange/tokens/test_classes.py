import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.exchange.tokens.classes import CLASSES, normal


@pytest.mark.parametrize(
    ("klass", "spellings", "form"),
    [
        ("payment", ["pm_1Abc", " pm_1Abc\n", "pm_1Abc\t"], b"pm_1Abc"),
        ("account", ["caf\u00e9", "cafe\u0301", " caf\u00e9 "], "caf\u00e9".encode()),
        (
            "mail-domain",
            [
                "bücher.example",
                "Ana@BÜCHER.example",
                "xn--bcher-kva.example",
                "XN--BCHER-KVA.EXAMPLE.",
                " bücher.example",
            ],
            b"xn--bcher-kva.example",
        ),
        ("mail-domain", ["ana@mail.example.com"], b"mail.example.com"),
        ("address", ["203.0.113.7", " 203.0.113.7:443", "::ffff:203.0.113.7", "203.0.113.7, 10.0.0.1"], b"203.0.113.7"),
        (
            "address",
            ["2001:DB8::1", "2001:db8:0:0:aaaa::9", "[2001:db8::7]:443", "2001:0db8:0000:0000:1:2:3:4%eth0"],
            b"2001:db8::/64",
        ),
        ("shingle", ["7", 7, " 7", "007"], b"\0\0\0\x07"),
        ("word", [2**32 - 1], b"\xff\xff\xff\xff"),
    ],
)
def test_spellings_of_one_value_have_one_form(klass, spellings, form):
    assert {normal(klass, spelling) for spelling in spellings} == {form}


@pytest.mark.parametrize(
    ("klass", "one", "other"),
    [
        ("payment", "pm_abc", "pm_ABC"),
        ("mail-domain", "a.example", "b.example"),
        ("address", "2001:db8::1", "2001:db8:0:1::1"),
        ("address", "203.0.113.7", "203.0.113.8"),
        ("address", "203.0.113.7", "2002:cb00:7107::1"),
    ],
)
def test_different_values_have_different_forms(klass, one, other):
    assert normal(klass, one) != normal(klass, other)


@pytest.mark.parametrize(
    ("klass", "value"),
    [
        *[(klass, "") for klass in CLASSES],
        *[(klass, " \t\n") for klass in CLASSES],
        ("payment", "\ud800"),
        ("account", "x" * 1025),
        ("mail-domain", "localhost"),
        ("mail-domain", "ana@"),
        ("mail-domain", "a..b"),
        ("mail-domain", ".example"),
        ("mail-domain", "a" * 64 + ".é.example"),
        ("mail-domain", "a." * 130 + "example"),
        ("mail-domain", "\ud800.example"),
        ("address", "host.example"),
        ("address", "example.com"),  # behind its mark sixteen bytes, like an IPv6 address
        ("address", "1.2.3"),
        ("address", "256.1.1.1"),
        ("address", "203.0.113.0/24"),
        ("address", "10.1.2.3"),
        ("address", "::ffff:10.1.2.3"),
        ("address", "172.31.0.1"),
        ("address", "192.168.1.1"),
        ("address", "100.64.0.1"),
        ("address", "127.0.0.1"),
        ("address", "0.0.0.0"),  # noqa: S104
        ("address", "169.254.1.1"),
        ("address", "255.255.255.255"),
        ("address", "::1"),
        ("address", "::"),
        ("address", "fe80::1"),
        ("address", "fd00::1"),
        ("address", "ff02::1"),
        ("shingle", "-1"),
        ("shingle", str(2**32)),
        ("shingle", "0x10"),
        ("word", "1.5"),
        ("word", "word"),
    ],
)
def test_a_value_without_a_form_is_left_out(klass, value):
    assert normal(klass, value) is None


@given(st.sampled_from(CLASSES), st.text())
def test_any_text_has_a_form_that_can_be_blinded_or_none(klass, text):
    form = normal(klass, text)
    assert form is None or 1 <= len(form) <= 1024


@given(st.ip_addresses(v=4))
def test_a_public_address_is_its_own_form(address):
    form = normal("address", str(address))
    assert form == (str(address).encode() if form else None)
    assert form or not address.is_global or address.is_multicast


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_hosts_of_one_network_meet(address, host):
    other = ipaddress.IPv6Address(int(address) >> 64 << 64 | host)
    forms = {normal("address", str(each)) for each in (address, other)} - {None}
    if not (address.ipv4_mapped or other.ipv4_mapped):
        assert len(forms) <= 1
