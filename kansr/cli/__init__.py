"""The command line: arguments in, text and an exit code out.

`main` knows the names of the commands, and `signature` what each takes. A command line becomes an instance of its
command's signature; only then is the module loaded that carries the command out. `search` says in a `Job` what
`discover` and `refine` were asked, and `supervise` has it done in a child process that can be ended at any moment,
shows and saves what is found, and says how it went.
`predict`, `export` and `report` are for a result that is there, `library` for the functions that formulas are made
of, `bench` for known laws, `doctor` for what is installed. Results go to standard output, all else to standard error.
"""

from __future__ import annotations

import enum


class Exit(enum.IntEnum):
    """How a command ends; 128 and the number of a signal where one ended it."""

    FOUND = 0
    NOTHING = 1  # no formula beats a constant on held-out rows
    USAGE = 2
    INTERNAL = 3
    TIMED_OUT = 4
