import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import ConfigError
from stillwatch.response.model import Rung
from stillwatch.response.policy.policy import load

BEGINNING = (
    "version = 1\n"
    + "".join(f"[rungs.{rung.word}]\nhours = 9\n" for rung in Rung)
    + ('[recognised]\nmost = "cap"\nhours = 9\n')
)


@given(st.sampled_from(list(Rung)), st.none() | st.integers(0, 4))
def test_a_rule_loads_exactly_if_the_families_suffice_for_its_rung(tmp_path_factory, rung, least):
    condition = "" if least is None else f"families = {{ least = {least} }}\n"
    path = tmp_path_factory.mktemp("policy") / "policy.toml"
    path.write_text(f'{BEGINNING}[[rules]]\nname = "r"\nthen = "{rung.word}"\n{condition}', encoding="utf-8")
    if rung <= Rung.CAP or (least or 0) >= 2:
        assert load(path).rules[0].then == rung
    else:
        with pytest.raises(ConfigError, match="two independent families"):
            load(path)


def test_observing_waits_for_nobody(policy_of):
    with pytest.raises(ConfigError, match=r"rungs\.observe\.person"):
        policy_of(
            'version = 1\n[rungs.observe]\nhours=1\nperson=true\n[recognised]\nmost="observe"\nhours=1\n'
            '[[rules]]\nname="r"\nthen="observe"\n'
        )


def test_the_text_of_cedar_is_no_key(policy_of):
    with pytest.raises(ConfigError, match="cedar: is no key"):
        policy_of(f'cedar = "permit(principal, action, resource);"\n{BEGINNING}[[rules]]\nname="r"\nthen="warn"\n')
