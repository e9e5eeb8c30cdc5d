"""A console in a process of its own, people who are signed in to it, and Chromium to look at it.

    def test_queue(filled, person):
        page = person(filled, "ana")
        page.goto("/cases")

Whatever a browser complains of fails the test: a policy that stopped something, an error of a script, a request that
went elsewhere, a text of a log that ran.
"""

import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from stillwatch.config import load
from stillwatch.exchange.client.mirror import Delivery, Imported, Source
from stillwatch.exchange.client.state import State
from stillwatch.reports.document import dumps, loads, to_document
from stillwatch.web.access import tables
from stillwatch.web.access.people import People
from stillwatch.web.model import Role
from stillwatch.web.store import Store, intake

CASE = "c-3f9a1b72"  # of the reports' sample: 212 accounts
PASSWORD = "correct horse battery staple"  # noqa: S105 — of nobody
PEOPLE = {"vera": Role.VIEWER, "ana": Role.ANALYST, "ben": Role.ANALYST, "cleo": Role.APPROVER, "omar": Role.OPERATOR}
SETTINGS = """\
[console]
db = "{folder}/console.sqlite"
findings = "{folder}/findings.json"
[reviews]
path = "{folder}/reviews.sqlite"
two_persons = ["rejected"]
[response]
ledger = "{folder}/ledger.sqlite"
relay = "{folder}/relay"
people = ["ana", "cleo", "omar"]
policy = "{folder}/policy.toml"
[exchange]
state = "{folder}/exchange.sqlite"
identity = "identity--a712755f-6cac-44d5-99d5-269512e74f7b"
publishers = ["ana"]
approvers = ["omar"]
[watch]
folder = "{folder}/watch"
[pseudonyms]
key_file = "{folder}/pseudonyms"
"""
APPEAL = "These are the keys of our team; we evaluate our own product. <script>alert(1)</script>"
MEMBERS = Source("https://taxii.example/forum/collections/1/", "https://taxii.example/forum/", "findings")
INDICATOR = {
    "type": "indicator",
    "id": "indicator--00000000-0000-4000-8000-000000000001",
    "name": "<script>alert(1)</script> of another member",
    "valid_from": "2026-09-01T00:00:00Z",
}
_HOLD = """\
[[rules]]
name = "a critical campaign"
severity = ["critical"]
families = { least = 3 }
origin = ["own", "both"]
then = "hold"
"""  # waits for a person, and something milder acts meanwhile
_PROGRAM = (sys.executable, "-m", "stillwatch.cli")


def pytest_collection_modifyitems(items):
    """A browser takes seconds to start: everything here is slow."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.slow)


def _module(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def seeds():
    """The module of hostile findings."""
    return _module(Path(__file__).with_name("seeds.py"), "web_browser_seeds")


# --- a console ---


@dataclass
class Console:
    """One console: its folder, its settings, and where it answers."""

    folder: Path
    url: str = ""
    places: dict[str, str] = field(default_factory=dict)  # what may stand in an address: {case}, {decision}, ...
    states: dict[str, dict] = field(default_factory=dict)  # of browsers in which somebody is signed in

    def stillwatch(self, *arguments: str) -> str:
        """Gives a command in its folder, where its settings are; what it printed."""
        given = [*_PROGRAM, *arguments]
        ran = subprocess.run(given, capture_output=True, text=True, check=False, cwd=self.folder, timeout=120)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def sign_in(self, page, name: str) -> None:
        """Signs a person in, as a person does."""
        page.goto("/sign-in")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)

    @contextlib.contextmanager
    def served(self) -> Iterator["Console"]:
        """Serves it until the block ends."""
        command = [*_PROGRAM, "serve", "console", "--config", str(self.folder / "stillwatch.toml")]
        log = self.folder / "log"
        with log.open("ab") as errors:
            process = subprocess.Popen(
                [*command, "--listen", "127.0.0.1:0", "--quiet"], stdout=subprocess.PIPE, stderr=errors, text=True
            )
        try:
            ready = process.stdout.readline()
            assert ready.startswith("Serving "), log.read_text(encoding="utf-8")
            self.url = ready.removeprefix("Serving ").strip()
            yield self
        finally:
            process.terminate()
            process.communicate(timeout=30)
        assert "Traceback" not in log.read_text(encoding="utf-8"), log.read_text(encoding="utf-8")


def made(folder: Path, findings: str, database: str = "") -> Console:
    """A folder with settings, people and findings; nothing serves it yet. `database`: where it is not in the folder."""
    folder.mkdir(exist_ok=True)
    settings = SETTINGS.format(folder=folder)
    if database:
        settings = settings.replace(f"{folder}/console.sqlite", database)
    (folder / "stillwatch.toml").write_text(settings, encoding="utf-8")
    (folder / "pseudonyms").touch(mode=0o600)
    (folder / "pseudonyms").write_bytes(bytes(range(32)))
    (folder / "findings.json").write_text(findings, encoding="utf-8")
    settings = load(folder / "stillwatch.toml", {})
    with Store.open(settings.config.console.db) as store:
        tables.make(store.database)
        for name, role in PEOPLE.items():
            People(store.database).add(name, role, password=PASSWORD)
        intake.take(store, loads(findings, where="findings.json"), datetime.now(UTC))
    return Console(folder)


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A folder with the sample's findings, measures on them and an appeal: what each console is a copy of."""
    sample = _module(Path(__file__).parents[2] / "reports" / "sample.py", "web_browser_sample")
    console = made(tmp_path_factory.mktemp("console") / "template", dumps(to_document(sample.findings())))
    console.stillwatch("policy", "init", "policy.toml", "--from", "strict", "--quiet")
    policy = console.folder / "policy.toml"
    policy.write_text(policy.read_text("utf-8").replace("[[rules]]", f"{_HOLD}\n[[rules]]", 1), "utf-8")
    console.stillwatch("respond", "findings.json", "--apply", "--as", "ana")
    standing = json.loads(console.stillwatch("decisions", "list", "--json"))["standing"]
    decision = next(each["id"] for each in standing if each["campaign"] == "c-91c4e0aa" and each["scope"] == "account")
    appeal = console.stillwatch("appeal", "open", decision, "--text", APPEAL, "--contact", "team@example.com", "--json")
    account = json.loads((console.folder / "findings.json").read_bytes())["campaigns"][0]["accounts"][0]["account_id"]
    draft = json.loads(console.stillwatch("share", "findings.json", "--as", "ana", "--json"))["draft"]
    console.places |= {"case": CASE, "account": account, "decision": decision, "appeal": json.loads(appeal)["id"]}
    console.places |= {"draft": draft}
    with State.open(console.folder / "exchange.sqlite") as state:
        state.mirror.take(MEMBERS, Delivery((Imported(INDICATOR, 1, None, "logged"),), covered=1_790_000_000_000_000))
    return console


