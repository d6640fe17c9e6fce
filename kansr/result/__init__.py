"""Small frozen values that stages hand on. Nothing here reads a file, draws or fits."""
