"""The console script, and `python -m kansr`: the command line, which signals can stop from the first moment.

Nothing is imported here before they can: to load what a command needs takes a second.
"""

import sys

from kansr.runtime.signals import SIGNALLED, Stopped, stop_from_now, stop_no_more


def main() -> None:
    """Does what the command line says, and ends the process with the exit code."""
    stop_from_now()
    try:
        from kansr.cli.main import main as command

        code = command()
    except Stopped as stop:
        code = SIGNALLED + stop.number
    stop_no_more()
    sys.exit(code)


if __name__ == "__main__":
    main()
