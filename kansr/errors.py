"""What can go wrong, as one clear sentence each: what came, where, and what to do about it."""

from __future__ import annotations


class KansrError(Exception):
    """Anything the user can put right; the command line prints it as one sentence and exits with code 2."""


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
