"""Make names that are safe in all languages of the exports: a table of reserved words, and one rule."""

from __future__ import annotations

import keyword
from collections.abc import Collection, Mapping
from typing import NamedTuple

from kansr.result.law import Law


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


C_WORDS = _words(
    """auto break case char const continue default do double else enum extern float for goto if inline int long
    register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
    asm typeof near far linux unix main bool true false alignas alignof complex imaginary I
    and and_eq bitand bitor class catch compl constexpr decltype delete dynamic_cast explicit export friend mutable
    namespace new noexcept not not_eq nullptr operator or or_eq private protected public reinterpret_cast
    static_assert static_cast template this thread_local throw typeid typename using virtual wchar_t xor xor_eq
    """
)
# The functions of math.h and of POSIX; a function of the same name would be declared twice.
MATH_H = _words(
    """acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp10 exp2 expm1 fabs fdim floor
    fma fmax fmin fmod frexp hypot ilogb ldexp lgamma llrint llround log log10 log1p log2 logb lrint lround modf nan
    nearbyint nextafter nexttoward pow pow10 remainder remquo rint round scalbln scalbn sin sincos sinh sqrt tan tanh
    tgamma trunc j0 j1 jn y0 y1 yn gamma drem scalb significand finite isinf isnan isnormal isfinite signbit
    fpclassify isgreater isless isunordered signgam abs labs matherr"""
)
MACROS = _words("INFINITY NAN HUGE_VAL HUGE DOMAIN SING OVERFLOW UNDERFLOW PLOSS TLOSS isnan isinf isfinite")
PYTHON_WORDS = frozenset((*keyword.kwlist, *keyword.softkwlist, "math", "np", "numpy", "sympy", "torch", "self"))
CALLED = _words("exp log sqrt sin cos tan asin acos atan sinh cosh tanh fabs pow pi e E")  # by the exported code
WORDS = C_WORDS | MACROS | PYTHON_WORDS | CALLED
FUNCTIONS = WORDS | {f"{name}{suffix}" for name in MATH_H for suffix in ("", "f", "l")}


class CodeNames(NamedTuple):
    """The names of a law in code. of: for each input and named constant; function: for the function."""

    of: Mapping[str, str]
    function: str


def names(law: Law) -> CodeNames:
    """CodeNames for a law: its own, with underscores added until they are no reserved words and all different."""
    found: dict[str, str] = {}
    for name in (*law.inputs, *(constant.name for constant in law.constants)):
        found[name] = _safe(name, {*WORDS, *found.values(), *(n for n in law.inputs if n != name)})
    return CodeNames(found, _safe(law.target, {*FUNCTIONS, *found.values()}))


def _safe(name: str, taken: Collection[str]) -> str:
    if name.startswith("_"):
        name = f"x{name}"  # _x and __x have meanings of their own in Python and C
    while name in taken:
        name += "_"
    return name
