"""`kansr export`: a formula in another language."""

from __future__ import annotations

from kansr.cli.signature.results.export import Export
from kansr.errors import UsageError
from kansr.runtime.files import exists, write
from kansr.runtime.terminal import emit
from kansr.show.export.formats import export as exported
from kansr.store.open_law import read_law


def export(given: Export) -> None:
    """Writes the code."""
    if given.out is not None and exists(given.out) and not given.force:
        raise UsageError(f"{given.out} is there already; use --force to replace it")
    text = exported(read_law(given.source, given.index, given.complexity), given.to.value)
    if given.out is None:
        emit(text)
    else:
        write(given.out, text)
