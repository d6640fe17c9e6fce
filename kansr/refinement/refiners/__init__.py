"""Other packages' searches behind one callable: (Candidate, Dataset) -> Iterable[Candidate].

`refiner.py` has the table of refiners and runs each in a process of its own, with a limit of time and memory.
`operon.py` (Burlacu et al. 2020) and `pysr.py` (Cranmer 2023) are the two that are shipped; `julia.py` checks what PySR
needs. `offer.py` offers them the whole table and the `subproblems.py`: reduced tables and curves without a match.
"""
