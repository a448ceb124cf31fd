"""Pressure stall information: one collector, `metrics`, and where it reads."""
