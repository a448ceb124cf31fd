"""The kernel's interfaces, one a file.

`parse_x` turns text into values, `read_x` finds it below a root. No model here.
"""
