"""The concept, evidence and look-alike pages say what the code does."""

import ast
import importlib
import json
import re
import tomllib
from pathlib import Path

import pytest

from stillwatch.campaigns.scan import COLUMNS
from stillwatch.campaigns.score import GROUPS
from stillwatch.profiles.state import FIELDS
from stillwatch.traffic import Key, Rejects, open_requests
from stillwatch.traffic.readers import bodies, gateway, known, langfuse, litellm, otel, spendlogs
from stillwatch.traffic.schema import ACCOUNTS, REQUESTS

ROOT = Path(__file__).parents[1]
DOCS, SOURCE = ROOT / "docs", ROOT / "src" / "stillwatch"
FAMILIES = sorted(family for families, _ in GROUPS.values() for family in families)
SLUGS = re.findall(r'Lookalike\("([a-z-]+)"', (SOURCE / "campaigns" / "lookalikes.py").read_text(encoding="utf-8"))
CONSTANT = re.compile(r"^\| `([a-z_.]+)\.([A-Z_]+)` \| (\S+) \|", re.MULTILINE)
CONSTANTS = sorted(
    (str(page.relative_to(DOCS)), *found)
    for page in DOCS.rglob("*.md")
    for found in CONSTANT.findall(page.read_text(encoding="utf-8"))
)


def text(*names):
    return (DOCS.joinpath(*names)).read_text(encoding="utf-8")


