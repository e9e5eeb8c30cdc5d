"""A running console: a store with the reports' sample taken in, a real server before it, people of each role.

def test_queue(running):
    assert running.signed_in("viewer").get("/cases").status_code == 200
"""

import contextlib
import importlib.util
import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from stillwatch.config import load
from stillwatch.reports.document import to_document
from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.model import Decision, Rung
from stillwatch.serving import Server, listen
from stillwatch.web.access.people import People
from stillwatch.web.access.sessions import Sessions
from stillwatch.web.app import create_app
from stillwatch.web.asking import Asked, Form
from stillwatch.web.console import Console
from stillwatch.web.model import Person, Role, Signed
from stillwatch.web.store import Store, intake

NOW = datetime(2026, 10, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Running:
    """A console that answers."""

    url: str
    console: Console
    sessions: Sessions

    def client(self, **options) -> httpx2.Client:
        """Nobody's."""
        return httpx2.Client(base_url=self.url, timeout=30, trust_env=False, **options)

    def signed_in(self, role="analyst", name=None, **options) -> httpx2.Client:
        """A person's, who is made if he is not there; the form's secret is in `client.headers`."""
        person = Person(name or role, Role.named(role))
        people = People(self.console.store.database)
        if people.named(person.name) is None:
            people.add(person.name, person.role)
        token = self.sessions.begun(person, "password", self.console.clock())
        signed = self.sessions.found(token, self.console.clock())
        headers = {"x-csrf-token": signed.csrf}
        return self.client(cookies={"stillwatch-session": token}, headers=headers, **options)


@pytest.fixture
def settings(tmp_path):
    """Everything in a folder of this test's own."""
    paths = {
        "console.db": str(tmp_path / "console.sqlite"),
        "reviews.path": tmp_path / "reviews.sqlite",
        "response.ledger": str(tmp_path / "ledger.sqlite"),
        "exchange.state": tmp_path / "exchange.sqlite",
        "watch.folder": tmp_path / "watch",
    }
    return load(None, {}, paths)


@pytest.fixture(scope="session")
def sample():
    """The module of the reports' sample: `findings()` may be called anew."""
    place = Path(__file__).parents[1] / "reports" / "sample.py"
    spec = importlib.util.spec_from_file_location("web_sample", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def document(sample):
    """The sample as findings."""
    return to_document(sample.findings())


@pytest.fixture
def empty(settings) -> Iterator[Console]:
    """A console without a case."""
    with Store.open(settings.config.console.db) as store:
        yield Console(settings, store, clock=lambda: NOW)


@pytest.fixture
def console(empty, document) -> Console:
    """With the sample's cases."""
    intake.take(empty.store, document, NOW)
    return empty


@pytest.fixture
def asked(console):
    """A request as a page's function gets it: `asked("analyst", form={"text": "…"}, case="c-1")`."""

    def ask(role="analyst", *, name=None, path="/", query=None, form=None, part="", **places) -> Asked:
        person = Person(name or role, Role.named(role))
        return Asked(
            console=console,
            signed=Signed(person, "password", "secret of forms", NOW + DAY),
            now=NOW,
            path=path,
            method="GET" if form is None else "POST",
            places=places,
            query=Form(tuple((query or {}).items())),
            form=Form(tuple((form or {}).items())),
            part=part,
        )

    return ask


@contextlib.contextmanager
def serving(console: Console) -> Iterator[Running]:
    """A server in a thread, until the block ends."""
    ready = threading.Event()
    with listen("127.0.0.1", 0) as socket:
        server = Server(create_app(console), socket, ready=ready.set)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        assert ready.wait(20)
        config = console.settings.config.console
        idle, longest = timedelta(minutes=config.idle_minutes), timedelta(hours=config.session_hours)
        sessions = Sessions(console.store.database, idle, longest)
        try:
            yield Running(f"http://127.0.0.1:{server.port}", console, sessions)
        finally:
            server.stop()
            thread.join(20)


@pytest.fixture
def running(console) -> Iterator[Running]:
    """The console with the sample, served."""
    with serving(console) as served:
        yield served


@pytest.fixture
def signed_in():
    """Clients of people who are signed in, closed when the test is over: `signed_in(running, "analyst", "ana")`."""
    with contextlib.ExitStack() as opened:
        yield lambda running, *who: opened.enter_context(running.signed_in(*who))


@pytest.fixture
def serve(empty):
    """Serves a console with other settings: `with serve({"console.newcomers": "viewer"}) as running:`."""

    def start(flags, **console):
        config = empty.settings.config
        given = {"console.db": config.console.db, "response.ledger": config.response.ledger, **flags}
        return serving(replace(empty, settings=load(None, {}, given), **console))

    return start


@pytest.fixture
def ledger(settings):
    """The ledger of the settings."""
    with Ledger.open(settings.config.response.ledger) as opened:
        yield opened


@pytest.fixture
def decision(console, document):
    """Makes decisions against the first campaign's accounts, each a new one."""
    numbers = itertools.count(1)
    campaign = document.campaigns[0]

    def make(value=None, **changes):
        now = console.clock()
        whole = {
            "id": f"d-{next(numbers):012x}",
            "scope": "account",
            "value": value or campaign.accounts[0].account_id,
            "action": Rung.CAP,
            "since": now,
            "until": now + timedelta(days=7),
            "reason": "coordinated_extraction",
            "evidence": (f"{campaign.id}:text:rare shared text", f"{campaign.id}:time:hand-over"),
            "origin": "own",
            "simulated": False,
            "campaign": campaign.id,
        }
        return Decision(**(whole | changes))

    return make
