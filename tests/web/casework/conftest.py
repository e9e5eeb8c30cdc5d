"""Somebody at work on a case, and a ledger with measures against its accounts."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from stillwatch.config import load
from stillwatch.web.casework.desk import Desk, reviews_of
from stillwatch.web.store import cases

CASE = "c-3f9a1b72"


@pytest.fixture
def with_settings(console, settings):
    """The console under other settings."""

    def changed(**flags):
        config = settings.config
        kept = {
            "console.db": config.console.db,
            "reviews.path": config.reviews.path,
            "response.ledger": config.response.ledger,
        }
        named = {name.replace("__", "."): value for name, value in flags.items()}
        return replace(console, settings=load(None, {}, kept | named))

    return changed


@pytest.fixture
def desk(console):
    """Somebody who looks at a case now: `desk("ana")`."""
    seconds = itertools.count()

    def at(who="ana", case=CASE, revision=-1, console=console):
        found = cases.case(console.store, case)
        now = console.clock() + timedelta(seconds=next(seconds))
        return Desk(console, found, who, now, found.revision if revision == -1 else revision)

    return at


@pytest.fixture
def reviews(console):
    """What scans would recall."""
    return reviews_of(console)


@pytest.fixture
def campaign(document):
    """The campaign of CASE."""
    return document.campaign(CASE)
