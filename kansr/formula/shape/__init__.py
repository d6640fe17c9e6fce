"""What is known of the shape of a law, and whether a formula has it.

Statements such as `monotone x +` are read from text and hold in the box of the inputs. Signs of a formula and its
derivatives are proven by interval arithmetic on boxes, or exactly for quotients of polynomials of one input; values and
symmetries by algebra, limits by Gruntz's algorithm. A verdict is proven, refuted with a point, or open.
"""
