"""What a grader can say."""

from __future__ import annotations

import enum


class Verdict(str, enum.Enum):
    """Whether a formula is the law. What could not be decided, mostly in time, counts as not recovered."""

    YES = "yes"
    NO = "no"
    UNDECIDED = "undecided"


def verdict(holds: bool) -> Verdict:
    return Verdict.YES if holds else Verdict.NO
