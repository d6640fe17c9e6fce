"""What a network computes: splines on edges, sums and products at nodes."""
