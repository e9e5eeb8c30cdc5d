"""The reading test: a student's predictions on marked text; and that copying what is read convicts nobody."""

import numpy as np
import pytest

from stillwatch.forensics.model import NO_TOKEN, Reading, Tokens
from stillwatch.forensics.radioactivity import closed
from stillwatch.forensics.radioactivity.reading import gather
from stillwatch.forensics.text import windows


def learned(answers):
    """What a model that was trained on answers would write after a token: what it saw most often."""
    pairs = windows.Gathering(1, "pair")
    for each in answers:
        pairs.read(each)
    seen = pairs.occurrences()
    best = {}
    for window, token, count in zip(
        seen.windows[:, 0].tolist(), seen.tokens.tolist(), seen.counts.tolist(), strict=True
    ):
        best[window] = max(best.get(window, (0, 0)), (count, token))
    return {window: token for window, (_, token) in best.items()}


def read_by(student, answers):
    return [
        Reading(each.text, np.array([NO_TOKEN, *(student.get(t, t) for t in each.text[:-1].tolist())], np.int32))
        for each in answers
    ]


def judge(scheme, scorable, keys):
    return closed.test(
        "a", "b", scorable, scheme, keys, kind="reading", rule="window", least=100, wrong_keys=100, seed=0
    )


def test_a_student_is_found_by_what_it_would_write(scheme, keys, marked):
    student = learned(marked(scheme, keys[0].value, 0))
    result = judge(scheme, gather(read_by(student, marked(scheme, keys[0].value, 1)), 1, "window"), keys)
    assert result.kind == "reading"
    assert result.keys[0].log10_p_holm < -20
    assert min(each.log10_p_holm for each in result.keys[1:]) > -3


def test_a_student_of_other_texts_is_not(scheme, keys, marked, innocent):
    student = learned(innocent(0))
    result = judge(scheme, gather(read_by(student, marked(scheme, keys[0].value, 1)), 1, "window"), keys)
    assert result.log10_p > -3
    assert result.null.share_05 < 0.15


def copied(text):
    """Of a model that knows nothing and repeats what followed the last time; where nothing did, a token of its own."""
    seen, predicted = {}, [NO_TOKEN]
    for token, following in zip(text[:-1].tolist(), text[1:].tolist(), strict=True):
        predicted.append(seen.get(token, 7))
        seen[token] = following
    return np.array(predicted, np.int32)


def test_trap_already_in_the_context(scheme, keys, marked):
    texts = [each.text for each in marked(scheme, keys[0].value, 2, answers=20, length=3_000)]
    readings = [Reading(text, copied(text)) for text in texts]
    naive = windows.Gathering(1, "pair")
    for each in readings:
        naive.add(windows.windows_of(each.text[:-1], 1), each.predicted[1:])
    scores = scheme.scores(keys[0].value, naive.scorable().windows, naive.scorable().tokens)
    assert scheme.law.log10_tail(float(scores.sum()), len(scores)) < -50  # convicts a copier that learned nothing
    ours = gather(readings, 1, "pair")
    assert judge(scheme, ours, keys).log10_p > -3
    assert dict(ours.left_out)["in the context"] > len(ours.tokens)


def test_each_window_is_scored_where_it_is_new_to_the_reader():
    text, predicted = np.array([1, 2, 1, 2, 3], np.int32), np.array([-1, 5, 6, 7, 8], np.int32)
    scorable = gather([Reading(text, predicted)], 1, "window")
    assert scorable.windows[:, 0].tolist() == [1, 2]
    assert scorable.tokens.tolist() == [5, 6]
    assert dict(scorable.left_out) == {"in the context": 2, "no context": 1}
    assert scorable.read == 5


def test_what_is_no_token_of_ours_is_left_out():
    text, predicted = np.array([1, 2, 3], np.int32), np.array([-1, -1, 4], np.int32)
    scorable = gather([Reading(text, predicted)], 1, "window")
    assert scorable.tokens.tolist() == [4]
    assert dict(scorable.left_out) == {"no context": 1, "no token of ours": 1}


@pytest.mark.parametrize("length", [0, 1, 2])
def test_texts_shorter_than_a_window(length):
    ids = np.arange(length, dtype=np.int32)
    assert gather([Reading(ids, ids)], 2, "window").read == length
    assert len(gather([Reading(ids, ids)], 2, "window").tokens) == 0


def test_predictions_are_judged_by_their_own_windows(scheme, keys, marked):
    """Closed and reading agree where a student writes what it reads."""
    answers = marked(scheme, keys[0].value, 3, answers=20)
    verbatim = [Reading(each.text, each.text) for each in answers]
    ours, closed = (
        gather(verbatim, 1, "window"),
        windows.gather([Tokens(a.text[:0], a.text) for a in answers], 1, "window"),
    )
    assert set(ours.windows[:, 0].tolist()) == set(closed.windows[:, 0].tolist())
