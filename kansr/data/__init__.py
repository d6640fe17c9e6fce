"""From files and arrays to the Dataset a law is looked for in."""
