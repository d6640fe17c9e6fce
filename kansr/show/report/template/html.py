"""Load the templates of pages and their style sheet."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

HERE = Path(__file__).parent


@cache
def environment() -> Environment:
    """The templates; whatever goes into a page is escaped unless it is Markup already."""
    return Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def style() -> Markup:
    """The style sheet of all pages, to be put into them."""
    return Markup((HERE / "style.css").read_text(encoding="utf-8"))
