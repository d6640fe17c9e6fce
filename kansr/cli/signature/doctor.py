"""`kansr doctor`."""

from __future__ import annotations

from dataclasses import dataclass

from kansr.cli.signature import Signature


@dataclass(frozen=True, kw_only=True)
class Doctor(Signature):
    """The versions of all that kansr builds on; exit code 3 when something it needs is missing.

    \b
    Example:
      kansr doctor
    """

    done_by = "kansr.cli.doctor.doctor"
