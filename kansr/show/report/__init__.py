"""The report: a result as one HTML page without scripts, and as figures for notebooks and papers.

`page` collects what the template shows. `reasons` says in sentences how sure the result is, `digits` rounds constants
to what their standard errors leave, `mathml` typesets formulas. `plots` draws the rows, the residuals and the front on
`charts`, SVG with the scales of `axis`; `drawing` draws the graph in the places of `layout`. `figures` makes the same
plots with matplotlib, and `notebook` is the short form that a notebook cell shows. `template` holds the page and its
style.
"""
