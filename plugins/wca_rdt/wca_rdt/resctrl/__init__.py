"""Cache occupancy and memory bandwidth of tasks through the kernel's resctrl: one plugin, `collector`."""
