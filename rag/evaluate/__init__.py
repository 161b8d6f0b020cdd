"""The measures behind ``rag eval``: answers against questions whose evidence is known.

``questions`` reads a file and finds its evidence in the index, ``ask`` asks and compares, ``measures``
sums up, with intervals from ``bootstrap``, and ``report`` shows it as a page. It does not know how
passages are found or excerpts chosen: it asks as anyone does.
"""
