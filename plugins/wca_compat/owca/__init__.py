"""The spelling of the earliest releases: the very same objects as in `wca`."""
