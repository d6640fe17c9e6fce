"""Several laws as text and as JSON, and how a system follows its rows."""

from __future__ import annotations

import json
from collections.abc import Iterator

from kansr.expression.render import readable
from kansr.pipeline.systems.laws import Dynamics, Laws
from kansr.show.summary import WORDS, fraction, plain

MOST_RUNS = 6  # runs that are listed


def plain_laws(found: Laws) -> str:
    """All laws as plain text: of a system all equations first, with how its simulation follows the rows."""
    parts = [plain(law) for law in found.laws]
    if found.system is None:
        return "\n\n".join(parts)
    head = [f"{law.target} = {readable(law.best.expr)}" for law in found.laws]
    status = WORDS[found.status]
    return "\n".join([*head, "", *followed(found.system), f"{found.seconds:.1f} s", status, "", "\n\n".join(parts)])


def followed(system: Dynamics) -> Iterator[str]:
    """A line for each run: r² of the simulation from its first row."""
    runs = list(dict.fromkeys(one.run for one in system.followed))
    for run in runs[:MOST_RUNS]:
        values = [f"{one.state} {fraction(one.r2)}" for one in system.followed if one.run == run]
        yield f"simulated from the first row{f' of run {run}' if run else ''}: r² {', '.join(values)}"
    if len(runs) > MOST_RUNS:
        yield f"and {len(runs) - MOST_RUNS} more runs"


def json_laws(found: Laws) -> str:
    """The JSON object of several laws, as text."""
    return json.dumps(found.to_dict(), indent=2, allow_nan=False) + "\n"
