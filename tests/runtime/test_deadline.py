"""How much of a time limit is left, on one timer for all its parts."""

from __future__ import annotations

import time

import pytest

from kansr.runtime.deadline import Budget, Deadline, Timer


def at(seconds: float, limit: float = 10.0) -> Deadline:
    """A deadline of which some seconds are used, on a timer that stands still."""
    return Deadline(limit, Timer(seconds, None))


@pytest.mark.parametrize(
    ("seconds", "finishing", "passed"), [(8.4, False, False), (9, True, False), (10.1, True, True)]
)
def test_searches_finish_before_the_limit_is_passed(seconds: float, finishing: bool, passed: bool) -> None:
    assert (at(seconds).finishing(), at(seconds).passed()) == (finishing, passed)


def test_a_share_is_of_the_limit_and_what_is_within_counts_from_now() -> None:
    assert at(4).remaining() == 6 and at(4).remaining(0.3) == -1
    assert at(4).share(0.5).remaining() == 1
    assert at(4).within(2).limit == 6 and at(4).within(20).limit == 10
    assert not at(5.9, 6.0).within(5).finishing()  # a stage asks nothing before its own end


def test_a_timer_goes_on_from_what_was_used_when_it_is_started() -> None:
    timer = Timer(3.0, None)
    time.sleep(0.02)
    assert timer.seconds() == 3.0
    timer.start()
    began = timer.started
    timer.start()
    time.sleep(0.02)
    assert timer.started == began and 3.0 < timer.seconds() < 8.0


def test_work_is_interrupted_when_the_time_is_up() -> None:
    def endless() -> str:
        while True:
            pass

    late = at(20)
    assert late.in_time(endless, "other") == "other"
    assert late.in_time(lambda: "done", "other", least=5.0) == "done"
    assert at(0).in_time(lambda: "done", "other") == "done"
    began = time.monotonic()
    assert at(10.4, 10.0).in_time(endless, 0, least=0.1) == 0
    assert time.monotonic() - began < 5


def test_the_shares_come_in_their_order() -> None:
    budget = Budget()
    assert budget.finishing < 1 < budget.interrupted <= budget.killed < budget.abandoned
    assert budget.refiners < budget.refiners_end < 1 and budget.given_form + budget.given_terms < 1
