"""Counters of the whole machine: memory controllers, links between sockets, slices of the last-level cache."""
