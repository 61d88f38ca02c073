"""The file a team writes. It says what they want and how it is measured, and becomes a `Scorecard`, or a list of mistakes.

    source -> shape (schema) -> checks -> build -> Loaded

`source` alone knows YAML and where each word stands; `schema` the keys and forms of the language; `checks` what the words
mean together, over all files; `build` makes the core's types and applies the defaults. Every step goes on behind a mistake,
so that all of them are told at once. Secrets are names until `resolve` reads them.
"""

from integration.core.errors import MappingInvalid
from mappings.load import includes, load, load_texts
from mappings.loaded import ConnectionSource, Loaded, resolve
from mappings.schema import MainFile

__all__ = [
    "ConnectionSource",
    "Loaded",
    "MainFile",
    "MappingInvalid",
    "includes",
    "load",
    "load_texts",
    "resolve",
]
