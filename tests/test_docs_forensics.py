"""The pages about forensics say what the software does: messages, commands, examples, settings, figures, tests."""

import ast
import base64
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from stillwatch import cli
from stillwatch.cli.boundary import run as run_command
from stillwatch.config import load
from stillwatch.forensics.canaries import catalogue
from stillwatch.forensics.canaries.planning import match_rate, needed
from stillwatch.forensics.custody import bundle
from stillwatch.forensics.custody.keys import Keyring
from stillwatch.forensics.leads.identity import QUESTIONS
from stillwatch.forensics.plan import load as load_plan
from stillwatch.forensics.schemes import SCHEMES
from stillwatch.forensics.suspects import prompts
from stillwatch.forensics.suspects.lines import Key as Asked
from stillwatch.forensics.suspects.lines import Received
from stillwatch.forensics.suspects.recording import Transcript
from stillwatch.gateway.canaries import PATIENCE_SECONDS, REFRESH_SECONDS

ROOT = Path(__file__).parents[1]
SOURCE, DOCS = ROOT / "src" / "stillwatch", ROOT / "docs" / "forensics"
RAISED = {"InputError", "ConfigError", "TrustError", "EndpointError", "TranscriptError"}
KEY = "k-0123456789ab"  # stands for a key on the pages


def text(page):
    return (DOCS / page).read_text(encoding="utf-8")


