"""From a YAML file to a tree of components.

`loader` reads and keeps the places, `build` checks the types and constructs.
"""
