"""`kansr doctor`: what is installed, and what is missing."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from importlib.util import find_spec

from kansr.cli import Exit
from kansr.cli.signature.doctor import Doctor
from kansr.refinement.refiners.refiner import REFINERS
from kansr.runtime.terminal import emit
from kansr.version import __version__

REQUIRED = (
    "jinja2",
    "lark",
    "numpy",
    "pandas",
    "pint",
    "rich",
    "scipy",
    "sklearn",
    "sympy",
    "threadpoolctl",
    "torch",
    "typer",
)
OPTIONAL = ("pyarrow", "pyoperon", "pysr", "gplearn", "kan", "distributed", "mcp")
WIDTH = 14  # of the column of names


def doctor(given: Doctor) -> int:
    """Prints the versions, and whether refiners can run."""
    called = packages_distributions()  # sklearn is the package of scikit-learn

    def line(package: str, absent: str) -> tuple[str, str]:
        name = called.get(package, [package])[0]
        try:
            return name, version(name) if find_spec(package) else absent
        except PackageNotFoundError:
            return package, "present, version unknown"

    lines = [
        ("kansr", __version__),
        ("python", platform.python_version()),
        ("platform", platform.platform()),
        ("processors", os.cpu_count()),
        *(line(package, "missing: reinstall kansr") for package in REQUIRED),
        *(line(package, "not installed (optional)") for package in OPTIONAL),
        *((f"--refine {name}", refiner.missing() or "can run") for name, refiner in REFINERS.items()),
    ]
    emit("".join(f"{name:<{WIDTH}} {said}\n" for name, said in lines))
    return Exit.INTERNAL if any(find_spec(package) is None for package in REQUIRED) else Exit.FOUND
