"""The library: the univariate functions that a curve may be, as data.

A `Function` has f as sympy and on arrays, its derivative, domain and complexity, and says which of a and b in c·f(a·x +
b) + d are free; a `Library` is a list of them (`function`). `standard` is the table of the functions that come with
kansr. `library_file` reads functions of the user's from a .library file, `redundancy` finds out numerically which of a
and b they need, and `inspection` checks what the file claims of them.
"""

from kansr.symbolic.library.function import Function, Library
from kansr.symbolic.library.standard import STANDARD

__all__ = ["STANDARD", "Function", "Library"]
