"""What a terminal shows: tables, what is being tried, colours unless they are not wanted, completion, help."""

from __future__ import annotations

import os
import re
import subprocess
from typing import Any

import pytest
import typer
from support.command import REAL, STAND_IN, environment
from support.paths import KEPLER

from kansr.cli.main import app
from kansr.show.summary import fraction

pty = pytest.importorskip("pty", reason="needs pseudo-terminals")
COLOUR = re.compile(r"\x1b\[(?:\d+;)*[349]\d(?:;\d+)*m")


def on_a_terminal(*arguments: object, code: int = 0, **variables: str) -> str:
    """What the stand-in for `kansr discover` writes to a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    plain = {name: value for name, value in environment().items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    settings = {**plain, "TERM": "xterm-256color", "COLUMNS": "100", **variables}
    command = [*STAND_IN, "discover", str(KEPLER), *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=settings) as process:
        os.close(theirs)
        pieces = []
        try:
            while piece := os.read(ours, 65536):
                pieces.append(piece)
        except OSError:  # how Linux says that the other end is closed
            pass
        os.close(ours)
    assert process.returncode == code
    return b"".join(pieces).decode()


def test_a_terminal_shows_the_law_in_colour_and_mathematics() -> None:
    text = on_a_terminal()
    assert COLOUR.search(text)
    assert "period_years = semi_major_axis_au**(3/2)" in text  # to be copied
    assert "semi_major_axis_au^" not in text  # and one notation everywhere


def test_a_terminal_shows_what_is_being_tried() -> None:
    text = on_a_terminal("--time-limit", 3, code=4, ENDING="hang")
    assert re.search(r"\d s left · trying a power law", text)
    assert "best so far, off by 0.07 % of the target's spread on held-out rows:" in text
    assert "  period_years = semi_major_axis_au**(3/2)" in text


def test_no_color_is_honoured() -> None:
    text = on_a_terminal(NO_COLOR="1")
    assert "semi_major_axis_au**(3/2)" in text and not COLOUR.search(text)


def test_a_dumb_terminal_is_not_steered() -> None:
    text = on_a_terminal(TERM="dumb")
    assert "semi_major_axis_au**(3/2)" in text and "\x1b" not in text


def test_quiet_is_quiet() -> None:
    assert on_a_terminal("--quiet", NO_COLOR="1").lstrip("\x1b[1m").startswith("period_years = ")


@pytest.mark.parametrize("word", ["discover", "report", "sample", "bench", "library", "doctor"])
def test_the_shell_completes_commands(word: str) -> None:
    assert word in completed(f"kansr {word[:3]}")


def test_the_shell_completes_options() -> None:
    assert {"--target", "--time-limit"} <= set(completed("kansr discover --t"))


def completed(typed: str) -> list[str]:
    return shown(_KANSR_COMPLETE="complete_bash", COMP_WORDS=typed, COMP_CWORD=str(typed.count(" "))).split()


def shown(*arguments: str, **variables: str) -> str:
    command, settings = [*REAL, *arguments], {**environment(), **variables}
    done = subprocess.run(command, capture_output=True, text=True, env=settings, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_completion_shows_a_script() -> None:
    # typer guesses the shell from the processes above, of which there may be none
    script = shown("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert "complete -o default -F _kansr_completion kansr" in script


def commands(group: Any, path: str = "kansr") -> dict[str, Any]:
    found = {path: group}
    for name, command in getattr(group, "commands", {}).items():
        found |= commands(command, f"{path} {name}")
    return found


@pytest.mark.parametrize(("path", "command"), commands(typer.main.get_command(app)).items())
def test_the_help_of_every_command_has_an_example(path: str, command: Any) -> None:
    _, _, examples = command.help.partition("Example")
    assert re.search(rf"^ *(.*\| )?{path.split(' list')[0]}\b", examples.partition(":")[2], re.M)


@pytest.mark.parametrize(
    ("r2", "shown"),
    [(-1.6e-6, "0.0000"), (-0.207, "-0.2070"), (0.5, "0.5000"), (0.99995, "1 − 5.0e-05"), (1.0, "1"), (-123.4, "-123")],
)
def test_an_r2_is_shown_by_what_can_be_read_off_it(r2: float, shown: str) -> None:
    assert fraction(r2) == shown
