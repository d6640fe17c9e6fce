"""What a search found, with all that can be done with it."""

from __future__ import annotations

from dataclasses import fields
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kansr.result.law import law_of
from kansr.result.result import Result
from kansr.runtime.files import write
from kansr.show.export.formats import export
from kansr.show.report.notebook import html, latex_line
from kansr.show.report.page import page
from kansr.show.summary import plain
from kansr.store import load as stored
from kansr.store.folder import save_as

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Discovery(Result):
    """A result that can be shown, exported and kept."""

    @classmethod
    def of(cls, result: Result) -> Discovery:
        """The same values as a Discovery."""
        return cls(**{field.name: getattr(result, field.name) for field in fields(Result)})

    def export(self, to: str, *, index: int | None = None, complexity: int | None = None) -> str:
        """The best formula, or one that the front has at a place or of a complexity, in another language.

        to: "sympy", "latex", "python", "numpy", "torch" or "c". Raises UsageError for any other, and where the front
        has no such formula.
        """
        return export(law_of(self, self.front.pick(index, complexity)), to)

    def save(self, path: str | PathLike[str]) -> None:
        """Writes a folder as `kansr discover --out` does, or one file where `path` ends in .json; see `kansr.load`.

        What was there before is replaced. Raises UsageError where nothing can be written.
        """
        save_as(Path(path), self)

    def __str__(self) -> str:
        return plain(self)

    def report(self, path: str | PathLike[str]) -> None:
        """Writes the discovery as one HTML page, with plots and all that speaks for the formula.

        Raises UsageError where that is not possible.
        """
        write(Path(path), page(self))

    def plot(self, kind: Literal["law", "front", "structure"] = "law") -> Figure:
        """A figure of matplotlib's: the law beside the rows and what it leaves, the front, or the structure.

        Nothing is written. Raises UsageError for another kind, and where there is nothing to draw.
        """
        from kansr.show.report.figures import figure

        return figure(self, kind)

    def _repr_html_(self) -> str:
        return html(self)

    def _repr_latex_(self) -> str:
        return latex_line(self)


def load(path: str | PathLike[str]) -> Discovery:
    """The discovery that was saved in a folder or a .json file.

    Raises DataError, in one sentence, for what is missing, damaged or of another version.
    """
    return Discovery.of(stored.load(path))
