"""KAN: the network with the methods that pykan's tutorials call, each of them a function of this folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import sympy
from torch import Tensor

from kansr.errors import UsageError
from kansr.kan.network import checkpoint
from kansr.kan.network.network import Network
from kansr.kan.network.pykan_names import function, library_of
from kansr.kan.reading import plot as plots
from kansr.kan.reading import symbolic
from kansr.kan.reading.compact import compact, prune_input
from kansr.kan.reading.importance import Pruned, prune
from kansr.kan.training import grids, progress
from kansr.kan.training.dataset import Seen
from kansr.kan.training.fit_dataset import Results, learn
from kansr.kan.training.train import Loss, Optimizer, TrainConfig, mean_square
from kansr.symbolic.library.function import Function, Library
from kansr.symbolic.library.standard import STANDARD

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class KAN(Network):
    """A Kolmogorov-Arnold network: `KAN(width=[2, 5, 1], grid=5, k=3, seed=0)`.

    act_fun[l] is a layer of edges: its coef is (in, out, G + k), its grid (the knots) (in, G + 2k + 1), its
    scale_base, scale_sp and mask (in, out). Methods that ask leave the network as it is; `prune…` and `refine` give a
    new one; training, fixing, loading values from another and moving the grid change this one.
    `seen` holds the rows it was trained on, for the methods that need some and are given none, and `removed` says what
    pruning took out of the network this one came from; both are not saved.
    """

    seen: Seen | None = None
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
        seed: int = 0,
        starts: int = 6,
        verbose: bool | None = None,
    ) -> Results:
        """Train on train_input and train_label; train_loss, test_loss (rms) and reg after each of the steps.

        "LBFGS" asks for a method of second order and gets Levenberg-Marquardt where that applies: all rows at once,
        squared errors, a few thousand parameters. Otherwise, and always by `train` alone, it is LBFGS itself.
        A network that was never trained is trained from the best of several starts, or as it is with starts=0.
        train_weight in the dataset, (rows,), says what each row counts. Training ends `patience` steps after the best
        test_loss, and goes back to it; with 0 the test rows are only watched. A bar shows how it goes on a terminal
        and in a notebook, or as `verbose` says. Raises UsageError for rows that do not fit the network.
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
            seed=seed,
            loss_fn=loss_fn,
        )
        shown = progress.is_watched() if verbose is None else verbose
        with progress.bar(steps, lamb) if shown else progress.silence() as watch:
            results, self.seen = learn(self, dataset, config, not self.trained, starts, watch)
        self.trained = True
        return results

    def train(self, mode: bool | Mapping[str, Tensor] = True, *args: Any, **options: Any) -> Any:
        """`train(dataset, ...)` is `fit(dataset, ...)`; `train(True)` and `train(False)` are those of nn.Module."""
        return super().train(mode) if isinstance(mode, bool) else self.fit(mode, *args, **options)

    # --- grids

    def refine(self, G: int) -> KAN:
        """A new network with G intervals on every edge and the same function."""
        return grids.refine(self, G)

    def initialize_from_another_model(self, another: Network, x: Tensor | None = None) -> KAN:
        """Take over the function of another network of the same width, on grids as fine as this one's."""
        grids.take_over(self, another)
        self.trained = True
        return self

    def update_grid_from_samples(self, x: Tensor) -> None:
        """Let every grid cover exactly what these rows send through it; the curves are kept."""
        grids.fit_grids(self, x.to(self.act_fun[0].coef), margin=0.0)

    # --- pruning

    def prune(self, node_th: float = 1e-2, edge_th: float = 3e-2, x: Tensor | None = None) -> KAN:
        """A new network without the nodes and edges that matter less than that share of the output's spread."""
        return self._pruned(edge_th, node_th, x, compact)

    def prune_node(self, threshold: float = 1e-2, x: Tensor | None = None) -> KAN:
        """A new network without the nodes that matter less than that share of the output's spread."""
        return self._pruned(0.0, threshold, x, compact)

    def prune_edge(self, threshold: float = 3e-2, x: Tensor | None = None) -> KAN:
        """A new network in which the edges that matter less than that are closed; all nodes keep their numbers."""
        return self._pruned(threshold, 0.0, x, lambda model: model)

    def _pruned(self, edge_th: float, node_th: float, x: Tensor | None, finish: Callable[[Network], Network]) -> KAN:
        smaller, removed = prune(self, self._rows(x), edge_th, node_th)
        new = finish(smaller)
        assert isinstance(new, KAN)
        new.removed = removed
        return new

    def prune_input(self, threshold: float = 1e-2, x: Tensor | None = None) -> KAN:
        """A new network without the inputs that matter less than that; it takes the columns that are left."""
        new, columns, removed = prune_input(self, self._rows(x), threshold)
        assert isinstance(new, KAN)
        new.removed = removed
        new.seen = None if self.seen is None else Seen(self.seen.X[:, columns], self.seen.y)
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
        """The functions that edge (l, i, j) may be, best first."""
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
        """Make edge (l, i, j) c·f(a·x + b) + d, fitted to the edge unless that is declined; r² of it."""
        if fit_params_bool:
            return symbolic.fix_nearest(self, (l, i, j), function(fun_name), self._rows(x))
        return symbolic.fix_plain(self, (l, i, j), function(fun_name), self._rows(x))

    def unfix_symbolic(self, l: int, i: int, j: int) -> None:  # noqa: E741
        """Make edge (l, i, j) the spline again that it was."""
        symbolic.unfix(self, (l, i, j))

    def auto_symbolic(self, lib: Library | Sequence[str | Function] = STANDARD) -> None:
        """Fix every spline to a function, chosen together by what the whole formula is worth on the rows."""
        if self.seen is None:
            raise UsageError("auto_symbolic needs rows to judge formulas by: fit the network first")
        chosen = symbolic.auto(self, self.seen, symbolic.AutoConfig(library=library_of(lib)))
        self.act_fun = chosen.act_fun

    def symbolic_formula(
        self, var: Sequence[str | sympy.Expr] | None = None, snapped: bool = True
    ) -> tuple[list[sympy.Expr], list[sympy.Expr]]:
        """One sympy formula an output, and the variables; constants as the rows allow, or exactly as they are here."""
        return symbolic.formulas(self, var, self.seen, snapped)

    # --- looking at it and keeping it

    def plot(
        self,
        beta: float = 3.0,
        in_vars: Sequence[str] | None = None,
        out_vars: Sequence[str] | None = None,
        title: str = "",
        scale: float = 1.0,
        x: Tensor | None = None,
    ) -> Figure:
        """A drawing of the network with the curve of every edge; the fainter, the less it matters."""
        return plots.plot(self, self._rows(x), beta, plots.Names(in_vars, out_vars, title), scale)

    def saveckpt(self, path: str | PathLike[str] = "model") -> None:
        """Write the network to `path`.json and `path`.safetensors."""
        checkpoint.save(self, path)

    save = saveckpt

    @classmethod
    def loadckpt(cls, path: str | PathLike[str] = "model", lib: Library = STANDARD) -> KAN:
        """The network that was written there; functions of one's own have to be in `lib`."""
        return checkpoint.load(cls, path, lib)

    load = loadckpt

    def _rows(self, x: Tensor | None) -> Tensor:
        """Rows to ask about: those given, else those seen in training, else some spread over the grid."""
        if x is not None:
            return x.detach().to(self.act_fun[0].coef.dtype)
        return plots.rows_over_grid(self) if self.seen is None else self.seen.X


MultKAN = KAN
