from datetime import UTC, datetime

import pytest

from stillwatch.errors import ConfigError
from stillwatch.response.policy.cases import beside, load_cases, run
from stillwatch.response.policy.policy import PACKAGED, load, packaged
from stillwatch.response.policy.rules import LOOKALIKES

NOW = datetime(2026, 11, 2, tzinfo=UTC)
CASE = '[[case]]\nname = "c"\nseverity = "high"\nevidence = { text = 9, time = 9 }\n'


def cases_of(tmp_path, text):
    path = tmp_path / "policy.cases.toml"
    path.write_text(text, encoding="utf-8")
    return load_cases(path)


@pytest.mark.parametrize("name", PACKAGED)
def test_the_packaged_cases_pass(name):
    results = run(load(packaged(name)), load_cases(beside(packaged(name))), NOW)
    assert [(result.case.name, result.says) for result in results if not result.passed] == []


@pytest.mark.parametrize("name", PACKAGED)
def test_the_packaged_cases_are_of_both_kinds(name):
    cases = load_cases(beside(packaged(name)))
    innocent = [case for case in cases if case.innocent]
    assert len(innocent) >= 5
    assert any(case.expect not in {None, "observe", "nothing"} for case in cases)
    assert {"class", "one-customer", "common-interest"} <= {slug for case in innocent for slug in case.lookalikes}
    assert any(case.declared is not None for case in innocent)


def test_the_lookalikes_are_those_that_findings_name(request):
    pages = (request.config.rootpath / "docs" / "lookalikes").glob("*.md")
    assert {page.stem for page in pages} - {"README"} == set(LOOKALIKES)


@pytest.mark.parametrize(
    ("expected", "passes"),
    [
        ('expect = "cap"', True),
        ('expect = "warn"', False),
        ('expect = "nothing"', False),
        ('expect = "cap"\nwaits = "verify"', False),
        ("innocent = true", False),
        ('expect = "observe"\ndeclared = "observe"', True),
        ("innocent = true\ndeclared = 'observe'\norganization = 'o'", True),
        ('expect = "warn"\ndeclared = "warn"\norganization = "o"', True),
        ('expect = "nothing"\nexempt = true', True),
        ("innocent = true\nlookalikes = ['class']", True),
        ("expect = 'cap'\naccounts = 5000", True),
    ],
)
def test_a_case_passes_if_the_policy_does_what_it_expects(tmp_path, expected, passes):
    (result,) = run(load(None), cases_of(tmp_path, CASE + expected), NOW)
    assert result.passed == passes, result.says


def test_an_innocent_case_looks_at_whoever_is_recognised_next(policy_of, tmp_path):
    policy = policy_of('[[rules]]\nname="r"\nplan=["free"]\nthen="observe"\n[[rules]]\nname="s"\nthen="warn"\n')
    (result,) = run(policy, cases_of(tmp_path, f'{CASE}innocent = true\nplan = "free"'), NOW)
    assert result.says == "innocent, but warn is what they get"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (CASE, "either `innocent = true` or `expect`"),
        (f'{CASE}expect = "cap"\ninnocent = true', "either `innocent = true` or `expect`"),
        (f'{CASE}expect = "kap"', "did you mean 'cap'"),
        (f'{CASE}expect = "cap"\naccount_bit = 3', "did you mean 'account_bits'"),
        (CASE.replace("text", "txet") + "innocent = true", "did you mean 'text'"),
        ("", "case: field required"),
        ("[[case]\n", "is not TOML"),
    ],
)
def test_what_is_no_case_is_refused_by_its_name(tmp_path, text, says):
    with pytest.raises(ConfigError, match=says) as error:
        cases_of(tmp_path, text)
    assert "policy.cases.toml" in str(error.value)
