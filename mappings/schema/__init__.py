"""The shape of the whole language, as models: one module for each part of a file.

They decide which keys there are and how each value reads. What names mean, and whether they fit together, is decided in
`mappings.checks`, on all files at once.
"""

from mappings.schema.file import MainFile, TeamFile

__all__ = ["MainFile", "TeamFile"]
