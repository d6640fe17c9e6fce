"""Check that the Julia for PySR is installed, without starting it and without PySR fetching it."""

from __future__ import annotations

import json
import os
from importlib import import_module
from pathlib import Path

# Whoever sets both of these provides Julia and its packages.
OWN = ("PYTHON_JULIACALL_EXE", "PYTHON_JULIACALL_PROJECT")
ADVICE = "once, with a network: python -c 'import pysr' (it fetches Julia and compiles for some minutes)"


def missing() -> str:
    """What is missing and what to do about it; "" if PySR can run."""
    if all(os.environ.get(name) for name in OWN):
        own = os.environ[OWN[0]]
        absent = f"{OWN[0]} names {own}, which does not exist: set it to a Julia executable"
        return "" if Path(own).exists() else absent
    try:
        meta = Path(import_module("juliapkg.state").STATE["meta"])
    except ImportError:
        return "pysr needs juliapkg, which is not installed: pip install 'kansr[pysr]'"
    try:
        executable = Path(json.loads(meta.read_text(encoding="utf-8"))["executable"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"pysr needs Julia, which is not set up; run {ADVICE}"
    if not executable.exists():
        return f"pysr needs Julia, and {executable} is gone; run {ADVICE}"
    return ""
