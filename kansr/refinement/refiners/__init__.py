"""Other packages' searches behind one callable: (Candidate, Dataset) -> Iterable[Candidate]."""
