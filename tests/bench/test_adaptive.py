from dataclasses import replace

import pytest
from adaptive import Round, play, tables
from scorer import Score

from stillwatch.simulate import load
from stillwatch.simulate.adapting import bill_of

OPENING = load("adaptive").campaigns[0]


def played(number, *, flagged, answered, method=OPENING, seed=None):
    score = Score(flagged=flagged, planted_accounts=method.accounts)
    bill = bill_of(method, kept=0, answered=answered, days=7)
    return Round(seed, number, "", method, score, answered, {"text": 5.0} if flagged else {}, bill)


def test_the_price_is_that_of_the_first_round_in_which_nobody_was_named():
    hidden = replace(OPENING, residential=1.0)
    game = [
        played(1, flagged=40, answered=10),
        played(2, flagged=30, answered=20),
        played(3, flagged=0, answered=1000, method=hidden),
    ]
    priced, together, each = tables(game)
    row = dict(zip(priced.columns, priced.rows[0], strict=True))
    assert (row["rounds seen"], row["burnt"], row["answered"]) == (2, 70, 30)
    assert row["USD"] == pytest.approx(game[0].bill.total + game[1].bill.total)
    assert row["then: USD each"] == pytest.approx(game[2].bill.total / 1000)
    assert row["if nobody looked"] < row["then: USD each"]
    assert [found[2] for found in together.rows] == [1.0, 0.75, 0.0]
    assert len(each.rows) == 3


def test_an_operator_who_is_seen_to_the_end_has_no_price():
    priced = tables([played(1, flagged=40, answered=10)])[0]
    assert dict(zip(priced.columns, priced.rows[0], strict=True))["then: USD each"] is None


@pytest.mark.slow
def test_a_careless_operator_is_named_and_changes_one_thing():
    first, second = play(OPENING, 1, 2)
    assert first.score.flagged == first.score.planted_accounts == OPENING.accounts
    assert first.answered < OPENING.requests / 2
    assert not first.score.false_accounts
    assert first.method == OPENING != second.method
    assert second.changed
