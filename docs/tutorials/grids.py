"""What a spline on an edge is made of, and how its grid follows the data.

Run it with `python docs/tutorials/grids.py`.
"""

from kansr.kan import KAN, B_batch, extend_grid, plt, torch

# A grid of G intervals on [-1, 1], with k more points on either side, carries G + k basis functions of degree k.
G, k = 5, 3
grid = extend_grid(torch.linspace(-1, 1, steps=G + 1, dtype=torch.float64)[None, :], k_extend=k)
print("knots:", [round(t, 3) for t in grid[0].tolist()])
x = torch.linspace(-1, 1, steps=1001, dtype=torch.float64)[None, :]
basis = B_batch(x, grid, k=k)
print("B(-1):", [round(b, 4) for b in basis[0, 0].tolist()])
print(f"the basis sums to 1 within {float((basis.sum(2) - 1).abs().max()):.0e}")
for i in range(G + k):
    plt.plot(x[0], basis[0, :, i], label=f"B_{i}(x)")
plt.legend()
plt.xlabel("x")
plt.show()

# An edge is scale_base b(x) + scale_sp spline(x), and b is silu unless another is asked for.
model = KAN(width=[1, 1], grid=G, k=k)
edge = model.act_fun[0]
spline = torch.einsum("j,ij->i", edge.coef[0][0], basis[0])[:, None]
base = torch.nn.SiLU()(x[0][:, None])
whole = edge.scale_base * base + edge.scale_sp * spline
difference = (model(x[0][:, None]) - whole).abs().max().item()
print(f"the edge differs from its two parts by {difference:.0e}")

# Grids follow the samples that run through them.
reach = {}
for limit in (10.0, 0.5):
    model = KAN(width=[1, 1], grid=G, k=k)
    model.update_grid_from_samples(torch.linspace(-limit, limit, steps=1001)[:, None])
    reach[limit] = model.act_fun[0].grid[0].tolist()
    print(f"samples on ±{limit}:", [round(t, 3) for t in reach[limit]])

# grid_eps goes from evenly spaced (1) to as many samples in every interval (0).
x = torch.normal(0, 1, size=(1000, 1), generator=torch.Generator().manual_seed(0))
counts = {}
for grid_eps in (1.0, 0.5, 0.0):
    model = KAN(width=[1, 1], grid=G, k=k, grid_eps=grid_eps)
    model.update_grid_from_samples(x)
    inner = model.act_fun[0].grid[0, k:-k]
    counts[grid_eps] = torch.histogram(x[:, 0].to(inner), inner).hist.int().tolist()
    print(f"grid_eps={grid_eps}: {[round(t, 2) for t in inner.tolist()]} with {counts[grid_eps]} samples")
