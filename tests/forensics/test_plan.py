import json
import math
from datetime import UTC, datetime

import pytest

from stillwatch.errors import InputError
from stillwatch.forensics.plan import digest_of, load, loads
from stillwatch.signing import canonical

NOW = datetime(2026, 11, 2, tzinfo=UTC)
PLAN = """
title = "Is it ours?"
author = "A. Examiner"
prompts = "prompts.jsonl"

[[subjects]]
id = "suspect"
role = "suspect"
endpoint = {url = "https://models.example/v1", model = "parrot-7b"}

[[subjects]]
id = "control-01"
role = "control"
texts = ["texts/control.jsonl"]
released = 2024-01-01

[[tests]]
name = "closed"
kind = "closed"
scheme = "greenlist-philox-v1"
width = 2
gamma = 0.25
keys = ["k-0123456789ab"]
tokenizer = "tokenizer.json"
"""


@pytest.fixture
def written(tmp_path):
    (tmp_path / "texts").mkdir()
    for name in ("prompts.jsonl", "texts/control.jsonl", "tokenizer.json"):
        (tmp_path / name).write_text(f"what {name} says")

    def write(text=PLAN):
        path = tmp_path / "plan.toml"
        path.write_text(text)
        return path

    return write


def test_digests_are_put_in_and_the_plan_reads_back_as_it_was(written, tmp_path):
    plan = load(written(), NOW)

    assert {file.sha256 for file in plan.files} == {
        digest_of(tmp_path / name) for name in ("prompts.jsonl", "texts/control.jsonl", "tokenizer.json")
    }
    again = loads(plan.text)
    assert again.digest == plan.digest
    assert again.made == NOW


def test_all_keys_share_the_error_rate(written):
    keys = 'keys = ["k-0123456789ab"]'
    four = keys.replace('"]', '", "k-0123456789ac", "k-0123456789ad", "k-0123456789ae"]')

    assert load(written(), NOW).log10_alpha == pytest.approx(-6)
    assert load(written(PLAN.replace(keys, four)), NOW).log10_alpha == pytest.approx(math.log10(1e-6 / 4))


def test_a_file_that_changes_changes_the_plan(written, tmp_path):
    before = load(written(), NOW).digest
    (tmp_path / "prompts.jsonl").write_text("other prompts")

    assert load(written(), NOW).digest != before


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("alpa = 1e-6\n", "alpa"), "Did you mean alpha?"),
        (("alpha = 0.5\n", "alpha"), "alpha"),
        (('made = "yesterday"\n', "made"), "made"),
    ],
)
def test_a_setting_that_is_unknown_or_wrong_is_named(written, change, says):
    with pytest.raises(InputError, match=change[1]) as caught:
        load(written(change[0] + PLAN))

    assert says in str(caught.value)


def test_an_unknown_setting_of_a_part_names_the_nearest(written):
    with pytest.raises(InputError, match=r"tests\.0\.tokeniser.*Did you mean tokenizer"):
        load(written(PLAN.replace('tokenizer = "', 'tokeniser = "')))


@pytest.mark.parametrize("path", ["/etc/hostname", "../prompts.jsonl", "absent.jsonl"])
def test_files_lie_beside_the_plan(written, path):
    with pytest.raises(InputError, match="file of the plan"):
        load(written(PLAN.replace('"prompts.jsonl"', f'"{path}"')))


def test_a_digest_that_a_person_wrote_is_held_against_the_file(written):
    wrong = f'{{path = "prompts.jsonl", sha256 = "{"0" * 64}"}}'

    with pytest.raises(InputError, match="not the one that the plan names"):
        load(written(PLAN.replace('"prompts.jsonl"', wrong)))


def test_what_is_no_plan_is_said(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "absent.toml")
    (tmp_path / "plan.toml").write_text("title = ")
    with pytest.raises(InputError, match="not TOML"):
        load(tmp_path / "plan.toml")
    with pytest.raises(InputError, match="plan is wrong"):
        loads("[]")


def test_a_plan_without_digests_is_no_sealed_plan(written):
    plan = load(written(), NOW)

    with pytest.raises(InputError, match="without its SHA-256"):
        loads(plan.text.replace(b'"sha256":"' + plan.prompts.sha256.encode() + b'"', b'"sha256":null'))


def test_a_plan_that_was_sealed_before_there_was_a_setting_keeps_its_digest(written):
    said = json.loads(load(written(), NOW).text)
    before = {name: value for name, value in said.items() if name != "wrong_keys"}
    before["tests"] = [{name: value for name, value in test.items() if name != "rule"} for test in before["tests"]]
    plan = loads(canonical(before))
    assert (plan.text, plan.wrong_keys) == (canonical(before), 300)


@pytest.mark.parametrize(
    "url",
    [
        "https://",
        "https://a:b@models.example/v1",
        "https://models.example/v1?key=x",
        "https://[::1",
        "https://host:x/v1",
    ],
)
def test_an_address_that_holds_a_secret_or_is_none_is_not_published(written, url):
    with pytest.raises(InputError, match="endpoint") as caught:
        load(written(PLAN.replace("https://models.example/v1", url)), NOW)
    assert "a:b" not in str(caught.value)


def test_one_key_does_not_count_twice(written):
    twice = PLAN.replace('keys = ["k-0123456789ab"]', 'keys = ["k-0123456789ab", "k-0123456789ab"]')
    with pytest.raises(InputError, match="named twice"):
        load(written(twice), NOW)
