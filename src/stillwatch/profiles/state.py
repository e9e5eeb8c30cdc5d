"""The state kept of an account: fixed in size, and a commutative monoid.

Every field is a sum, a minimum, a maximum, a union of bits, or a *bottom-k set*: of all distinct values ever seen, the
k smallest. An element of the bottom k of a union is in the bottom k of the part it came from, so cutting and merging
lose nothing (Cohen and Kaplan 2007, "Summarizing data using bottom-k sketches"). Zero is an account that did nothing.

Sets hold hashes that are the same for everybody, so what two accounts have in common is likely kept by both
(coordinated sampling). `shared` is different: its keys are drawn per request, so that it is a sample of an account's
*occurrences*: a text that comes with every tenth request takes a tenth of the places, however much else was asked.
"""

import numpy as np

from stillwatch.signatures.kernel import BINS

SHARED = 32  # occurrences of shingles kept
TURNS = 12  # turns asked and turns presented kept
ADDRESSES = 4
STYLES = 4  # ways of setting temperature and length
HOURS = 768  # a month; longer logs wrap round

MOST = {"requests": 2**32 - 1, "failed": 2**32 - 1, "single": 2**32 - 1, "words": 2**16 - 1}  # counts stop there
MOST_TOKENS = 2**62 - 1  # the largest whose double is an int64

EMPTY64, EMPTY32 = np.uint64(2**64 - 1), np.uint32(2**32 - 1)
UNSET = 1  # the style of a request that sets neither temperature nor length

#: name -> (dtype, length, value of an account that did nothing)
FIELDS: dict[str, tuple[type[np.generic], int, int]] = {
    "requests": (np.uint32, 1, 0),
    "failed": (np.uint32, 1, 0),  # an error status
    "single": (np.uint32, 1, 0),  # requests without history
    "input_tokens": (np.uint64, 1, 0),
    "output_tokens": (np.uint64, 1, 0),
    "first": (np.int64, 1, 2**63 - 1),  # µs since 1970
    "last": (np.int64, 1, -(2**63)),
    "words": (np.uint16, BINS, 0),  # requests whose opening has a word of that bin
    "shared": (np.uint64, SHARED, 2**64 - 1),  # occurrence key << 32 | shingle, ascending
    "asked": (np.uint32, TURNS, 2**32 - 1),  # turns that the account asked as its last message
    "told": (np.uint32, TURNS, 2**32 - 1),  # turns that it presented as history
    "hours": (np.uint8, HOURS // 8, 0),  # hours since 1970, modulo HOURS, in which it asked
    "addresses": (np.uint32, ADDRESSES, 2**32 - 1),
    "styles": (np.uint32, STYLES, 2**32 - 1),
    "styled": (np.uint32, STYLES, 0),  # requests in each of them
    "organization": (np.uint32, 1, 2**32 - 1),  # the smallest hash
}
