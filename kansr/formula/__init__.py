"""What is done with one formula: fit its constants, judge it, and make its written form short.

`fit/` finds the constants by nonlinear least squares, under an error model. `judge/` measures a formula and says
whether it is exact, whether what it leaves is noise, and which rows are outliers. `shape/` says whether it has a shape
that is known, such as rising. `polish/` tidies, eliminates and snaps, while the description gets shorter. Nothing here
looks for a formula: searches in `structure/`, `search/` and `refinement/` hand theirs in.
"""
