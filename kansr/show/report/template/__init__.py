"""The template and the style sheet of the page; `html` loads them."""
