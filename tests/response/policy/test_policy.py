import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import ConfigError
from stillwatch.response.model import Limits, Rung
from stillwatch.response.policy.policy import PACKAGED, load, packaged

NOW = datetime(2026, 11, 2, tzinfo=UTC)
RULE = """
[[rules]]
name = "all"
then = "observe"
"""


def refused(policy_of, text):
    with pytest.raises(ConfigError) as error:
        policy_of(text)
    assert "policy.toml" in str(error.value)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("name", PACKAGED)
def test_the_packaged_policies_are_in_order(name):
    assert load(packaged(name)).rules


def test_without_a_file_it_is_the_default():
    assert load(None).digest == load(packaged("default")).digest


def test_the_default_leaves_what_is_above_cap_to_a_person():
    policy = load(None)
    assert [rung for rung in Rung if policy.needs_person(rung)] == [Rung.BUDGET, Rung.VERIFY, Rung.HOLD]
    assert policy.recognised.most == Rung.CAP


def test_hold_needs_a_person_whatever_is_said(policy_of):
    assert policy_of(RULE).needs_person(Rung.HOLD)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[rules]]\nname="a"\nthen="verfy"', "rules.1 (a).then: unknown action 'verfy'; did you mean 'verify'?"),
        ('[[rules]]\nname="a"\nthen="warn"\nseverty=["high"]', "unknown key 'severty'; did you mean 'severity'?"),
        ('[[rules]]\nname="a"\nthen="warn"\nseverity=["hihg"]', "unknown severity 'hihg'; did you mean 'high'?"),
        ('[[rules]]\nname="a"\nthen="warn"\nfamily=["country"]', "unknown family 'country'"),
        ('[[rules]]\nname="a"\nthen="warn"\nlookalike=["klass"]', "did you mean 'class'?"),
        ('[[rules]]\nname="a"\nthen="warn"\nreason="spite"', "unknown reason 'spite'"),
        ('[[rules]]\nname="a"\nthen="warn"\nfamilies=2', "rules.1 (a).families"),
        ('[[rules]]\nname="a"\nthen="verify"', "rules.1 (a): verify needs two independent families"),
        ('[[rules]]\nname="a"\nthen="budget"\nfamilies={least=1}', "budget needs two independent families"),
        ('[[rules]]\nname="a"\nthen="verify"\nfamilies={least=2}\nreason="unspecified"', "a reason that can be told"),
        ('[[rules]]\nname="a"\nthen="warn"\norigin=["own", "imported"]', "imported evidence alone is never a reason"),
        (f'{RULE}\n[[rules]]\nname="b"\nthen="warn"', "rules.2 (b): is never reached, rules.1 (all) comes first"),
        (
            (
                '[[rules]]\nname="a"\nthen="warn"\nfamilies={least=1}\n'
                '[[rules]]\nname="b"\nthen="cap"\nfamilies={least=2, most=3}\nseverity=["high"]'
            ),
            "rules.2 (b): is never reached",
        ),
        (f'{RULE}\n[[declared]]\norganization="o"\nwhat="x"', "declared.1.until: field required"),
        (f'{RULE}\n[[declared]]\nwhat="x"\nuntil=2027-01-01', "names an organization or an account"),
        ("", "either rules decide or [decider] does"),
        (f'{RULE}\n[exmpt]\naccounts=["a"]', "unknown key 'exmpt'; did you mean 'exempt'?"),
        ("version = 1", "recognised: field required"),
        ("version = 2", "version: input should be 1"),
        ("version = 1\n[", "is not TOML"),
        (
            (
                'version=1\n[rungs.observe]\nhours=1\n[rungs.hold]\nhours=1\nperson=false\n[recognised]\nmost="observe"\n'
                f"hours=1{RULE}"
            ),
            "rungs.hold.person: hold is always signed",
        ),
        (f'version=1\n[rungs.observe]\n[recognised]\nmost="observe"\nhours=1{RULE}', "rungs.observe.hours: field requ"),
        (
            f'version=1\n[rungs.warn]\nhours=1\n[recognised]\nmost="warn"\nhours=1{RULE}',
            "[rungs.observe] with its hour",
        ),
        (f'version=1\n[rungs.observe]\nhours=1\n[recognised]\nmost="cap"\nhours=1{RULE}', "[rungs.cap] with its hours"),
        (f'version=1\n[rungs.observe]\nhours=1\n[recognised]\nmost="hold"\nhours=1{RULE}', "nobody by itself"),
        (f'version=1\n[rungs.obsrve]\nhours=1\n[recognised]\nmost="observe"\nhours=1{RULE}', "did you mean 'observe'?"),
        (
            (
                'version=1\n[rungs.observe]\nhours=1\n[recognised]\nmost="observe"\nhours=1\n'
                '[[rules]]\nname="a"\nthen="warn"'
            ),
            "leads to warn, but [rungs.warn] with its hours is missing",
        ),
        (
            f'version=1\n[rungs.observe]\nhours=1\nnotice="{{name}}"\n[recognised]\nmost="observe"\nhours=1{RULE}',
            "a notice knows no {name}",
        ),
    ],
)
def test_what_contradicts_itself_is_refused_in_one_line(policy_of, text, says):
    assert says in refused(policy_of, text)


