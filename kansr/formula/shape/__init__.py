"""What is known of the shape of a law, and whether a formula has it.

Statements (`statement.py`) such as `monotone x +` are read from text (`reading.py`), may not contradict each other
(`contradictions.py`), and hold in the box of the inputs (`box.py`). `check.py` gives verdicts: proven, refuted with a
point, or open. Signs of a formula and its derivatives (`signs.py`) are proven by interval arithmetic on boxes
(`enclosure.py`), or exactly for quotients of polynomials of one input; values and symmetries by algebra
(`identity.py`), limits by Gruntz's algorithm (`limits.py`). `shape_filter.py` leaves refuted formulas out, `impose.py`
chooses a constant so that a statement holds, and `properties.py` says what holds of a law that was found.
"""
