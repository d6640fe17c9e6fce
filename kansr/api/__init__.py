"""What `import kansr` gives.

`discover` looks for the law behind a table, `refine` fits a form that the user knows and compares it with what a
search finds, and `regressor` is the first of these as a scikit-learn estimator. Each says in a
`kansr.pipeline.job.Job` what is asked and has it done in this process. `field` looks for the equation of a field.
What comes back is a `Discovery`, in `discovery`: the result, with what can be done with it. Several of them, and
systems of differential equations, are in `system`.
"""
