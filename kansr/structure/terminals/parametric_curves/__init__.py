"""Curves of one input by families of functions with inner constants: growth, decay, peaks, saturation, breakpoints.

`cores.py` is the table of functions and of where their inner constants start, `model.py` a sum of them beside an offset
and a slope, `starts.py` has the best singles and pairs on grids of these constants, `projection.py` fits many such sums
at once by variable projection, and `growth.py` begins with one function and adds others while the description gets
shorter.
"""
