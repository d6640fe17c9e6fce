"""What can go wrong, as one clear sentence each: what came, where, and what to do about it."""

from __future__ import annotations

import re

WORD, WORD_END = 160, 30  # letters of a word that a message shows at most, and of its end: paths stay whole
TEXT, TEXT_END = 1400, 400  # the same of a whole message, whose end says what to do
CONTROLS = {code: "\ufffd" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"}


class KansrError(Exception):
    """Anything the user can put right; the command line prints it as one sentence and exits with code 2.

    However long the names are that it repeats, it is short.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(shortened(message))


def shortened(text: str) -> str:
    """The text with the middle of what is far too long left out."""
    text = re.sub(rf"\S{{{WORD + WORD_END + 1},}}", lambda word: f"{word[0][:WORD]}…{word[0][-WORD_END:]}", text)
    return text if len(text) <= TEXT + TEXT_END else f"{text[:TEXT]} … {text[-TEXT_END:]}"


def printable(text: str) -> str:
    """The text without letters that steer a terminal or that no page may hold; ends of lines and tabs stay."""
    return text.translate(CONTROLS)


class DataError(KansrError):
    """A table that cannot be used as it is."""


class UsageError(KansrError):
    """Options that do not fit together or name something that is not there."""


class FormulaError(KansrError):
    """A formula that is not in our language, with the position at which that shows."""

    def __init__(self, message: str, text: str = "", position: int | None = None) -> None:
        super().__init__(message)
        self.text, self.position = text, position


class MissingExtra(KansrError, ImportError):
    """An optional package that is not installed, with what installs it."""
