"""The signatures of the commands that begin with a result: `predict`, `export` and `report`.

Each takes a run, by its folder or its file; the first two take a formula as well.
"""
