"""The pages about the response say what the software does: answers, counts, metrics, files of deploy/, first steps."""

import json
import os
import re
import socket
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stillwatch.config import ResponseConfig, load
from stillwatch.gateway import answers
from stillwatch.response import appeals
from stillwatch.response.decide import Verdict
from stillwatch.response.model import Rung
from stillwatch.response.policy import cases
from stillwatch.response.policy.policy import Urls
from stillwatch.response.policy.policy import load as load_policy
from stillwatch.watch.metrics import SERIES

ROOT = Path(__file__).parents[1]
SOURCE, DOCS, DEPLOY = ROOT / "src" / "stillwatch", ROOT / "docs" / "response", ROOT / "deploy"
PAGES = sorted(DOCS.glob("*.md"))
URLS = Urls(
    appeal="https://provider.example/appeal?decision=",
    terms="https://provider.example/terms",
    verify="https://provider.example/verify",
)
QUOTED = [
    (page.name, file, text)
    for page in PAGES
    for file, text in re.findall(r"^```\w+ (deploy/\S+)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
]
SHOWN = re.findall(r"^```http (\w+) ?(\w*)\n(.*?)^```$", (DOCS / "rungs.md").read_text(), re.MULTILINE | re.DOTALL)
NOW, UNTIL = datetime(2026, 3, 1, 9, 20, tzinfo=UTC).timestamp(), datetime(2026, 3, 8, 9, tzinfo=UTC).timestamp()


def blocks(page, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("page", "file", "text"), QUOTED, ids=lambda value: str(value)[:40])
def test_what_is_quoted_of_deploy_is_the_file(page, file, text):
    lines, quoted = (ROOT / file).read_text().splitlines(), text.splitlines()
    windows = (lines[start : start + len(quoted)] for start in range(len(lines)))
    assert any(textwrap.dedent("\n".join(window)) == "\n".join(quoted) for window in windows), f"{page}: {file}"


def test_every_configuration_of_a_gateway_is_quoted():
    folders = ("litellm", "vllm", "envoy", "nginx-gateway")
    shipped = {f"deploy/{folder}/{path.name}" for folder in folders for path in (DEPLOY / folder).iterdir()}
    assert {file for _, file, _ in QUOTED} == shipped


def shown(rung, style):
    """What the code answers, as the page writes it."""
    policy = load_policy(None).model_copy(update={"urls": URLS})
    action = next(each for each in Rung if each.word == rung)
    status = {Rung.BUDGET: 429, Rung.VERIFY: 403, Rung.HOLD: 403}.get(action, 0)
    wait = 2400 if status == 429 else int(UNTIL - NOW)
    reason, limits = "coordinated_extraction", policy.limits(action)
    verdict = Verdict(action, status, "d-3f9a0c1b2d4e", "c-1f09", reason, UNTIL, wait, limits)
    if not status:
        return "".join(lines(answers.headers(verdict, policy.gate(), NOW)))
    status, headers, body = answers.answer(verdict, style, policy.gate(), NOW)
    return f"HTTP {status}\n{''.join(lines(headers))}\n{json.dumps(json.loads(body), indent=2)}\n"


def lines(headers):
    names = {name: name.title().replace("Ratelimit", "RateLimit") for name in headers}
    return [f"{names[name]}: {value}\n" for name, value in headers.items()]


@pytest.mark.parametrize(("rung", "style", "text"), SHOWN, ids=[rung for rung, _, _ in SHOWN])
def test_the_answers_are_those_of_the_code(rung, style, text):
    assert text == shown(rung, style)


def test_every_rung_that_a_client_notices_is_shown():
    assert [rung for rung, _, _ in SHOWN] == [rung.word for rung in Rung if rung > Rung.OBSERVE]


def test_the_rungs_are_those_of_the_default_policy():
    policy = load_policy(None)
    rows = re.findall(
        r"^\| (\w+) \| [^|]+\| [^|]+\| ([^|]+) \| (\d+) h \|$", (DOCS / "rungs.md").read_text(), re.MULTILINE
    )
    said = {rung: (free, float(hours)) for rung, free, hours in rows}
    assert {rung: hours for rung, (_, hours) in said.items()} == {
        rung.word: table.hours for rung, table in policy.rungs.items()
    }
    for rung, table in policy.rungs.items():
        free = said[rung.word][0]
        if policy.needs_person(rung):
            assert free.startswith("never: a person signs")
        elif rung > Rung.OBSERVE:
            assert free == f"{table.accounts_an_hour} accounts an hour"


def counted():
    """The names under which gateways count; what is filled in is a star."""
    written = re.compile(
        r"""count\((?:self, )?f?"([^"]+)"|fault(?:, |=| = |: str = )"(\w+)"|return "(too_large|\w+_off)\""""
        r"""|else "(\w+\.\w+)"\)"""
    )
    sources = [path.read_text() for path in (SOURCE / "gateway").rglob("*.py")]
    found = [match for text in sources for match in written.finditer(text)]
    names = {
        name or second or f"fault.{fault or other}"
        for name, fault, other, second in (match.groups() for match in found)
    }
    return {re.sub(r"\{[^}]*\}", "*", name) for name in names}


def test_the_counts_are_those_of_the_code():
    table = (DOCS / "rungs.md").read_text().split("| event | |")[1]
    cells = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    said = {re.sub(r"<\w+>", "*", name) for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    kinds = {"failed_open": "failed_*", "failed_closed": "failed_*", "shown.*": "*.*", "spared.*": "*.*"}
    named = {kinds.get(name, name) for name in said}
    assert counted() - {"fault.*"} - named == set()
    assert named - counted() - {"fault.failed", "fault.no_account", "fault.unreadable", "fault.encoded"} == set()


def test_the_metrics_are_those_of_the_code():
    table = (DOCS / "watch.md").read_text().split("| metric | labels | |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) ?\| (.+) \|$", table, re.MULTILINE)
    said = [(name, tuple(label for label in labels.strip().split(", ") if label)) for name, labels, _ in rows]
    assert said == [(name, labels) for name, (_, labels, _) in SERIES.items()]


def test_the_policy_on_the_page_is_one_and_passes_its_cases(tmp_path):
    policy, examples = blocks("policy.md", "toml")
    (tmp_path / "policy.toml").write_text(policy)
    (tmp_path / "policy.cases.toml").write_text(examples)
    loaded = load_policy(tmp_path / "policy.toml")
    results = cases.run(loaded, cases.load_cases(tmp_path / "policy.cases.toml"), datetime.now(UTC))
    assert [result.says for result in results if not result.passed] == []


def test_cedar_on_the_page_decides_in_place_of_the_rules(tmp_path):
    policy, examples = blocks("policy.md", "toml")
    (cedar,) = blocks("policy.md", "cedar")
    head, _, rest = policy.partition("[[rules]]")
    (tmp_path / "policy.toml").write_text(
        f'{head}[decider]\ncedar = "policy.cedar"\n\n[exempt]{rest.partition("[exempt]")[2]}'
    )
    (tmp_path / "policy.cedar").write_text(cedar)
    (tmp_path / "policy.cases.toml").write_text(examples.replace('"class"', '"one-customer"'))
    loaded = load_policy(tmp_path / "policy.toml")
    results = cases.run(loaded, cases.load_cases(tmp_path / "policy.cases.toml"), datetime.now(UTC))
    assert [result.says for result in results if not result.passed] == []


def test_the_settings_on_the_pages_are_settings(tmp_path):
    (text,) = blocks("watch.md", "toml")
    (tmp_path / "stillwatch.toml").write_text(text)
    assert load(tmp_path / "stillwatch.toml", {}).config.watch.mail_to == ("abuse@provider.example",)


def test_the_terms_of_an_appeal_are_those_of_the_code():
    page, settings = (DOCS / "appeals.md").read_text(), ResponseConfig()
    assert f"`response.appeal_days` ({settings.appeal_days})" in page
    assert f"`response.exempt_days` ({settings.exempt_days})" in page
    assert f"1 to {appeals.MOST_TEXT:,} characters" in page


def test_the_middleware_on_the_page_is_added():
    (example,) = blocks("vllm.md", "python")
    told = {}
    exec(example, told)  # noqa: S102 — the page's own
    assert [each.cls for each in told["app"].user_middleware] == [told["Guard"]]


@pytest.mark.slow
def test_the_first_steps_run(tmp_path, unused_port):
    """The page's own commands; then the watch, which finds what the scan found."""
    script = "".join(blocks("README.md", "sh")).replace("8089", str(unused_port)) + blocks("watch.md", "sh")[0]
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("STILLWATCH_", "XDG_"))}
    environ = kept | {"PATH": programs, "HOME": str(tmp_path)}
    whole = f"set -eu\ngateway=\ntrap '[ -z \"$gateway\" ] || kill $gateway 2>/dev/null || true' EXIT\n{script}"
    done = subprocess.run(
        ["bash", "-c", whole], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^HTTP/1.1 (\d+)", done.stdout, re.MULTILINE) == ["200", "403", "200"]
    assert '"code":"verification_required"' in done.stdout
    assert (tmp_path / "checkpoint.txt").read_text().startswith("stillwatch ledger")
    scanned, live = (json.loads((tmp_path / name).read_text()) for name in ("demo/findings.json", "live.json"))
    assert [(c["id"], c["bits"]) for c in live["campaigns"]] == [(c["id"], c["bits"]) for c in scanned["campaigns"]]


@pytest.fixture
def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
