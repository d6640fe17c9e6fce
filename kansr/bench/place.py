"""Where trials run: on processes of this machine, or on the workers of a dask.distributed cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from kansr.bench.record import Record, Stopped, record, unanswered
from kansr.bench.trial import Settings, Trial
from kansr.errors import UsageError

Begun = Callable[[Trial], None]
CONNECT = 10.0  # seconds to wait for a scheduler


def on_this_machine(
    trials: Sequence[Trial], settings: Settings, jobs: int, begun: Begun
) -> Generator[Record, None, None]:
    """The records as they are made, `jobs` trials at a time. When the iterator is closed, all processes end."""
    stop = threading.Event()

    def one(trial: Trial) -> Record:
        if stop.is_set():
            raise Stopped
        begun(trial)
        return record(trial, settings, stop)

    # The threads only wait for the processes that they start.
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


def on_a_cluster(trials: Sequence[Trial], settings: Settings, address: str) -> Generator[Record, None, None]:
    """The records as they come from the workers of the scheduler at `address`.

    The scheduler gives a trial whose worker dies to another one; after a few such deaths it has a record that says so.
    Raises UsageError when there is no scheduler, or when it goes away.
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
        client.close(timeout=5)  # cancels what is still waiting


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as err:
        raise UsageError("--scheduler needs dask.distributed: pip install 'kansr[dask]'") from err
    try:
        return Client(address, timeout=CONNECT)
    except (OSError, ValueError) as err:
        raise UsageError(f"no dask scheduler answers at {address}: {err}") from err
