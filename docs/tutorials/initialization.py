"""Where the curves of a new network start.

On each edge scale_base = 1/sqrt(n_in) + U[-noise_scale_base, noise_scale_base], scale_sp = 1, and the coefficients of
the spline are drawn from N(0, (noise_scale/G)²). Training does not depend on it: a network that was never trained is
trained from the best of several starts, and this is one of them.
Run it with `python docs/tutorials/initialization.py`.
"""

from kansr.kan import KAN, torch

x = torch.normal(0, 1, size=(100, 2), generator=torch.Generator().manual_seed(0)).double()
cases = {
    "as it comes": {},
    "exactly linear": {"noise_scale_base": 0.0, "base_fun": lambda x: x, "noise_scale": 0.0},
    "noisy splines": {"noise_scale": 1.0},
    "very noisy splines": {"noise_scale": 10.0},
    "nodes almost alike": {"noise_scale_base": 0.0},
    "nodes told apart": {"noise_scale_base": 1.0},
}
figures, spread = {}, {}
for name, options in cases.items():
    # The samples reach beyond the grid, [-1, 1]; there a noisy spline had better go on along its tangent.
    model = KAN(width=[2, 5, 1], grid=5, k=3, seed=0, outside="linear", **options)
    figures[name] = model.plot(x=x, title=name)
    first = model.act_fun[0]
    hidden = first(x).detach()
    spread[name] = float((hidden - hidden.mean(1, keepdim=True)).std() / hidden.std())  # between the five nodes
    scales = first.scale_base.detach().flatten().tolist()
    print(f"{name:20} scale_base {min(scales):.2f} to {max(scales):.2f}, "
          f"coefficients ±{first.coef.std().item():.3f}, nodes differ by {spread[name]:.2f}")  # fmt: skip

model = KAN(width=[2, 5, 1], grid=5, k=3, seed=0, **cases["exactly linear"])
linear = 5 / (2 * 5) ** 0.5 * x.sum(1, keepdim=True)
off = (model(x) - linear).abs().max().item()
print(f"the linear network is linear within {off:.0e}")
