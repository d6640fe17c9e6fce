"""How often known laws are found again, by kansr and by others, on the same rows and in the same time."""
