import json
import stat
import tomllib
from pathlib import Path

import pytest
import stix2

from stillwatch.forensics.canaries.planning import needed

SCHEME = ("--scheme", "vllm-gumbel-philox4x32-10-v1")


@pytest.fixture
def made(run):
    """A key of a campaign."""
    return run("probe", "keys", "make", "--campaign", "c-1f09", "--epoch", "2026-q4", *SCHEME, "--width", 2).out.strip()


def test_a_key_is_made_committed_to_exposed_and_retired(run, made, tmp_path):
    committed = run("probe", "keys", "commit", "--json")
    assert committed.code == 0
    head = json.loads(committed.out)
    assert (head["size"], len(head["root"])) == (1, 64)
    assert run("probe", "keys", "expose", made, "--at", "2026-12-01").code == 0
    assert run("probe", "keys", "retire", made, "--reason", "the quarter is over").code == 0

    (told,) = json.loads(run("probe", "keys", "list", "--json").out)
    assert (told["id"], told["campaign"], told["committed"]) == (made, "c-1f09", True)
    assert told["exposed"].startswith("2026-12-01")
    assert told["reason"] == "the quarter is over"
    assert made in run("probe", "keys", "list").out
    assert (tmp_path / "xdg-config" / "stillwatch" / "keys" / "root").exists()


def test_a_commitment_comes_with_what_an_authority_is_asked(run, made, tmp_path):
    run("probe", "keys", "commit")

    assert made
    (query,) = (tmp_path / "xdg-config" / "stillwatch" / "keys" / "commitments").glob("*.tsq")
    assert query.read_bytes()[0] == 0x30  # DER


def test_a_key_is_written_into_a_file_of_its_owner_and_shown_nowhere(run, made, tmp_path):
    ran = run("probe", "keys", "export", made, "engine.key")

    value = (tmp_path / "engine.key").read_text().strip()
    assert len(value) == 16
    assert stat.S_IMODE((tmp_path / "engine.key").stat().st_mode) == 0o600
    assert value not in ran.out + ran.err + run("probe", "keys", "list", "--json").out
    assert run("probe", "keys", "export", made, "engine.key").code == 1


def test_wide_contexts_are_warned_of(run):
    ran = run("probe", "keys", "make", "--epoch", "1", *SCHEME, "--width", 4)

    assert ran.code == 0
    assert "Take 2" in ran.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--scheme", "vllm-gumbel"), "Did you mean vllm-gumbel-philox4x32-10-v1"),
        ((*SCHEME,), "needs width"),
        ((*SCHEME, "--width", 2, "--gamma", 0.5), "no gamma"),
    ],
)
def test_a_key_for_no_scheme_is_not_made(run, options, says, tmp_path):
    ran = run("probe", "keys", "make", "--epoch", "1", *options)

    assert ran.code in {1, 2}
    assert says in ran.err
    assert not (tmp_path / "xdg-config" / "stillwatch" / "keys").exists()


def test_choices_need_no_engine(run, tmp_path):
    (tmp_path / "catalogue.toml").write_text("# ours")
    ran = run("probe", "keys", "make", "--epoch", "1", "--scheme", "choices", "--file", "catalogue.toml", "--json")

    assert len(json.loads(ran.out)["parameters"]["file"]) == 64


def test_a_key_that_is_not_there(run):
    ran = run("probe", "keys", "expose", "k-000000000000")

    assert ran.code == 2
    assert "no such key" in ran.err


def test_the_catalogue_that_comes_along_keeps_its_laws(run):
    told = json.loads(run("probe", "canaries", "check", "--json").out)

    assert told["in_use"] > 0


def test_how_many_choices_are_needed(run):
    one, hundred = (
        json.loads(run("probe", "canaries", "need", "--rate", "0.6", "--keys", keys, "--json").out)["needed"]
        for keys in (1, 100)
    )
    assert one == needed(2, 0.6, log10_alpha=-6)
    assert 1.2 < hundred / one < 1.4
    assert run("probe", "canaries", "need", "--rate", "0.4").code != 0


@pytest.mark.parametrize("verb", ["verify", "show"])
def test_what_is_no_bundle_is_said(run, verb, tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")

    assert run("probe", verb, "absent").code in {1, 4}
    ran = run("probe", verb, "notes.txt")
    assert ran.code in {1, 4}
    assert "no bundle" in ran.err


def test_settings_name_the_keys(run, tmp_path):
    (tmp_path / "stillwatch.toml").write_text('[forensics]\nkeys = "ours"\n')
    assert tomllib.loads((tmp_path / "stillwatch.toml").read_text())

    run("probe", "keys", "make", "--epoch", "1", *SCHEME, "--width", 2)
    assert (tmp_path / "ours" / "root").exists()


def test_what_other_providers_may_be_told_of_a_verdict(run, tmp_path):
    golden = Path(__file__).parents[1] / "forensics" / "golden" / "verdict.json"
    identity = "identity--3f0e1c2a-8d8f-5c43-9e5e-2f6a7b8c9d10"

    assert "exchange.identity" in run("probe", "show", golden, "-f", "stix").err
    (tmp_path / "stillwatch.toml").write_text(f'[exchange]\nidentity = "{identity}"\n')
    ran = run("probe", "show", golden, "-f", "stix", "--tlp", "red")

    told = stix2.parse(ran.out)
    note = next(each for each in told.objects if each["type"] == "note")
    assert note["created_by_ref"] == identity
    suspect = json.loads(golden.read_text())["suspect"]
    assert suspect not in ran.out
    assert "TLP:RED" in ran.out
