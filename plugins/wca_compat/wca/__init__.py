"""The module names that components written for the original WCA import; the code is in `wca_compat`."""
