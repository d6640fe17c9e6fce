"""What the searches over reductions try first, and when they give up: every number that steers them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SearchCosts:
    """Costs are in cost units, and less is tried earlier.

    One unit stands for two decades of misfit above what a right move has, for two more inputs that are left, or, in
    noise, for `bits_per_unit` bits of likelihood lost. Each group names the result that its values come from; what
    halving and doubling a single one does is measured by benchmarks/robustness/sensitivity.py.
    """

    # both searches: results/2026-11-24-best-first-reductions
    per_input: float = 0.5  # expected cost of each input that is left
    per_move_cost: float = 0.25  # for each unit of `Move.cost`: what the move adds to the formula
    depth: int = 10  # moves that may be made one after another

    # exact rows, moves: results/2026-11-24-best-first-reductions and, from `clear_in_errors` on,
    # results/2026-11-24-textbook-laws
    per_decade: float = 0.5  # for each decade of misfit above `clear`, and above the best move's
    clear: float = 1e-4  # misfit up to which a move costs nothing
    clear_in_errors: float = 30.0  # the same in gradient errors, where that is less
    dim: float = 0.02  # misfit that costs something even where the surrogate is no better
    commuting: float = 1.5  # cost of making a move that could also be made after the best one
    most_misfit: float = 0.2  # misfit above which no move is made
    alternatives: int = 8  # moves kept for each state
    lost_surrogate: float = 0.12  # gradient error from which moves mean little, and one variable is asked for first
    single_index_gain: float = 20.0  # times better that a surrogate must be after one variable for all but one input
    dominated: float = 0.5  # cost added to all else, for each way to take a dominant term off

    # exact rows, other surrogates: results/2026-11-24-networks and, for the linear model,
    # results/2026-11-24-unlike-terms-noise-units
    vague_kernel: float = 3e-3  # gradient error of the kernel from which a network is asked too: ten times the time
    network: float = 0.3  # cost of asking the network
    rough_kernel: float = 1e-5  # gradient error of the kernel from which a model linear in some inputs is asked
    linear_model: float = 0.3  # cost of asking it, for one input less
    better_surrogate: float = 0.5  # of the kernel's gradient error, that another surrogate must have

    # exact rows, searches for a factor: results/2026-11-24-unlike-terms-noise-units
    factor_least: float = 0.25  # of the cost of a factor that is known as exactly as a table
    factor_exact: float = 1e-6  # value error of such a factor; three decades above it the cost is full
    factor_steps: int = 3  # steps of the inner search at a time
    factor_again: float = 0.25  # cost added after these steps
    factor_most: float = 4.0  # cost from which it is given up
    nested: int = 2  # searches within each other

    # exact rows, terminals: results/2026-11-24-textbook-laws
    curves_first: float = 1e-5  # error over the spread of curves that are read before all else
    rough_curve: float = 0.05  # roughness of one input above which the target is taken for a wave
    waves: float = 1.0  # cost of waves in what reductions have made of a table
    constants_of_stated: int = 4  # fitted constants up to which a formula within the stated errors ends the search
    look_on: int = 15  # steps in which a shorter law is looked for after an exact formula with long constants

    # noisy rows, moves: results/2026-11-25-noisy-searches-first and 2026-11-27-noise-levels
    bits_per_unit: float = 30.0  # bits of likelihood lost for one cost unit
    proposed: int = 24  # moves by gradients that are glanced at for each state
    closer: int = 12  # that are looked at more closely
    kept: int = 6  # that are made
    given_up: float = 8.0  # cost of its own from which a move is not made
    other_groups: float = 0.5  # cost of each further choice of dimensionless groups

    # noisy rows, terminals: results/2026-11-27-noise-levels
    network_of_curves: float = 0.5  # cost added to graphs of curves, which take ten times as long as other solvers
    curves_beside_best: float = 1.1  # times the error of the best sum of curves up to which others are read
    curves_worst: float = 0.5  # error over the spread from which none is read
    curves_above_noise: float = 1.5  # times the noise that curves may miss by
    least_noise: float = 1e-6  # noise over the spread that is assumed at least
    worth: float = 30.0  # bits that a surrogate must save for more than a constant to be looked for after a move

    # noisy rows, the end: results/2026-11-27-smooth-model-residuals
    patience: int = 5  # steps for each constant that is no nice number, in which no shorter formula is found
    nice: float = 0.01  # relative distance from a quarter of a whole number up to which a constant is a nice number
    as_good: float = 20.0  # bits that the best of many surrogates may be likelier by
    shorter: float = 1.0  # bits that a formula must be shorter by to count as better


COSTS = SearchCosts()
