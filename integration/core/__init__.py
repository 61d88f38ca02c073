"""Meaning without machinery: facts, items, links, key results, write-backs. Standard library only; `now` is an argument."""
