"""What is made into tokens, and the form in which it is, so that two members' spellings of one value meet.

    normal("address", "2001:DB8::7")      # b"2001:db8::/64"
    normal("address", "10.0.0.1")         # None: it means something else at every member
    normal("mail-domain", "ana@Bücher.example")

A value without a normal form is left out, never sent as it is. Each class has keys of its own, so a token of one says
nothing of another.

| class | normal form | why |
|---|---|---|
| payment, account | NFC, no space around it; case kept | issued by a machine, for which case counts |
| mail-domain | what follows the @, lower case, IDNA, no final dot | the part before names a person |
| address | IPv4 as it is; IPv6 cut to its /64; no private or local ones | see `address` |
| shingle, word | the 32-bit name, four bytes, big-endian | the numbers of `findings.json` |
"""

import ipaddress
import unicodedata
from collections.abc import Callable, Mapping
from typing import Literal, get_args

from stillwatch.traffic.pseudonyms import canonical_address, canonical_domain

TokenClass = Literal["payment", "mail-domain", "address", "account", "shingle", "word"]
CLASSES: tuple[TokenClass, ...] = get_args(TokenClass)

#: Values a member may have evaluated in a day, by class. Whoever tries out all 2^32 addresses (or shingle names) at
#: this rate gets through 2 % before the key, readable for half a year, is destroyed; a member with half a million
#: accounts still has tokens for all of them within a day, once a quarter.
DAILY: Mapping[TokenClass, int] = {
    "payment": 500_000,
    "mail-domain": 100_000,
    "address": 500_000,
    "account": 500_000,
    "shingle": 500_000,
    "word": 100_000,
}

_LONGEST = 1024  # bytes: longer is no identifier
_DOMAIN = 253  # RFC 1035, section 2.3.4
_SUBSCRIBER = 64  # bits

#: Addresses that mean something else in every network: two members who both see one have seen nothing together.
_EVERYWHERE = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network, RFC 791
        "10.0.0.0/8",  # private, RFC 1918
        "100.64.0.0/10",  # behind a carrier's translation, RFC 6598
        "127.0.0.0/8",  # loopback, RFC 1122
        "169.254.0.0/16",  # link-local, RFC 3927
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/4",  # multicast, RFC 5771
        "255.255.255.255/32",
        "::/127",  # unspecified and loopback, RFC 4291
        "fc00::/7",  # unique local, RFC 4193
        "fe80::/10",  # link-local
        "ff00::/8",  # multicast
    )
)


def normal(klass: TokenClass, value: str | int) -> bytes | None:
    """The bytes that are blinded for a value; None where there is nothing to share.

    Args:
        klass: what the value is.
        value: in any spelling; a shingle or word as a number or its decimal digits.
    """
    try:
        form = _NORMAL[klass](str(value))
    except ValueError:  # no number, no address, text that is no Unicode
        return None
    return form if 0 < len(form) <= _LONGEST else None


def text(value: str) -> bytes:
    """A machine's identifier: composed (NFC), without the space around it."""
    return unicodedata.normalize("NFC", value.strip()).encode()


def mail_domain(value: str) -> bytes:
    """A mail domain in ASCII (IDNA 2003, RFC 3490), which case folds too.

    Raises:
        ValueError: no domain with a dot in it.
    """
    domain = canonical_domain(value)
    labels = domain.split(b".")
    if len(labels) < 2 or not all(labels) or len(domain) > _DOMAIN or not domain.isascii():
        raise ValueError("no mail domain")
    return domain


def address(value: str) -> bytes:
    """An IPv4 address, or the /64 of an IPv6 address.

    A /64 is the least that one subscriber gets (RFC 6177) and its lower half changes daily (RFC 8981): whole IPv6
    addresses of one household would meet neither at another member nor tomorrow.

    Raises:
        ValueError: no address, or one that has no meaning outside of its own network.
    """
    packed = canonical_address(value)
    if packed.startswith(b"name:"):  # sixteen bytes of it would pass for an IPv6 address
        raise ValueError("a host's name")
    found = ipaddress.ip_address(packed)
    if any(found in network for network in _EVERYWHERE):
        raise ValueError("a local address")
    if found.version == 4:
        return str(found).encode()
    return str(ipaddress.ip_network((found, _SUBSCRIBER), strict=False)).encode()


def number(value: str) -> bytes:
    """A 32-bit name.

    Raises:
        ValueError: no such number.
    """
    name = int(value)
    if not 0 <= name < 1 << 32:
        raise ValueError("more than 32 bits")
    return name.to_bytes(4, "big")


_NORMAL: dict[TokenClass, Callable[[str], bytes]] = {
    "payment": text,
    "mail-domain": mail_domain,
    "address": address,
    "account": text,
    "shingle": number,
    "word": number,
}
