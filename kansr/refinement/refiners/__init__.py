"""The searches of other packages behind one callable: (Candidate, Dataset) -> Iterable[Candidate].

`refiner` says which there are and runs each in a process of its own, with limits of time and memory. `offer` gives
them the formulas of a search to begin with, and finishes and judges what comes back; `subproblems` are the smaller
tables that they are offered too: what reductions leave, and curves that no library function fits. `operon` and `pysr`
translate to and from the packages, `julia` sees whether PySR can run.
"""