def test_all_contradictions_are_told_at_once(policy_of):
    text = '[[rules]]\nname="a"\nthen="verify"\n[[rules]]\nname="b"\nthen="warn"\norigin=["imported"]'
    message = refused(policy_of, text)
    assert "rules.1 (a)" in message
    assert "rules.2 (b)" in message


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="policy init"):
        load(tmp_path / "policy.toml")


def test_the_digest_is_of_what_it_says_not_how_it_is_written(policy_of):
    one = policy_of('# note\n[[rules]]\nname="a"\nthen="warn"\nseverity=["high", "low"]\n').digest
    same = policy_of('[[rules]]\nthen = "warn"\nname = "a"\nseverity = ["low", "high"]').digest
    other = policy_of('[[rules]]\nthen = "warn"\nname = "a"\nseverity = ["low"]').digest
    assert one == same != other
    assert len(one) == 64


def test_the_order_of_rules_is_part_of_the_digest(policy_of):
    a, b = '[[rules]]\nname="a"\nthen="warn"\nplan=["x"]\n', '[[rules]]\nname="b"\nthen="warn"\nplan=["y"]\n'
    assert policy_of(a + b).digest != policy_of(b + a).digest


def test_a_milder_rungs_limits_hold_for_what_a_higher_one_leaves_open(policy_of):
    policy = policy_of(RULE)
    assert policy.limits(Rung.BUDGET) == Limits(max_tokens=100, requests_per_hour=10)
    assert policy.limits(Rung.CAP) == Limits(max_tokens=100)


def test_the_gate_knows_whom_nothing_may_touch(policy_of):
    policy = policy_of(
        RULE + '[exempt]\naccounts=["a"]\norganizations=["o"]\n'
        '[[declared]]\norganization="lab"\nwhat="evaluation"\nuntil=2026-12-31\n'
        '[[declared]]\naccount="b"\nwhat="audit"\nuntil=2026-12-31T00:00:00Z\nmost="warn"\n'
        '[[declared]]\norganization="gone"\nwhat="over"\nuntil=2026-01-01\n'
    )
    assert policy.gate(NOW).most == {"a": 0, "o": 0, "lab": 0, "b": Rung.WARN}
    assert policy.gate(NOW + timedelta(days=90)).most == {"a": 0, "o": 0}


def test_a_date_without_a_time_is_the_whole_day(policy_of):
    policy = policy_of(RULE + '[[declared]]\norganization="lab"\nwhat="x"\nuntil=2026-11-02')
    assert policy.gate(NOW + timedelta(hours=23)).most == {"lab": Rung.OBSERVE}
    assert policy.gate(NOW + timedelta(hours=24)).most == {}


LINES = [line for line in packaged("default").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
WORDS = ["3", "-1", "1e400", "nan", "[]", "{}", "''", "true", "[1]", "{least = nan}", "2027-01-01", "12:00:00", "'{'"]
STRAY = ["rules = 3", "decider = 3", "decider = {cedar = 3}", "cedar = 'x'", "declared = [3]", "[decider]", "[[case]]"]


@given(st.integers(0, len(LINES) - 1), st.sampled_from([None, *WORDS]), st.none() | st.sampled_from(STRAY))
def test_whatever_a_file_holds_it_is_a_policy_or_one_line_of_what_is_wrong(tmp_path_factory, place, word, stray):
    lines = list(LINES)
    lines[place] = "" if word is None else f"{lines[place].partition('=')[0]} = {word}"
    path = tmp_path_factory.getbasetemp() / f"policy-{os.getpid()}.toml"
    path.write_text("\n".join(filter(None, [stray, *lines])), encoding="utf-8")
    try:
        assert len(load(path).digest) == 64
    except ConfigError as error:
        assert "\n" not in str(error)  # noqa: PT017 — either is right
