"""What is done with one formula: its constants are fitted, it is judged, and its written form is made short."""