@pytest.fixture(scope="module")
def filled(template, tmp_path_factory):
    """A console that the tests of a module look at, and leave as it is."""
    with _copy(template, tmp_path_factory.mktemp("console") / "filled").served() as console:
        yield console


@pytest.fixture
def unserved(template, tmp_path):
    """A console of the test's own, whose settings may still be changed; `with unserved.served() as console:`."""
    return _copy(template, tmp_path / "fresh")


@pytest.fixture
def fresh(unserved):
    """A console of the test's own."""
    with unserved.served() as console:
        yield console


@pytest.fixture
def make(tmp_path):
    """Makes a console of other findings: `with make(text).served() as console:`."""
    return lambda findings, database="": made(tmp_path / "made", findings, database)


@pytest.fixture(scope="module")
def attacked(seeds, tmp_path_factory):
    """A console whose findings are an attack; to look at."""
    sample = _module(Path(__file__).parents[2] / "reports" / "sample.py", "web_browser_sample")
    with made(tmp_path_factory.mktemp("console") / "attacked", seeds.hostile(sample)).served() as console:
        yield console


def _copy(template: Console, folder: Path) -> Console:
    shutil.copytree(template.folder, folder)
    (folder / "stillwatch.toml").write_text(SETTINGS.format(folder=folder), encoding="utf-8")
    return Console(folder, places=template.places)


# --- Chromium ---


@dataclass
class Watched:
    """What the browsers of a test complained of."""

    said: list[str] = field(default_factory=list)
    expected: tuple[int, ...] = ()  # statuses from 500 on that the test means to see

    def watch(self, context, url: str) -> None:
        """Listens to all pages of a context."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self.said.append(f"error: {error.error}"))
        context.on("dialog", lambda dialog: self.said.append(f"dialog: {dialog.message}") or dialog.dismiss())
        context.on("request", lambda request: self._requested(request.url, url))
        context.on("response", self._answered)

    def _console(self, message) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            self.said.append(f"{message.type}: {message.text}")

    def _requested(self, address: str, url: str) -> None:
        if not address.startswith((f"{url}/", "data:", "about:")):
            self.said.append(f"went elsewhere: {address}")

    def _answered(self, response) -> None:
        if (response.status >= 500 and response.status not in self.expected) or (
            response.status >= 400 and response.request.resource_type in {"stylesheet", "script", "image"}
        ):
            self.said.append(f"{response.status}: {response.url}")


@pytest.fixture(scope="module")
def chromium():
    """The browser. Of one module: while it lives, nothing else in this thread may run an event loop."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    arguments = ["--no-sandbox", "--disable-dev-shm-usage"] if os.geteuid() == 0 else ["--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def watched():
    """What browsers complained of; nothing, if the test is to pass."""
    watched = Watched()
    yield watched
    assert watched.said == []


@pytest.fixture
def person(chromium, watched):
    """Opens a browser in which a person is signed in: `person(console, "ana", color_scheme="dark")`; nobody: `None`."""
    contexts = []

    def opened(console, name, **options):
        if name and name not in console.states:
            console.states[name] = _signed_in(chromium, console, name)
        state = {"storage_state": console.states[name]} if name else {}
        context = chromium.new_context(base_url=console.url, **state, **options)
        watched.watch(context, console.url)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        return page

    yield opened
    for context in contexts:
        for page in context.pages:
            if page.evaluate("document.documentElement.dataset.owned || ''"):
                watched.said.append(f"a text ran: {page.url}")
        context.close()


def _signed_in(chromium, console, name):
    context = chromium.new_context(base_url=console.url)
    page = context.new_page()
    console.sign_in(page, name)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def faults():
    """What axe-core says is wrong with a page, by WCAG 2.2 AA and good practice; one line a fault."""

    axe = Axe()

    def found(page):
        result = axe.run(page).response
        return [
            f"{each['id']} ({each['impact']}): {node['target']} {node['html'][:160]}"
            for each in result["violations"]
            for node in each["nodes"][:4]
        ]

    return found
