"""How much memory a task really uses: one collector, `metrics`, and the search for a stable size."""
