"""The older module names, and what runs components written for them as plugins: nothing here is needed by others."""
