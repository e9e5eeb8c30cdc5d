import json
from pathlib import Path

import pytest


def test_init_makes_a_policy_whose_cases_pass(run):
    made = run("policy", "init")
    assert (made.code, made.err) == (0, "made policy.toml\nmade policy.cases.toml\n")
    tested = run("policy", "test", "policy.toml")
    assert tested.code == 0
    assert "of" in tested.err
    assert "failed" not in tested.out


def test_init_writes_nothing_over(run):
    Path("policy.cases.toml").write_text("mine", encoding="utf-8")
    refused = run("policy", "init")
    assert refused.code == 2
    assert "policy.cases.toml: is there already" in refused.err
    assert not Path("policy.toml").exists()
    assert Path("policy.cases.toml").read_text(encoding="utf-8") == "mine"


def test_the_strict_policy_can_be_started_from(run):
    assert run("policy", "init", "mine.toml", "--from", "strict", "-q").code == 0
    shown = json.loads(run("policy", "show", "mine.toml", "--json").out)
    assert shown["recognised"]["most"] == 4
    assert run("policy", "test", "mine.toml").code == 0


def test_test_names_what_fails_and_exits_with_1(run):
    run("policy", "init")
    policy = Path("policy.toml")
    policy.write_text(policy.read_text("utf-8").replace('then = "cap"', 'then = "warn"', 1), "utf-8")
    tested = run("policy", "test", "policy.toml")
    assert tested.code == 1
    assert "failed: a campaign of four requests an account: expected cap" in tested.out
    told = json.loads(run("policy", "test", "policy.toml", "--json").out)
    assert [case["name"] for case in told if not case["passed"]]


def test_without_a_file_it_is_the_settings_policy_then_the_packaged(run):
    assert "comes with stillwatch" in run("policy", "show").out
    run("policy", "init", "mine.toml")
    Path("stillwatch.toml").write_text('[response]\npolicy = "mine.toml"\n', encoding="utf-8")
    assert "mine.toml, digest" in run("policy", "show").out


def test_show_tells_rules_and_who_signs(run):
    out = run("policy", "show").out
    assert "an innocent explanation fits" in out
    assert "none: a person signs" in out


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('version = 1\nrules = [{name="a", then="verfy"}]', "did you mean 'verify'"),
        ("version = 1\n[[", "is not TOML"),
        (b"\xff", "is not TOML"),
    ],
)
def test_a_policy_that_is_none_is_one_line_and_exit_2(run, text, says):
    Path("policy.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    for verb in (("policy", "show", "policy.toml"), ("policy", "test", "policy.toml")):
        refused = run(*verb)
        assert refused.code == 2
        assert says in refused.err
        assert refused.err.count("\n") == 1


def test_a_policy_without_cases_says_where_they_belong(run):
    run("policy", "init")
    Path("policy.cases.toml").unlink()
    refused = run("policy", "test", "policy.toml")
    assert refused.code == 2
    assert "policy.cases.toml" in refused.err
