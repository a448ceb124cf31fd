"""A mounted resctrl that a test may fill: emulated in the normal run, the kernel's own in the virtual machine."""
