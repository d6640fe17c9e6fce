"""The written form of a fitted formula, made shorter while its description length falls.

`tidy.py` takes out what changes nothing on the rows, `eliminate.py` takes out terms, factors and functions by backward
elimination, `snap.py` replaces fitted constants by nice numbers: 3/2, pi/4, sqrt(2), 0.25. Each step fits the other
constants again, so that a change that the rows contradict is never kept.
"""
