"""The options that the scripts share, each declared once: a script names those it takes, with its defaults."""

from __future__ import annotations

import argparse
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

COMMON: dict[str, dict[str, Any]] = {
    "seed": {"type": int, "help": "seed of the rows and of the search"},
    "jobs": {"type": int, "help": "processes at a time"},
    "time_limit": {"type": float, "metavar": "S", "help": "seconds of each search"},
    "rows": {"type": int, "metavar": "N", "help": "rows of each table"},
    "noise": {"type": float, "help": "standard deviation of the noise, over the target's root mean square"},
    "half": {"choices": ["even", "odd"], "help": "only the problems whose id has an even, or an odd, crc32"},
    "only": {"metavar": "A,B", "help": "only names that contain one of these, or fit one as a pattern; all when empty"},
    "every": {"type": int, "metavar": "K", "help": "only every K-th problem"},
    "out": {"type": Path, "help": "where records go; what is recorded there is not measured again"},
}


def parser(about: str | None, **defaults: Any) -> argparse.ArgumentParser:
    """A parser with the common options that are given a default, such as time_limit=60.0; `about` is a docstring."""
    made = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in defaults.items():
        option = dict(COMMON[name])
        said = option["help"] if default in ("", None) else f"{option['help']} ({default})"
        made.add_argument(f"--{name.replace('_', '-')}", **{**option, "default": default, "help": said})
    return made


def asked_for(name: str, only: str) -> bool:
    """Whether --only, as it was typed, takes a name."""
    parts = [part for part in only.split(",") if part]
    return not parts or any(part in name or fnmatchcase(name, part) for part in parts)
