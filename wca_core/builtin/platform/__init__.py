"""What the machine as a whole tells: one collector, `metrics`, and its sources."""
