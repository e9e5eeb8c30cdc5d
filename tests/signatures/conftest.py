"""The plain reference, the kernels called by text, and texts to try."""

import importlib.util
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import strategies as st

from stillwatch.signatures.kernel import sign


@pytest.fixture(scope="session")
def reference():
    spec = importlib.util.spec_from_file_location("signatures_reference", Path(__file__).with_name("reference.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def signatures():
    """Of texts, a pair for each: its shingles and its words, as lists."""

    def by_text(texts):
        signed = sign(texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string()))
        shingles = np.split(signed.shingles, signed.shingle_ends)[:-1]
        words = np.split(signed.words, signed.word_ends)[:-1]
        return [(s.tolist(), w.tolist()) for s, w in zip(shingles, words, strict=True)]

    return by_text


# What folding looks at, mixed so that runs of it meet each other and the borders of eight bytes.
PIECES = [
    *"aZ09 \n\t!'-_~\x00\x7f", "é", "É", "ß", "İ", "Ж", "ж", "Ω", "Ⱥ", "ẞ",
    "\uff21", "\uff41", "\u00a0", "\u2003", "\u3000",
    "\u200b", "\u2060", "\ufeff", "中", "文",
    "か", "한", "。", "\uff0c", "😀", "  ", "12", "The ", "the quick brown fox ",
]  # fmt: skip


@pytest.fixture(scope="session")
def texts():
    """A strategy: any text at all, or one made of what folding looks at."""
    return st.text(max_size=300) | st.lists(st.sampled_from(PIECES), max_size=80).map("".join)
