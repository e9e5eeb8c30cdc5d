from stillwatch.gateway.breaker import ON_END, PAUSE_SECONDS, Breaker


def test_slow_calls_on_end_open_it_and_a_pause_closes_it():
    now = [0.0]
    breaker = Breaker(0.005, lambda: now[0])
    assert [breaker.took(0.006) for _ in range(ON_END)] == [False] * (ON_END - 1) + [True]
    assert not breaker.closed()
    now[0] += PAUSE_SECONDS
    assert breaker.closed()
    breaker.took(0.001)
    now[0] -= PAUSE_SECONDS / 2
    assert breaker.closed()


def test_one_quick_call_between_begins_anew():
    breaker = Breaker(0.005)
    assert not any(breaker.took(seconds) for seconds in [*[0.006] * (ON_END - 1), 0.001] * 3)
    assert breaker.closed()


def test_a_trial_that_is_slow_again_opens_it_at_once():
    now = [0.0]
    breaker = Breaker(0.005, lambda: now[0])
    for _ in range(ON_END):
        breaker.took(1.0)
    now[0] += PAUSE_SECONDS
    assert breaker.closed()
    assert breaker.took(1.0)
    assert not breaker.closed()
