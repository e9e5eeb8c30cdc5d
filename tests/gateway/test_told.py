from hypothesis import given
from hypothesis import strategies as st

from stillwatch.gateway import told
from stillwatch.gateway.bodies import Prompt
from stillwatch.gateway.guarding import Heard
from stillwatch.response.decide import PASS, Verdict
from stillwatch.response.model import Limits, Rung

HEARD = Heard("a")
VERDICTS = st.builds(
    Verdict,
    action=st.sampled_from(Rung),
    status=st.sampled_from([0, 403, 429]),
    decision=st.just("d-1"),
    campaign=st.sampled_from(["", "c-1"]),
    limits=st.builds(
        Limits,
        max_tokens=st.none() | st.integers(0, 1 << 31),
        tokens_per_hour=st.none() | st.integers(0, 1 << 31),
    ),
    simulated=st.booleans(),
)


@given(VERDICTS)
def test_what_a_header_asks_to_take_out_is_what_was_decided(verdict):
    asked = told.upstream(HEARD, verdict).get(told.STRIP)
    assert (asked is not None) == verdict.capped
    if asked is not None:
        assert told.stripped(asked) == (True, Limits(max_tokens=verdict.limits.max_tokens))


@given(VERDICTS)
def test_of_a_simulated_measure_nothing_is_told_but_in_the_metadata(verdict):
    simulated = verdict._replace(simulated=True, status=0)
    assert told.upstream(HEARD, simulated) == {}
    assert set(told.metadata(simulated)) <= {"simulated"}


@given(VERDICTS)
def test_a_limit_is_told_of_a_budget_and_of_no_lower_rung(verdict):
    limit = told.metadata(verdict).get("total_limit")
    if verdict.simulated or verdict.action < Rung.BUDGET or verdict.limits.tokens_per_hour is None:
        assert limit is None
    else:
        assert limit == {"requests_per_unit": verdict.limits.tokens_per_hour, "unit": "HOUR"}


def test_who_turns_a_watermark_off_is_told_without_a_measure():
    heard = Heard("a", prompt=Prompt(opted_out=True))
    assert told.upstream(heard, PASS) == {told.STRIP: "watermark"}
    assert told.stripped("watermark") == (False, Limits())
    assert told.upstream(HEARD, PASS) == {}


@given(st.text())
def test_any_header_is_read(header):
    told.stripped(header)
