"""From bytes to a Table of named float64 columns.

`table.read_table` takes a path, standard input or a stream. `streams` opens it, removes gzip, and decodes text piece by
piece. `text` finds the separator, the decimal sign and the header, and lets the C parser of pandas read the bulk; it
looks for the faulty line only where something does not fit. `cells` turns a column into float64, or into the sentence
that says which cell cannot be read and what to do. Parquet, feather and npz are recognised by their first bytes. Of
more rows than memory holds, `reservoir` keeps a random sample (reservoir sampling, Vitter 1985).
"""
