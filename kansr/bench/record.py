"""Do one trial and make its record: search in one process, grade in another, each with a hard time limit."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict
from typing import Any

from kansr.bench.child import Child, Message
from kansr.bench.grade import CRITERIA, FRONT, SECONDS, VERDICTS
from kansr.bench.problem import find_problem
from kansr.bench.real.folder import PMLB
from kansr.bench.real.pmlb import friedman
from kansr.bench.trial import Settings, Trial, half
from kansr.version import __version__

Record = dict[str, Any]
START = 300.0  # seconds for importing a method: Julia compiles
OVERRUN, GRACE = 1.1, 1.0  # a search is killed at OVERRUN times its limit and GRACE seconds
GRADE_GRACE = 1.0  # seconds beside the limit of each criterion
NEVER = threading.Event()


class TrialCancelled(Exception):
    """The run is being stopped, and the trial has no record."""


def record(trial: Trial, settings: Settings, stop: threading.Event = NEVER) -> Record:
    """The record of a trial: what the search found, and the verdicts on it. There is one whatever the processes do.

    Its status is that of the method ("found", "best_effort", "nothing", "timed_out" or "done"), "timed_out" where the
    search was killed, "crashed" where its process died, and "error" where it raised, with the reason under "error". The
    last answer is graded. Raises TrialCancelled once `stop` is set.
    """
    result = _blank(trial) | searched(trial, settings, stop)
    if result["expression"] is not None or trial.suite == PMLB or trial.noise > 0:
        result |= judged(trial, result, settings, stop)
    return _counted(result)


def unanswered(trial: Trial, error: str) -> Record:
    """The record of a trial that gave no answer. error: why."""
    return _counted(_blank(trial) | {"status": "crashed", "error": error})


def _blank(trial: Trial) -> Record:
    group, truth = _origin(trial)
    return {
        **asdict(trial),
        "group": group,
        "half": half(trial.problem),
        "truth": truth,
        "kansr": __version__,
        "expression": None,
        "front": [],
        "seconds": 0.0,
        "cpu_seconds": None,
        "peak_mb": None,
        "rivals": [],
        "parameters": {},
        "r2_held_out": None,
        "r2_held_out_error": None,
        "verdicts": dict.fromkeys(VERDICTS, "undecided" if trial.suite == PMLB else "no"),
        "among_rivals": "undecided" if trial.suite == PMLB else "no",
        "decidable": None,
        "bits_gap": None,
    }


def _origin(trial: Trial) -> tuple[str, str]:
    """The group that a problem is of, and its law; for a table without a known law the law is ""."""
    if trial.suite == PMLB:
        return "friedman" if friedman(trial.problem) else "other", ""
    problem = find_problem(trial.problem)
    return "_".join(filter(None, (problem.suite, problem.difficulty))), problem.text


def _counted(result: Record) -> Record:
    """The record with `recovered`, true where the verdict is yes."""
    verdicts = result["verdicts"]
    recovered = {name: verdicts[name] == "yes" for name in CRITERIA}
    return {**result, "recovered": recovered, "recovered_on_front": {name: verdicts[name] == "yes" for name in FRONT}}


def searched(trial: Trial, settings: Settings, stop: threading.Event) -> Record:
    """The part of the record that the search gives."""
    child = Child("search", {"trial": asdict(trial), "settings": asdict(settings)})
    found: Record = {"seconds": 0.0}
    try:
        message = child.next(time.monotonic() + START, stop)
        started = time.monotonic()
        deadline = started + OVERRUN * settings.time_limit + GRACE
        while message is not None and not message.keys() & {"error", "ended"}:
            found |= {key: value for key, value in message.items() if key != "started"}
            message = child.next(deadline, stop)
        _check(stop)
        found |= _ending(message, child, time.monotonic() - started, late=time.monotonic() >= deadline)
    finally:
        child.close()
    return {**found, "seconds": round(found["seconds"], 3)}


def _ending(message: Message | None, child: Child, seconds: float, late: bool) -> Record:
    """What the last message adds to the record. message: None where there is none; late: whether time was up."""
    if message is None and late:
        return {"status": "timed_out", "seconds": seconds, "error": "killed: it did not end by itself"}
    if message is None:
        return {"status": "crashed", "seconds": seconds, "error": child.death() or "no answer"}
    if "error" in message:
        return {"status": "error", "seconds": seconds, "error": message["error"]}
    return {key: message[key] for key in ("seconds", "cpu_seconds", "peak_mb")}


def judged(trial: Trial, found: Record, settings: Settings, stop: threading.Event) -> Record:
    """The part of the record that grading gives; all verdicts are undecided where it does not end."""
    answer = {name: found[name] for name in ("expression", "front", "rivals", "parameters")}
    child = Child("grade", {**answer, "trial": asdict(trial), "settings": asdict(settings)})
    try:
        # a limit for each verdict, for that on rivals, for the figures and for what is decidable, and the start
        seconds = (len(VERDICTS) + 3) * (SECONDS + GRADE_GRACE) + START
        message = child.next(time.monotonic() + seconds, stop)
        _check(stop)
        if message is None or "error" in message:
            why = message["error"] if message else child.death() or "no answer"
            return {"verdicts": dict.fromkeys(VERDICTS, "undecided"), "error": f"grading: {why}"}
        return message
    finally:
        child.close()


def _check(stop: threading.Event) -> None:
    if stop.is_set():
        raise TrialCancelled
