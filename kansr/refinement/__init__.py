"""What helps a search from outside: other packages' searches behind one callable, and forms that the user gives."""
