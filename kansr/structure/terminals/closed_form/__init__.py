"""Laws that a linear problem gives: power laws, polynomials, relations."""
