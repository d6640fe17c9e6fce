"""The methods that the benchmark compares: a module for each, with a function `search`.

`search(question)` yields answers, and the last one counts. A package is imported at the top of its module, so that
loading it takes no time of the search. `foreign` translates the formulas of other packages into the formula language.
METHODS is the table of what there is; a module of the user's is a method too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import cast

from kansr.data.dataset import Dataset
from kansr.errors import UsageError
from kansr.expression.parse import did_you_mean
from kansr.structure.context import Structure


@dataclass(frozen=True, eq=False)
class Question:
    """What a method gets.

    time_limit: seconds; units: of each column, empty unless the method is to use them; structure: what may find
    structures in kansr, which other methods know nothing of.
    """

    data: Dataset
    time_limit: float
    seed: int
    units: Mapping[str, str] = field(default_factory=dict)
    structure: Structure = "auto"


@dataclass(frozen=True)
class Answer:
    """The formula that a method has chosen, in the formula language, and all that it offers.

    status: how the search ended, as a value of `kansr.result.result.Status` where it is one.
    rivals: formulas that the method cannot rule out.
    r2_held_out, r2_held_out_error: the accuracy that the method itself states, from rows that it held out, and its
    standard error; None where it states none. parameters: constants that differ by group, by name and by group.
    """

    expression: str
    front: tuple[str, ...] = ()
    status: str = "done"
    rivals: tuple[str, ...] = ()
    r2_held_out: float | None = None
    r2_held_out_error: float | None = None
    parameters: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


Search = Callable[[Question], Iterator[Answer]]


@dataclass(frozen=True)
class Method:
    """A method.

    module: that of its `search`; package: what must be installed; extra: what installs it; units: whether it uses
    units.
    """

    name: str
    module: str
    package: str
    extra: str
    units: bool = False

    def check(self) -> None:
        """Raises UsageError, with what to install, where the method cannot run."""
        if find_spec(self.package) is None:
            hint = f"pip install '{self.extra}'" if self.extra else "add the folder it is in to PYTHONPATH"
            raise UsageError(f"the method {self.name} needs {self.package}, which is not installed: {hint}")

    def load(self) -> Search:
        return cast(Search, import_module(self.module).search)


METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        Method("kansr", f"{__name__}.ours", "kansr", "kansr", units=True),
        Method("operon", f"{__name__}.operon", "pyoperon", "kansr[operon]"),
        Method("gplearn", f"{__name__}.gp_learn", "gplearn", "kansr[gplearn]"),
        Method("pykan", f"{__name__}.py_kan", "kan", "kansr[pykan]"),
        Method("pysr", f"{__name__}.py_sr", "pysr", "kansr[pysr]", units=True),
        Method("linear", f"{__name__}.linear", "kansr", "kansr"),
    )
}


def method(name: str) -> Method:
    """The method of this name; a name with dots is a module of the user's with a function `search`.

    Raises UsageError where there is none.
    """
    if name not in METHODS and "." in name.strip("."):
        return Method(name, name, name.partition(".")[0], "")
    if name not in METHODS:
        raise UsageError(f"no method {name!r} ({', '.join(METHODS)}).{did_you_mean(name, METHODS)}")
    return METHODS[name]
