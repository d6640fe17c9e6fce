"""The verdict of a criterion."""

from __future__ import annotations

import enum


class Recovery(str, enum.Enum):
    """Whether a formula is the law. Undecided, mostly for lack of time, counts as not recovered."""

    YES = "yes"
    NO = "no"
    UNDECIDED = "undecided"


def verdict(holds: bool) -> Recovery:
    """Yes or no."""
    return Recovery.YES if holds else Recovery.NO
