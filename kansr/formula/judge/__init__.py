"""What a formula is worth, and what is noise. One file a criterion."""
