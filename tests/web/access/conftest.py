"""A provider of OpenID Connect that answers."""

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def providers():
    spec = importlib.util.spec_from_file_location("openid_provider", Path(__file__).with_name("provider.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def provider(providers):
    with providers.running() as answering:
        yield answering
