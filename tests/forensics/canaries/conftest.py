"""Catalogues, keys, and suspects that follow a key in a share of slots and their own habit in all others."""

import numpy as np
import pytest

from stillwatch.forensics.canaries.catalogue import load
from stillwatch.forensics.canaries.choosing import choice, slot_id
from stillwatch.forensics.canaries.testing import Choices
from stillwatch.forensics.model import Key

SIGNED = 'reviewed_by = "ana"\n'


@pytest.fixture(scope="session")
def shipped():
    """The catalogue that comes along."""
    return load(None)


@pytest.fixture
def written(tmp_path):
    """Writes a catalogue's file."""

    def write(*slots):
        path = tmp_path / "catalogue.toml"
        path.write_text("".join(f"[[slot]]\n{slot}\n" for slot in slots), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def a_key():
    """A key by its value."""
    return lambda value, campaign="C-1": Key(f"k-{value:012x}"[:14], value, campaign)


@pytest.fixture(scope="session")
def suspect():
    """A suspect's choices: in a share of its slots a key's, in all others mostly its favourite, the first."""

    def made(random, slots, n, *, key=None, share=0.0, favourite=0.9):
        ids = sorted(slot_id("slot", (str(number),)) for number in range(slots))
        own = np.where(random.random(slots) < favourite, 0, random.integers(0, n, slots))
        follows = random.random(slots) < share
        chosen = [choice(key, each, n) if does else habit for each, does, habit in zip(ids, follows, own, strict=True)]
        return Choices(tuple(ids), np.array(chosen, np.int64), np.full(slots, n), slots)

    return made
