"""Forms with unknown functions, such as f(x) + g(y, z): how they are read, and how the functions are separated."""
