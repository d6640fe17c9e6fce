"""The template of the report and its style sheet.

`page.html` is filled in by jinja2, which escapes whatever is put in; `style.css` is shared by all pages. `html.py`
loads both.
"""
