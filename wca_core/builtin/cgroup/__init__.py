"""What the cgroups of a task tell: one collector, `metrics`, and what it is made of."""
