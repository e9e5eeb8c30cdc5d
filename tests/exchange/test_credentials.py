import json
import statistics
import subprocess
import sys
import time

import pytest

from stillwatch.exchange.credentials import Credentials, hashed, new_secret
from stillwatch.exchange.model import Member


@pytest.fixture
def secret(store):
    store.rotate("ana", secret_hash=hashed("first"))
    return "first"


def test_a_secret_has_256_bits_and_no_two_are_alike():
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(each.removeprefix("stillwatch_")) for each in made} == {43}  # base 64 of 32 bytes


def test_a_hash_is_argon2id_and_not_the_secret():
    kept = hashed("a secret")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert "a secret" not in kept
    assert kept != hashed("a secret")


def test_only_the_right_secret_of_the_right_member_passes(store, secret):
    credentials = Credentials(store)
    assert credentials.check("ana", secret) == store.principal("ana")
    for name, wrong in [
        ("ana", "second"),
        ("ana", ""),
        ("ana", secret + "\0"),
        ("ana", secret * 1000),
        ("ben", secret),
        ("nobody", secret),
        ("", secret),
        ("a\0na", secret),
        ("\ud800", "\ud800"),
        ("ana" * 100_000, secret),
    ]:
        assert credentials.check(name, wrong) is None


def test_a_member_without_a_secret_never_passes(store):
    store.add_member(Member("cleo", "identity--cleo", "mtls", fingerprint="ab" * 32), None, {})
    assert Credentials(store).check("cleo", "") is None


def test_what_was_right_is_remembered_for_a_while_only(store, secret):
    now = [0.0]
    credentials = Credentials(store, seconds=60, clock=lambda: now[0])
    first = timed(lambda: credentials.check("ana", secret))
    again = min(timed(lambda: credentials.check("ana", secret)) for _ in range(5))
    now[0] = 61
    later = timed(lambda: credentials.check("ana", secret))
    assert again < first / 2
    assert again < later / 2


OTHER = """
import sys
from stillwatch.exchange.store.store import Store
store = Store.open(sys.argv[1])
getattr(store, sys.argv[2])("ana", **({"secret_hash": None} if sys.argv[2] == "rotate" else {}))
"""


@pytest.mark.parametrize("change", ["suspend", "rotate"])
def test_what_another_process_changes_holds_at_once(store, database_url, secret, change):
    credentials = Credentials(store)
    assert credentials.check("ana", secret)
    subprocess.run([sys.executable, "-c", OTHER, database_url, change], check=True)
    assert credentials.check("ana", secret) is None


def test_a_member_that_comes_back_must_show_its_secret_anew(store, secret):
    credentials = Credentials(store)
    assert credentials.check("ana", secret)
    store.suspend("ana")
    assert credentials.check("ana", secret) is None
    store.rotate("ana", secret_hash=hashed("second"))
    store.resume("ana")
    assert credentials.check("ana", secret) is None
    assert credentials.check("ana", "second")


def test_a_secret_is_in_no_attribute_of_the_memory(store, secret):
    credentials = Credentials(store)
    assert credentials.check("ana", secret)
    assert secret not in repr(vars(credentials))


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("secret")
def test_the_time_does_not_tell_who_is_a_member(store):
    credentials = Credentials(store)
    store.rotate("ben", secret_hash=hashed("other"))
    store.suspend("ben")
    times = {name: [] for name in ("ana", "ben", "nobody")}
    for _ in range(40):
        for name, taken in times.items():
            taken.append(timed(lambda name=name: credentials.check(name, "wrong")))
    least = {name: statistics.median(taken) for name, taken in times.items()}
    assert max(least.values()) < 1.25 * min(least.values()), json.dumps(least)


def timed(call):
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun
