"""Find the files that come with the package: in it for a wheel, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from kansr.errors import KansrError


def shipped(name: str) -> Path:
    """The path of a file or folder that comes with the package, such as "grammars/expression.lark".

    Raises KansrError where it is missing.
    """
    package = Path(__file__).resolve().parent.parent
    for root in (package, package.parent):
        if (root / name).exists():
            return root / name
    raise KansrError(f"the shipped file {name} is missing from {package}: reinstall kansr")
