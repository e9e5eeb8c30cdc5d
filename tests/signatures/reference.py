"""The signature written down plainly, slow and obvious, to hold the kernels to."""

import re

WINDOW, WORDS, BINS, BASE = 24, 64, 128, 0x9E3779B1
ODD, MASK = 0x9E3779B97F4A7C15, 2**64 - 1

SPACES = {0xA0, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x3000}
ZERO_WIDTH = {*range(0x200B, 0x2010), 0x2060, 0xFEFF}
CASED = {*range(0x590), *range(0x1E00, 0x2000), *range(0xFF21, 0xFF3B)}

# A character to a match: what is no UTF-8 of one to three bytes stands alone.
CHARACTERS = re.compile(rb"[\xE0-\xEF][\x80-\xBF]{2}|[\xC2-\xDF][\x80-\xBF]|.", re.DOTALL)


def fold_character(character: bytes) -> bytes:
    try:
        sign = character.decode()
    except UnicodeDecodeError:
        return character
    if ord(sign) <= 32 or ord(sign) in SPACES:
        return b" "
    if ord(sign) in ZERO_WIDTH:
        return b""
    if sign in "0123456789":
        return b"0"
    low = sign.lower()
    return low.encode() if ord(sign) in CASED and len(low) == 1 and len(low.encode()) == len(character) else character


def fold(text: str | bytes) -> bytes:
    octets = text.encode() if isinstance(text, str) else text
    folded = b"".join(map(fold_character, CHARACTERS.findall(octets)))
    return re.sub(rb"( |0)\1+", rb"\1", folded)


def chosen(window: bytes) -> bool:
    h = sum(byte * BASE ** (WINDOW - 1 - i) for i, byte in enumerate(window)) % 2**32
    return (h ^ h >> 16) * 0x85EBCA6B % 2**32 < 2**28


def name(window: bytes) -> int:
    a, b, c = (int.from_bytes(window[i : i + 8], "little") for i in (0, 8, 16))
    x = a * ODD & MASK
    x = (x ^ x >> 32 ^ b) * ODD & MASK
    x = (x ^ x >> 32 ^ c) * ODD & MASK
    return x >> 32


def shingles(text: str | bytes) -> list[int]:
    folded = fold(text)
    windows = [folded[i : i + WINDOW] for i in range(len(folded) - WINDOW + 1)]
    names = [name(window) for window in windows if chosen(window)]
    return [n for i, n in enumerate(names) if i == 0 or names[i - 1] != n]


def tokens(text: str | bytes) -> list[bytes]:
    found, folded, before = [], fold(text), None
    for match in re.finditer(rb"[\xE3-\xED]..|(?:[a-z']|[\x80-\xE2\xEE-\xFF])+", folded, re.DOTALL):
        token = match.group()
        if 0xE3 <= token[0] <= 0xED:
            adjacent = before is not None and before[0] == match.start()
            found.append((before[1] if adjacent else b"") + token)
            before = match.end(), token
        else:
            found.append(token)
    return found[:WORDS]


def bin_of(token: bytes) -> int:
    head, tail = (int.from_bytes(part, "little") for part in (token[:8], token[-8:]))
    return (((head * ODD & MASK) ^ tail) + len(token)) * ODD % 2**64 >> 57


def words(text: str | bytes) -> list[int]:
    return list(dict.fromkeys(map(bin_of, tokens(text))))
