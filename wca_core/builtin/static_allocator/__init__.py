"""Allocations by rules that a person writes."""
