"""Public sets as published: in their own labels and splits, test parts too; for measuring, not for our models.

The readers one folder up turn training parts into our taxonomy. These are strict in another way: what
a set's authors published is kept row by row, and a file that differs from the published form is an error.
"""
