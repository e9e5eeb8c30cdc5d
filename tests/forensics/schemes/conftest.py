"""What the engines' own code said, and windows as their detectors form them."""

import json
from pathlib import Path

import numpy as np
import pytest

VECTORS = Path(__file__).parent.parent / "vectors"


@pytest.fixture
def vectors():
    return lambda engine: json.loads((VECTORS / f"{engine}.json").read_text())


@pytest.fixture
def unique_windows():
    """Each window once, with the first token after it; `history` stands for what is before the first token."""

    def of(ids, width, history):
        before = [] if history is None else [history] * width
        ids, seen = before + ids, {}
        for place in range(width, len(ids)):
            seen.setdefault(tuple(ids[place - width : place]), ids[place])
        return np.array(list(seen), dtype=np.int32).reshape(-1, width), np.array(list(seen.values()), dtype=np.int32)

    return of
