"""Run trials on processes of this machine, or on the workers of a dask.distributed cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from kansr.bench.record import Record, TrialCancelled, record, unanswered
from kansr.bench.trial import Settings, Trial
from kansr.errors import UsageError

Begun = Callable[[Trial], None]
CONNECT = 10.0  # seconds to wait for a scheduler
CLOSE = 5.0  # seconds to wait until it has cancelled what is left


@dataclass(frozen=True, kw_only=True)
class Backend:
    """Where trials run: on `jobs` processes of this machine, or on the cluster of the scheduler at an address."""

    jobs: int = 1
    scheduler: str | None = None


def run_locally(trials: Sequence[Trial], settings: Settings, jobs: int, begun: Begun) -> Generator[Record, None, None]:
    """The records of trials, as they come, `jobs` trials at a time; to close the iterator ends all processes.

    begun: called with each trial when it starts.
    """
    stop = threading.Event()

    def one(trial: Trial) -> Record:
        if stop.is_set():
            raise TrialCancelled
        begun(trial)
        return record(trial, settings, stop)

    # each thread waits for a process that it has started
    with ThreadPoolExecutor(jobs, thread_name_prefix="trial") as executor:
        try:
            waiting: set[Future[Record]] = set()
            todo = iter(trials)
            while True:
                waiting |= {executor.submit(one, trial) for _, trial in zip(range(jobs - len(waiting)), todo)}
                if not waiting:
                    return
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            stop.set()


def run_on_cluster(trials: Sequence[Trial], settings: Settings, address: str) -> Generator[Record, None, None]:
    """The records of trials, as they come from the workers of the scheduler at `address`.

    A trial whose worker dies goes to another one; after several such deaths its record says so.
    Raises UsageError where there is no scheduler, or no more.
    """
    client = _client(address)
    try:
        from distributed import as_completed

        futures = [client.submit(record, trial, settings, pure=False) for trial in trials]
        trial_of = {future.key: trial for future, trial in zip(futures, trials)}
        for future in as_completed(futures):
            if future.status in ("cancelled", "lost"):
                raise UsageError(f"the scheduler at {address} has gone away: start it again and go on with --resume")
            if future.status == "error":
                yield unanswered(trial_of[future.key], f"the worker: {future.exception()}")
            else:
                yield future.result()
            future.release()
    finally:
        client.close(timeout=CLOSE)  # cancels the trials that wait


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as err:
        raise UsageError("--scheduler needs dask.distributed: pip install 'kansr[dask]'") from err
    try:
        return Client(address, timeout=CONNECT)
    except (OSError, ValueError) as err:
        raise UsageError(f"no dask scheduler answers at {address}: {err}") from err
