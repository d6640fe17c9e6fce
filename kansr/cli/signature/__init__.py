"""The signature of each command: its arguments and options, and its help, as a frozen value.

typer makes a command of each class, and an instance of a command line. There is one module for a command: `discover`,
`demo`, `refine`, `field`, `sample`, `mcp`, `bench`, `library` and `doctor`, and in `results` those that begin with one;
`options` holds what they share.
They load no more than typer: a command is described, completed and refused without what carries it out.
"""

from __future__ import annotations

from typing import ClassVar


class Signature:
    """The values of the arguments and options of one command.

    done_by: the full name of the function that carries the command out. It takes the values, and returns an exit code,
    or None for 0.
    """

    done_by: ClassVar[str]
