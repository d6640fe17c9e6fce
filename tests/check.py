"""The whole check, here and in CI: python tests/check.py

Formats (--fix) or checks the format, lints, checks the types, builds the site and runs the tests; each of them runs
whatever the others say. Slow tests run when the environment variable CI is set, long ones with `-m long`. Other
arguments go to pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def checks(arguments: list[str]) -> dict[str, list[str]]:
    """What to run with `python -m`, pytest last so that its closing line is the last one of a good run."""
    fix = "--fix" in arguments
    rest = [a for a in arguments if a != "--fix"]
    marks = "not requires_julia and not long" + ("" if os.environ.get("CI") else " and not slow")
    return {
        "ruff format": ["ruff", "format", "."] if fix else ["ruff", "format", "--check", "."],
        "ruff check": ["ruff", "check", *(["--fix"] if fix else []), "."],
        "mypy": ["mypy"],
        "mkdocs": ["mkdocs", "build", "--strict", "--quiet"],
        "pytest": ["pytest", "-n", "2", "--dist", "worksteal", "-m", marks, *rest],
    }


def main() -> int:
    """0 when all went well, else 1."""
    failed = []
    for name, command in checks(sys.argv[1:]).items():
        print(f"--- {name}", flush=True)
        if subprocess.run([sys.executable, "-m", *command], cwd=ROOT).returncode != 0:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