def blocks(page, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", text(page), re.MULTILINE | re.DOTALL)


def block(page, kind, containing):
    (found,) = [each for each in blocks(page, kind) if containing in each]
    return found


def worded(node):
    """A message as the page writes it: what is filled in is an ellipsis; None if it is put together elsewhere."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
    return None


def messages():
    """Everything that forensics and its verbs raise, where the words stand in the call."""
    sources = [*(SOURCE / "forensics").rglob("*.py"), *(SOURCE / "cli").glob("prob*.py")]
    nodes = (node for path in sources for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    calls = (node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
    return {worded(call.args[0]) for call in calls if call.func.id in RAISED and call.args} - {None}


def test_every_message_is_on_the_page():
    found, page = messages(), text("messages.md")
    assert len(found) > 90
    assert [said for said in sorted(found) if f"| {said} |" not in page] == []


def test_every_refusal_of_an_endpoint_is_on_the_page():
    tree = ast.parse((SOURCE / "forensics" / "suspects" / "asking.py").read_text(encoding="utf-8"))
    said = {worded(node) for node in ast.walk(tree) if isinstance(node, ast.Constant | ast.JoinedStr)}
    refusals = sorted(each for each in said if isinstance(each, str) and re.fullmatch(r"The endpoint .*\.", each))
    assert len(refusals) >= 8
    assert [each for each in refusals if f"| {each} |" not in text("messages.md")] == []


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to work in, with settings and keys of its own."""
    for name in [name for name in os.environ if name.startswith(("STILLWATCH_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def keyring(here):
    return Keyring(here / ".config" / "stillwatch" / "keys")


@pytest.fixture
def shell(here):
    """Runs a script of a page; what it printed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def run(script):
        command = ["bash", "-c", f"set -eu\n{script}"]
        environ = os.environ | {"PATH": path}
        done = subprocess.run(command, cwd=here, env=environ, capture_output=True, text=True, check=False, timeout=900)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def run_all(script):
    """The commands of a script, in this process."""
    lines = [shlex.split(line, comments=True) for line in script.splitlines() if line.startswith("stillwatch ")]
    assert lines
    for words in lines:
        assert run_command(cli.stillwatch, words[1:]) == 0, words


def lay(folder, plan):
    """The files that a plan names."""
    (folder / "answers").mkdir()
    for name in re.findall(r"answers/[\w-]+\.jsonl", plan):
        (folder / name).write_text('{"text": "Bread rises."}\n')
    Tokenizer(WordLevel({"Bread": 0})).save(str(folder / "tokenizer.json"))


def test_the_keys_and_the_plan_of_the_page(here, keyring, shell, capsys):
    run_all(block("README.md", "sh", "--campaign c-90d4"))
    key = keyring.records()[0].id
    run_all(block("README.md", "sh", "keys export").replace(KEY, key))
    value = (here / "engine.key").read_text().strip()
    shell(block("README.md", "sh", "watermark.yaml") + block("README.md", "sh", "watermark.json"))
    assert (here / "watermark.yaml").read_text() == f"watermark-config:\n  key: 0x{value}\n  context_width: 2\n"
    assert json.loads((here / "watermark.json").read_text())["key"] == value
    assert all((here / name).stat().st_mode & 0o077 == 0 for name in ("watermark.yaml", "watermark.json"))

    exec(block("README.md", "python", "QUESTIONS"), {})  # noqa: S102 — the page's own
    assert {each.id for each in prompts.read(here / "prompts.jsonl")} > set(QUESTIONS)
    (plan,) = blocks("README.md", "toml")
    lay(here, plan)
    (here / "plan.toml").write_text(plan.replace(KEY, key))
    capsys.readouterr()
    run_all(block("README.md", "sh", "probe plan plan.toml"))
    said = "".join(capsys.readouterr())
    assert "24 questions, at most 30 a minute" in said
    assert "no commitment" not in said
    assert "first exposure" not in said


def test_the_pairs_of_the_page_are_published(here, keyring, capsys):
    pairs = [{"pair_id": f"p-{n}", "first": f"one {n}", "second": f"other {n}"} for n in range(8)]
    (here / "pairs.jsonl").write_text("".join(json.dumps(each) + "\n" for each in pairs))
    run_all(block("README.md", "sh", "--scheme rephrasings"))
    (record,) = keyring.records()
    capsys.readouterr()
    exec(block("README.md", "python", "published").replace(KEY, record.id), {})  # noqa: S102 — the page's own
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(pairs)
    assert all(re.fullmatch(r"p-\d (?:one|other) \d", line) for line in lines)


def test_a_transcript_is_read_without_this_software(here, shell):
    folder = here / "bundle" / "responses"
    folder.mkdir(parents=True)
    with Transcript(folder / "suspect.jsonl", plan="0" * 64) as transcript:
        question = transcript.question(Asked("p-1", 0, "answer"), "https://models.example/v1", b"{}")
        transcript.reply(question, Received(200, {}, '{"said": "Größe"}'.encode(), cut=False, certificate=""))
    assert (folder / "suspect.jsonl").stat().st_mode & 0o777 == 0o600
    assert base64.b64encode(b"{}") in (folder / "suspect.jsonl").read_bytes()
    assert shell(block("README.md", "sh", "b64decode")) == '200 {"said": "Größe"}\n'


def test_every_scheme_has_its_row():
    table = text("README.md").split("## Per engine")[1].split("**vLLM.**")[0]
    assert set(re.findall(r"\| `([\w-]+)` \|", table)) == set(SCHEMES)


def test_every_file_of_a_bundle_is_described():
    constants = [value for name, value in vars(bundle).items() if name.isupper()]
    named = {each for each in constants if isinstance(each, str) and "." in each}
    folders = {f"{name}/" for name in (bundle.FILES, bundle.RESPONSES, bundle.RERUNS)}
    table = text("README.md").split("## The bundle")[1].split("Transcripts hold")[0]
    assert len(named) >= 10
    assert (named | folders) - set(re.findall(r"`([^`]+)`", table)) == set()


def test_every_link_to_a_part_of_a_page_leads_there():
    for page in DOCS.glob("*.md"):
        for target, anchor in re.findall(r"\]\(([\w./-]*)#([\w-]+)\)", page.read_text(encoding="utf-8")):
            where = (page.parent / target).resolve() if target else page
            headings = re.findall(r"^#+ (.*)$", where.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
            assert anchor in slugs, f"{page.name}: {target}#{anchor}"


def test_every_trap_names_a_test_that_there_is():
    named = re.findall(r"`(tests/[\w/]+\.py)`::`(test_\w+)`", text("method.md"))
    assert len(named) >= 12
    assert [name for path, name in named if f"def {name}(" not in (ROOT / path).read_text(encoding="utf-8")] == []


def test_the_figures_of_the_method_are_measured():
    """Every row of its tables stands in the measurements."""
    measured = (ROOT / "docs" / "measurements.md").read_text(encoding="utf-8")
    rows = text("method.md").split("## Measured")[1].split("\n## ")[0].splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows if row.startswith("| ")]
    known = [
        [cell.strip() for cell in row.strip("|").split("|")] for row in measured.splitlines() if row.startswith("|")
    ]
    figures = [row for row in cells if re.search(r"\d", row[-1])]
    assert len(figures) >= 12
    assert [row for row in figures if not any(set(row) <= set(each) for each in known)] == []


def test_how_many_choices_are_needed_is_computed():
    rows = re.findall(r"^\| (\d) \| (\d+) % \| ([\d.]+) \| ([\d,]+) \|$", text("canaries.md"), re.MULTILINE)
    assert len(rows) >= 5
    for n, share, rate, choices in rows:
        assert float(rate) == pytest.approx(match_rate(int(n), int(share) / 100), abs=5e-4)
        assert int(choices.replace(",", "")) == needed(int(n), match_rate(int(n), int(share) / 100), log10_alpha=-6)


def test_the_catalogue_the_settings_and_the_keys_of_the_page(here, keyring, shell):
    shipped = files("stillwatch.forensics.canaries") / "catalogue.toml"
    shell(block("canaries.md", "sh", "cp "))
    assert (here / "catalogue.toml").read_bytes() == shipped.read_bytes()
    settings, slot, test = blocks("canaries.md", "toml")
    with (here / "catalogue.toml").open("a") as file:
        file.write(slot)
    assert catalogue.load(here / "catalogue.toml").slots[-1].in_use
    run_all(block("canaries.md", "sh", "--scheme choices"))
    (here / "stillwatch.toml").write_text(settings)
    config = load(here / "stillwatch.toml", {}).config
    assert config.gateway.canaries == "warn"
    assert config.forensics.catalogue.name == "catalogue.toml"

    (record,) = keyring.records()
    (here / "planted.jsonl").write_text("")
    subject = '[[subjects]]\nid = "s"\nrole = "suspect"\ntexts = ["answers.jsonl"]\n'
    (here / "answers.jsonl").write_text('{"text": "Bees dance."}\n')
    (here / "plan.toml").write_text(f'title = "t"\nauthor = "a"\n{subject}{test.replace(KEY, record.id)}')
    assert load_plan(here / "plan.toml").tests[0].kind == "canaries"
    assert run_command(cli.stillwatch, ["probe", "plan", "plan.toml"]) == 0


def test_the_audit_of_the_page_runs(capsys):
    exec(block("canaries.md", "python", "audit"), {})  # noqa: S102 — the page's own
    assert re.search(r"\d", capsys.readouterr().out)


def test_the_times_of_the_page_are_those_of_the_gateway():
    assert f"within {REFRESH_SECONDS:.0f} seconds" in text("canaries.md")
    assert f"longer than {PATIENCE_SECONDS:.0f} second" in text("canaries.md")


def test_every_decision_about_forensics_is_listed():
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"^\| \[(\d{4})\]\((.*)\) \|", (folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for _, name in listed] == sorted(path.name for path in folder.glob("0*.md"))
    assert all(int(after) == int(before) + 1 for (before, _), (after, _) in pairwise(listed))


@pytest.mark.slow
def test_the_rehearsal_of_the_page(here, shell):
    """From nothing to a grade; then somebody else's look at it, and one changed byte."""
    said = shell(block("README.md", "sh", "probe rehearse"))
    assert "The bundle holds." in said
    assert "were computed anew from the raw answers" in said
    document = json.loads((here / "bundle" / "verdict.json").read_text())
    assert document["grade"] == "shown"
    assert [each["id"] for each in document["campaigns"] if each["reached"]] == ["campaign-1"]
    assert "campaign-1" in (here / "verdict.html").read_text()

    signer = re.search(r"Signed by (\w+)", said)[1]
    shutil.make_archive("bundle", "zip", here, "bundle")
    verify = block("README.md", "sh", "--authority").replace("0123456789abcdef", signer)
    assert "The bundle holds." in shell(verify.replace(" --authority authority.pem", ""))
    (changed,) = (here / "bundle" / "files").glob("*-suspect.jsonl")
    changed.write_bytes(changed.read_bytes().replace(b" a", b" b", 1))
    assert run_command(cli.stillwatch, ["probe", "verify", "bundle"]) == 4
