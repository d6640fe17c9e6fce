"""Several laws of one table in Python: a mapping of discoveries, and a system of differential equations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from kansr.api.discovery import Discovery
from kansr.errors import UsageError
from kansr.numeric.arrays import Array
from kansr.pipeline.systems.laws import Laws
from kansr.runtime.files import write
from kansr.show.systems.page import system_page
from kansr.show.systems.several import plain_laws

SIMULATION_SECONDS = 60.0  # that a simulation may take


class Discoveries(Mapping[str, Discovery]):
    """The discoveries of several targets, by the name of each."""

    def __init__(self, found: Laws, names: tuple[str, ...] = ()) -> None:
        self._found = found
        self._laws = {name: Discovery.of(law) for name, law in zip(names or found.targets, found.laws)}

    def __getitem__(self, target: str) -> Discovery:
        return self._laws[target]

    def __iter__(self) -> Iterator[str]:
        return iter(self._laws)

    def __len__(self) -> int:
        return len(self._laws)

    def __str__(self) -> str:
        return plain_laws(self._found)

    def to_dict(self) -> dict[str, Any]:
        """What `kansr discover --json` prints."""
        return self._found.to_dict()

    def export(self, to: str) -> str:
        """All laws in another language, see `Discovery.export`, one after another."""
        return "\n\n".join(law.export(to).rstrip("\n") for law in self.values()) + "\n"


class System(Discoveries):
    """A system of differential equations: the right-hand side of each state, by its name.

    states: their names, in the order of `simulate`; time: the name of the independent variable.
    """

    def __init__(self, found: Laws) -> None:
        if found.system is None:
            raise UsageError("these laws are no system of differential equations")
        self._system = found.system
        super().__init__(found, found.system.states)

    @property
    def laws(self) -> Mapping[str, Discovery]:
        """The discovery of each state's right-hand side."""
        return dict(self._laws)

    @property
    def states(self) -> tuple[str, ...]:
        return self._system.states

    @property
    def time(self) -> str:
        return self._system.time

    @property
    def trajectory_r2(self) -> list[dict[str, Any]]:
        """How the simulation from the first row of each run follows each state: run, state and r2."""
        return list(self._system.to_dict()["trajectory_r2"])

    def simulate(self, t: ArrayLike, y0: ArrayLike) -> Array:
        """The states at the times t, (n, states); nan from where the solvers do not get on.

        t: (n,), the first being the time of the start; y0: (states,), with the slopes after the states for equations
        of second order. Raises UsageError for other shapes.
        """
        return self._system.simulate(t, y0, SIMULATION_SECONDS)

    def report(self, path: str | PathLike[str]) -> None:
        """Writes an HTML page with the equations, and the simulated trajectories over the rows."""
        write(Path(path), system_page(self._found))
