"""The forms that have been found so far, fitted to all groups, and which of their constants are shared."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import sympy

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import typical_size
from kansr.expression.rules import canonical
from kansr.formula.fit.by_group import GroupFit, fit_separately
from kansr.formula.judge.description_length import target_bits
from kansr.formula.judge.exactness import exact_rms
from kansr.search.groups.choose import with_nice_numbers, with_shared_constants
from kansr.search.groups.length import formula_bits, group_length, noise_of, with_placeholders
from kansr.search.groups.templates import free, templates

SHARED_AT_ONCE = 6  # forms of one offer whose constants are shared; never measured alone


@dataclass(frozen=True, eq=False)
class Form:
    """A form with all constants free in every group, and with some of them shared. origin: what found it.

    free_length, length: the description lengths of both; length is inf as long as nothing has been shared.
    """

    free: GroupFit
    free_length: float
    origin: str
    shared: GroupFit | None = None
    length: float = np.inf


@dataclass(eq=False)
class Collection:
    """data: rows in groups, to which all is fitted; expired: whether there is no more time."""

    data: Dataset
    expired: Callable[[], bool]
    forms: dict[sympy.Expr, Form] = field(default_factory=dict)

    @property
    def best(self) -> Form | None:
        """The form of the shortest description, of those whose constants have been shared."""
        return next(iter(self.ranked()), None)

    def ranked(self) -> list[Form]:
        """The forms whose constants have been shared, the shortest description first."""
        return sorted((f for f in self.forms.values() if f.shared is not None), key=lambda form: form.length)

    def offer(self, exprs: Iterable[sympy.Expr], origin: str) -> None:
        """Fits formulas of single groups to all of them, and shares the constants of the most promising new forms."""
        new: list[sympy.Expr] = []
        for expr in exprs:
            for template in templates(expr, self.data):
                if self.expired():
                    break
                if template.expr in self.forms:
                    continue
                fit = fit_separately(template, self.data)
                self.forms[template.expr] = Form(fit, group_length(fit, self.data), origin)
                new.append(template.expr)
        promising = sorted(new, key=lambda key: self._hoped(self.forms[key]))
        for key in promising[:SHARED_AT_ONCE]:
            best = self.best
            if self.expired() or (best is not None and self._hoped(self.forms[key]) > best.length):
                break
            self.forms[key] = self._shared(self.forms[key])

    def offer_form(self, exprs: Iterable[sympy.Expr], origin: str) -> None:
        """The same for formulas of one form, which stays as it is; one after another the groups start from each.

        It may have any number of constants. Formulas whose constants are equal, or of another order, start alone.
        """
        found: list[GroupFit] = []
        for expr in exprs:
            template = free(canonical(expr, typical_size(self.data.X, self.data.names)), self.data, most=np.inf)
            if template is not None:
                starts = [fit.values for fit in found if fit.expr == template.expr]
                found.append(fit_separately(template, self.data, starts))
        for fit in found:
            form = self._shared(Form(fit, group_length(fit, self.data), origin))
            before = self.forms.get(fit.expr)
            if before is None or form.length < before.length:
                self.forms[fit.expr] = form

    def exact(self) -> bool:
        """Whether the best form leaves nothing but rounding."""
        best = self.best
        if best is None or best.shared is None:
            return False
        constants = len(best.shared.own) + len(best.shared.expr.atoms(sympy.Float))
        return best.shared.rms <= exact_rms(constants) * float(np.std(self.data.y))

    def _shared(self, form: Form) -> Form:
        fit = with_shared_constants(form.free, self.data, self.expired)
        fit = with_nice_numbers(fit, self.data, self.expired)
        return Form(form.free, form.free_length, form.origin, fit, group_length(fit, self.data))

    def _hoped(self, form: Form) -> float:
        """The description length that the form would have if all its constants could be shared without loss."""
        if not np.isfinite(form.free_length):
            return np.inf
        noise = noise_of(form.free, self.data)
        alone = GroupFit(with_placeholders(form.free), (), form.free.values)
        return target_bits(noise, self.data.rows) + formula_bits(alone, self.data, noise)
