"""The types of ClickHouse as those that Arrow can say without a loss: the cast is made by the server, in the query.

Its Arrow stream gives times in seconds as whole numbers, enumerations as their numbers, UUIDs and addresses as raw
bytes. Text and DateTime64 say the same, and mean it.
"""

import re

_END = r"(?=\s*(?:[,)]|$))"  # a type's name ends; an element's name is followed by a type
_TEXTS = (
    r"Enum(?:8|16)?\((?:[^'()]|'(?:[^'\\]|\\.)*')*\)",
    r"(?:JSON|Object)(?:\([^()]*\))?" + _END,
    r"FixedString\(\d+\)",
    r"Dynamic(?:\([^()]*\))?" + _END,
    r"(?:UUID|IPv4|IPv6|Date32|Date|Int128|Int256|UInt128|UInt256)" + _END,
)
_TEXT = re.compile(r"(?<!\w)(?:" + "|".join(_TEXTS) + ")")
_SECONDS = re.compile(r"(?<!\w)DateTime(?:\((?P<zone>'[^']*')\))?" + _END)
_DECIMAL = re.compile(r"(?<!\w)Decimal\d*\([^()]*\)")
_TIME = re.compile(r"^(?:LowCardinality\()?(?:Nullable\()?DateTime(?:64)?\b")


def plain(kind: str) -> str:
    """The type to which a column is cast: itself, mostly."""
    if kind.startswith("Variant("):
        return "Nullable(String)"
    kind = _TEXT.sub("String", kind)
    kind = _DECIMAL.sub("Float64", kind)
    return _SECONDS.sub(lambda found: f"DateTime64(0, {found['zone'] or chr(39) + 'UTC' + chr(39)})", kind)


def is_time(kind: str) -> bool:
    """Whether the server knows a column's values as moments."""
    return bool(_TIME.match(kind))
