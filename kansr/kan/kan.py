"""KAN: a network with the methods of pykan; each calls a function of `training` or `reading`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any

import sympy
from torch import Tensor

from kansr.errors import UsageError
from kansr.kan.fitting import progress
from kansr.kan.fitting.fit_dataset import FitPlan, Metric, Results, fit_dataset
from kansr.kan.network import checkpoint
from kansr.kan.network.network import Network
from kansr.kan.network.pykan_names import function, library_of
from kansr.kan.reading import formulas, symbolic
from kansr.kan.reading import plot as plots
from kansr.kan.reading.compact import compact, prune_input
from kansr.kan.reading.prune import EDGE_THRESHOLD, NODE_THRESHOLD, Pruned, prune
from kansr.kan.training import grids
from kansr.kan.training.dataset import TrainingRows
from kansr.kan.training.train import Loss, Optimizer, TrainConfig, mean_square
from kansr.symbolic.library.function import Function, Library
from kansr.symbolic.library.standard import STANDARD

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class KAN(Network):
    """A Kolmogorov-Arnold network: `KAN(width=[2, 5, 1], grid=5, k=3, seed=0)`.

    act_fun[l] is a layer of edges with coef (in, out, G + k), grid (the knots, (in, G + 2k + 1)), scale_base, scale_sp
    and mask (in, out). `prune…` and `refine` return a new network. `fit`, `fix_symbolic`, `unfix_symbolic`,
    `auto_symbolic`, `initialize_from_another_model` and `update_grid_from_samples` change this one; all others leave it
    as it is. `seen` holds the training rows, for methods that need rows and are given none. `removed` lists what
    pruning removed from the network that this one came from. Neither is saved.
    """

    seen: TrainingRows | None = None
    trained: bool = False
    removed: Pruned = Pruned(())

    def fit(
        self,
        dataset: Mapping[str, Tensor],
        opt: Optimizer = "LM",
        steps: int = 100,
        *,
        lamb: float = 0.0,
        lamb_l1: float = 1.0,
        lamb_entropy: float = 2.0,
        lamb_coef: float = 0.0,
        lamb_coefdiff: float = 0.0,
        update_grid: bool = True,
        grid_update_num: int = 10,
        stop_grid_update_step: int = 50,
        batch: int = -1,
        loss_fn: Loss = mean_square,
        lr: float = 1.0,
        patience: int = 0,
        seed: int | None = None,
        metrics: Sequence[Metric] = (),
        substitute: bool = True,
        starts: int = 6,
        verbose: bool | None = None,
    ) -> Results:
        """Train on a dataset: train_input, train_label, optionally test_input, test_label and train_weight.

        opt: "LBFGS" means Levenberg-Marquardt wherever that applies, which is for all rows at once, squared errors and
        up to 3000 parameters, unless `substitute` is False; the function `kansr.kan.train` does not replace it;
        update_grid: with False all grids stay as they are, and the network is trained as it is, without other starts;
        loss_fn: of the outputs and train_label; beside several outputs one column of whole numbers is class labels,
        which it gets as torch.nn.CrossEntropyLoss wants them;
        metrics: functions without arguments that are asked after each step, such as an accuracy; LBFGS and Adam only;
        seed: of starts and batches; by default that of the network;
        starts: a network that was never trained is trained from the best of several starts, or with 0 as it is;
        patience: end this many steps after the least test_loss, and go back to it; with 0, test rows are only watched;
        verbose: whether a progress bar is shown; by default on a terminal and in a notebook.
        -> train_loss and test_loss (rms; for class labels the root of loss_fn), reg and one list for each metric, by
        its __name__, each with `steps` values
        Raises UsageError for rows that do not fit the network.
        """
        config = TrainConfig(
            opt=opt,
            steps=steps,
            lamb=lamb,
            lamb_l1=lamb_l1,
            lamb_entropy=lamb_entropy,
            lamb_coef=lamb_coef,
            lamb_coefdiff=lamb_coefdiff,
            batch=batch,
            lr=lr,
            update_grid=update_grid,
            grid_update_num=grid_update_num,
            stop_grid_update_step=stop_grid_update_step,
            patience=patience,
            seed=self.seed if seed is None else seed,
            loss_fn=loss_fn,
        )
        plan = FitPlan(0 if self.trained else starts, tuple(metrics), substitute)
        visible = progress.is_watched() if verbose is None else verbose
        with progress.bar(steps, lamb) if visible else progress.silence() as watch:
            results, self.seen = fit_dataset(self, dataset, config, plan, watch)
        self.trained = True
        return results

    def train(
        self,
        mode: bool | Mapping[str, Tensor] = True,
        *args: Any,
        dataset: Mapping[str, Tensor] | None = None,
        **options: Any,
    ) -> Any:
        """`fit` for a dataset, also by name; for True or False the mode switch of nn.Module."""
        if dataset is not None:
            return self.fit(dataset, **options)
        return super().train(mode) if isinstance(mode, bool) else self.fit(mode, *args, **options)

    # --- grids

    def refine(self, G: int) -> KAN:
        """A new network with G intervals on every edge and, unless G is smaller than before, the same function."""
        return grids.refine(self, G)

    def initialize_from_another_model(self, another: Network, x: Tensor | None = None) -> KAN:
        """Take over the function of another network of the same width, on grids as fine as this one's.

        x: not used, for compatibility with pykan. Raises UsageError where width, products or degree differ.
        """
        grids.take_over(self, another)
        self.trained = True
        return self

    def update_grid_from_samples(self, x: Tensor) -> None:
        """Fit every grid to the values that reach it on these rows, without a margin. The activations stay.

        x: (rows, inputs)
        """
        grids.fit_grids(self, x.to(self.act_fun[0].coef), margin=0.0)

    # --- pruning

    def prune(self, node_th: float = NODE_THRESHOLD, edge_th: float = EDGE_THRESHOLD, x: Tensor | None = None) -> KAN:
        """A new network without the nodes and edges of less importance than the thresholds.

        Importance is the rms effect on the output over its standard deviation. x: (rows, inputs), where it is measured
        """
        return self._pruned(edge_th, node_th, x, compact)

    def prune_node(self, threshold: float = NODE_THRESHOLD, x: Tensor | None = None) -> KAN:
        """A new network without the nodes of less importance than the threshold."""
        return self._pruned(0.0, threshold, x, compact)

    def prune_edge(self, threshold: float = EDGE_THRESHOLD, x: Tensor | None = None) -> KAN:
        """A new network with the edges of less importance than the threshold closed; nodes keep their numbers."""
        return self._pruned(threshold, 0.0, x, lambda model: model)

    def _pruned(self, edge_th: float, node_th: float, x: Tensor | None, finish: Callable[[Network], Network]) -> KAN:
        smaller, removed = prune(self, self._rows(x), edge_th, node_th)
        new = finish(smaller)
        assert isinstance(new, KAN)
        new.removed = removed
        return new

    def prune_input(self, threshold: float = NODE_THRESHOLD, x: Tensor | None = None) -> KAN:
        """A new network without the inputs of less importance than the threshold; it takes the remaining columns."""
        new, columns, removed = prune_input(self, self._rows(x), threshold)
        assert isinstance(new, KAN)
        new.removed = removed
        new.seen = None if self.seen is None else replace(self.seen, X=self.seen.X[:, columns])
        return new

    # --- formulas

    def suggest_symbolic(
        self,
        l: int,  # noqa: E741
        i: int,
        j: int,
        topk: int = 5,
        lib: Library | Sequence[str | Function] = STANDARD,
        x: Tensor | None = None,
    ) -> symbolic.Suggestions:
        """The functions that fit the spline of edge (l, i, j), best first."""
        return symbolic.suggest(self, (l, i, j), self._rows(x), library_of(lib), topk)

    def fix_symbolic(
        self,
        l: int,  # noqa: E741
        i: int,
        j: int,
        fun_name: str | Function,
        fit_params_bool: bool = True,
        x: Tensor | None = None,
    ) -> float:
        """Replace the spline of edge (l, i, j) by c·f(a·x + b) + d; the r² of this with the spline.

        fit_params_bool: whether a, b, c and d are fitted to the spline, or the edge becomes f(x).
        """
        if fit_params_bool:
            return symbolic.fix_nearest(self, (l, i, j), function(fun_name), self._rows(x))
        return symbolic.fix_plain(self, (l, i, j), function(fun_name), self._rows(x))

    def unfix_symbolic(self, l: int, i: int, j: int) -> None:  # noqa: E741
        """Give edge (l, i, j) back the spline it had before it was fixed."""
        symbolic.unfix(self, (l, i, j))

    def auto_symbolic(self, lib: Library | Sequence[str | Function] = STANDARD) -> None:
        """Fix every spline edge to a function; the combination with the least description length is chosen.

        Raises UsageError before the first training.
        """
        if self.seen is None:
            raise UsageError("auto_symbolic compares formulas on the training rows: fit the network first")
        chosen = formulas.auto(self, self.seen, formulas.AutoConfig(library=library_of(lib)))
        self.act_fun = chosen.act_fun

    def symbolic_formula(
        self, var: Sequence[str | sympy.Expr] | None = None, snapped: bool = True
    ) -> tuple[list[sympy.Expr], list[sympy.Expr]]:
        """One sympy expression for each output, and the variables.

        snapped: whether constants become 1, 1/2 or pi where the training rows do not tell the difference.
        Raises UsageError where an edge is still a spline.
        """
        return formulas.formulas(self, var, self.seen, snapped)

    # --- drawing and saving

    def plot(
        self,
        beta: float = 3.0,
        in_vars: Sequence[str] | None = None,
        out_vars: Sequence[str] | None = None,
        title: str = "",
        scale: float = 1.0,
        x: Tensor | None = None,
    ) -> Figure:
        """A drawing of the network with the activation of every edge, fainter where the edge is less important."""
        return plots.plot(self, self._rows(x), beta, plots.Labels(in_vars, out_vars, title), scale)

    def saveckpt(self, path: str | PathLike[str] = "model") -> None:
        """Write the network to `path`.json and `path`.safetensors."""
        checkpoint.save(self, path)

    save = saveckpt

    @classmethod
    def loadckpt(cls, path: str | PathLike[str] = "model", lib: Library = STANDARD) -> KAN:
        """The network saved at `path`. Functions of your own are looked up by name in `lib`."""
        return checkpoint.load(cls, path, lib)

    load = loadckpt

    def _rows(self, x: Tensor | None) -> Tensor:
        """The rows given, else the training rows, else random ones within the grids of the inputs."""
        if x is not None:
            return x.detach().to(self.act_fun[0].coef.dtype)
        return grids.rows_over_grids(self) if self.seen is None else self.seen.X


MultKAN = KAN
