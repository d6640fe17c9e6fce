"""Where the files that come with the package are: inside it in a wheel, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from kansr.errors import KansrError


def shipped(name: str) -> Path:
    """The path of a shipped file or folder, such as `shipped("grammars/expression.lark")`."""
    package = Path(__file__).resolve().parent.parent
    for root in (package, package.parent):
        if (root / name).exists():
            return root / name
    raise KansrError(f"the shipped file {name} is missing from {package}: reinstall kansr")
