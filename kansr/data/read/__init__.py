"""From bytes to a Table of named float64 columns.

`file.read_table` takes a path, standard input or a stream. `streams` opens it, removes gzip, and decodes text piece by
piece. `text` finds the separator and the decimal sign, and lets the C parser of pandas read the bulk; it looks for the
faulty line only where something does not fit. `lines` knows comments and the like, `layout` which lines at the top
hold names, units or a preamble. A cell of separated text becomes a float in one of two places: in `text` by pandas,
where all cells of its column are plain numbers, and in `cells` where they are not. `cells` turns any column into
float64, or into the sentence that says which cell cannot be read and what to do; `numerals` and `times` know how
numbers and time stamps are written. Formats are recognised by their first bytes: `binary` are xlsx, parquet, feather
and npz, `json_lines` is JSON. `table` holds the columns. Of more rows than memory holds, `reservoir` keeps a random
sample (Vitter 1985).
"""