def block(page, kind):
    return re.search(rf"^```{kind}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[1]


def flowing(page):
    """The page on one line, quotation marks of paragraphs left out."""
    return " ".join(re.sub(r"^> ?", "", page, flags=re.MULTILINE).split())


def spoken(module):
    """The fixed pieces of the sentences that a module says."""
    tree = ast.parse((SOURCE / "campaigns" / module).read_text(encoding="utf-8"))
    formatted = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    pieces = [part.value.strip() for node in formatted for part in node.values if isinstance(part, ast.Constant)]
    return [" ".join(piece.split()) for piece in pieces if len(piece) > 20]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_of_evidence_has_its_page(family):
    page = text("evidence", f"{family}.md")
    heading = page.splitlines()[0].removeprefix("# ").lower().replace("-", "_")
    assert heading == family
    assert f"({family}.md)" in text("evidence", "README.md")
    group = next(name for name, (families, _) in GROUPS.items() if family in families)
    assert f"roup *{group}*" in page, "a page names the group of its family"
    for section in ("sees", "misses", "innocent looks like it", "speaks against it", "AML.T"):
        assert section in page.replace("*Sees*", "sees"), section


@pytest.mark.parametrize("slug", SLUGS)
def test_every_lookalike_has_its_page(slug):
    page = text("lookalikes", f"{slug}.md")
    assert page.splitlines()[0] == f"# {slug.replace('-', ' ').capitalize()}"
    assert f"Slug `{slug}`" in page
    assert f"({slug}.md)" in text("lookalikes", "README.md")
    assert all(
        f"**{part}" in page for part in ("Why it looks guilty", "What tells it apart", "Fits if", "Where it fails")
    )


def test_no_page_is_of_something_that_is_gone():
    pages = {page.stem for folder in ("evidence", "lookalikes") for page in (DOCS / folder).glob("*.md")}
    assert pages == {*FAMILIES, *SLUGS, "README"}


def test_every_innocent_scenario_is_in_the_table():
    table = text("lookalikes", "README.md")
    scenarios = [path.stem for path in sorted((ROOT / "tests" / "scenarios" / "innocent").glob("*.toml"))]
    rows = re.findall(r"^\| L(\d+) .*\| `([\w-]+)` \|$", table, re.MULTILINE)
    assert [scenario for _, scenario in rows] == scenarios
    assert [int(number) for number, _ in rows] == [int(name[1:3]) for name in scenarios]


@pytest.mark.parametrize(("page", "module", "name", "value"), CONSTANTS)
def test_constants_on_pages_are_those_of_the_code(page, module, name, value):
    assert str(getattr(importlib.import_module(f"stillwatch.{module}"), name)) == value, page


@pytest.mark.parametrize("module", ["client", "content", "elsewhere", "shared_keys", "text", "time"])
def test_example_sentences_are_those_that_the_evidence_says(module):
    pages = flowing(" ".join(path.read_text(encoding="utf-8") for path in (DOCS / "evidence").glob("*.md")))
    pieces = spoken(f"evidence/{module}.py")
    assert pieces
    assert [piece for piece in pieces if piece not in pages] == []


def test_example_sentences_are_those_that_the_lookalikes_say():
    pages = flowing(" ".join(path.read_text(encoding="utf-8") for path in (DOCS / "lookalikes").glob("*.md")))
    pieces = spoken("lookalikes.py")
    assert pieces
    assert [piece for piece in pieces if piece not in pages] == []


def test_the_concept_draws_the_layers_that_are_checked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    assert block(text("concepts.md"), "layers").splitlines() == layers


def test_the_concept_says_what_is_built_and_what_is_planned():
    rows = re.findall(r"^\| (`[^|]+`) \|[^|]+\| ([^|]+) \|$", text("concepts.md"), re.MULTILINE)
    said = {name.rstrip("/"): state.split(";")[0] for names, state in rows for name in re.findall(r"`([^`]+)`", names)}
    there = {path.name for path in SOURCE.iterdir() if not path.name.startswith(("_", "."))} - {"py.typed"}
    assert {name for name, state in said.items() if state == "built"} == there
    assert {name for name, state in said.items() if state == "planned"} & there == set()


def test_the_concept_lists_the_groups_and_their_caps():
    rows = [line.rsplit(maxsplit=1) for line in block(text("concepts.md"), "groups").splitlines()]
    said = {row.split(maxsplit=1)[0]: (tuple(row.split(maxsplit=1)[1].split(", ")), float(most)) for row, most in rows}
    assert {group: (tuple(f.strip() for f in families), most) for group, (families, most) in said.items()} == GROUPS


def test_the_size_of_a_profile_is_as_said():
    size = sum(dtype().itemsize * length for dtype, length, _ in FIELDS.values())
    assert f"A profile is {size} bytes" in text("concepts.md")


def test_the_threat_model_says_which_planted_scenarios_are_found_and_which_are_missed():
    tests = ast.parse((ROOT / "tests" / "campaigns" / "test_scenarios.py").read_text(encoding="utf-8"))
    assigned = {
        n.targets[0].id: n.value for n in tests.body if isinstance(n, ast.Assign) and hasattr(n.targets[0], "id")
    }
    found = ast.literal_eval(assigned["FOUND"])
    planted = {path.stem for path in (ROOT / "tests" / "scenarios" / "planted").glob("*.toml")}
    page = text("threat-model.md").split("| V1 |")[1].split("## stillwatch itself")[0]
    groups = re.findall(r"\*?\*?(found|missed)\*?\*?[^|(,]*\(([^)]*)\)", page)
    said = {name: verdict for verdict, names in groups for name in re.findall(r"`([\w-]+)`", names)}
    assert said == {name: "found" if name in found else "missed" for name in planted}
    assert f"{len(found)} of {len(planted)} are found" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_column_is_described_and_whether_it_is_used():
    page = text("formats.md")
    requests, accounts = page.split("## The accounts table")
    rows = dict(re.findall(r"^\| \**`(\w+)`\** \|[^|]*\| (yes|no) \|", requests, re.MULTILINE))
    assert rows == {name: "yes" if name in COLUMNS else "no" for name in REQUESTS.names}
    described = re.findall(r"^\| \**`(\w+)`\** \|", accounts.split("## Formats")[0], re.MULTILINE)
    assert described == ACCOUNTS.names


@pytest.mark.parametrize("reader", known(), ids=lambda reader: reader.name)
def test_every_format_is_described(reader):
    assert f"### `{reader.name}`" in text("formats.md")


@pytest.mark.parametrize("reader", [bodies, gateway, langfuse, litellm, otel, spendlogs])
def test_every_place_that_a_reader_looks_at_is_described(reader):
    tables = {name: value for name, value in vars(reader).items() if re.fullmatch(r"_[A-Z_]+", name)}
    places = {
        (column, place)
        for table in tables.values()
        if isinstance(table, dict)
        for column, names in table.items()
        if isinstance(names, tuple)
        for place in names
    }
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", text("formats.md"), re.MULTILINE)
    described = {(column, place) for column, cell in rows for place in re.findall(r"`([^`]+)`", cell)}
    assert places
    assert places - described == set()


def test_the_mapping_on_the_page_reads_the_record_on_the_page(tmp_path):
    page = text("formats.md").split("## Any other log")[1]
    mapping, log = tmp_path / "mapping.toml", tmp_path / "log.jsonl"
    mapping.write_text(block(page, "toml"))
    log.write_text(json.dumps(json.loads(block(page, "json"))))
    rejects = Rejects()
    source = open_requests([str(log)], rejects=rejects, key=Key.ephemeral(), mapping=mapping)
    (row,) = [row for batch in source.batches() for row in batch().to_pylist()]
    assert rejects.count == 0
    mapped = tomllib.loads(mapping.read_text())["columns"]
    assert {name for name, value in row.items() if value is not None} == mapped.keys()
    assert (row["account_id"], row["request_temperature"], row["usage_output_tokens"]) == ("c1", 0.2, 412)
    assert row["input_messages"] == [{"role": "user", "content": "Why is the sky blue?"}]
    assert row["client_address"].startswith("addr_")
