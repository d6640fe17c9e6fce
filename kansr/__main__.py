"""The console script, and `python -m kansr`: the command line, which signals can stop from the first moment.

Nothing else is imported before they can: to load what a command needs takes a second.
"""

import sys
from importlib import import_module

from kansr.runtime.signals import SIGNALLED, Stopped, stop_from_now, stop_no_more


def main() -> None:
    """Does what the command line says, and ends the process with the exit code."""
    stop_from_now()
    try:
        import_module("kansr.cli.main").main()
    except Stopped as stop:
        sys.exit(SIGNALLED + stop.number)
    finally:
        stop_no_more()


if __name__ == "__main__":
    main()
