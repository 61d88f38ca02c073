"""Figures, mostly ratios of one run: `make bench`, or `python -m tests.bench receiver` for some of them.

A module here that has `measure()` yields pairs of name and number, as soon as it has them. What surrounds a ratio
(requests a second, milliseconds) goes to stderr: it says more about the machine than about us.
"""
