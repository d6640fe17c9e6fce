"""The command line: arguments in, text and an exit code out.

`main` knows the names of the commands; each is a module that is loaded when it is asked for. `options` holds what they
share. `discover` and `refine` say in a `Job` what was asked, and `supervise` has it done in a child process that can
be ended at any moment, shows and saves what is found, and says how it went. Results go to standard output, all else to
standard error.
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
