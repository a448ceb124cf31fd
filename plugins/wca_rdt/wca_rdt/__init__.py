"""Hardware for WCA: perf counters (`perf`), cache and memory bandwidth through resctrl (`resctrl`)."""
