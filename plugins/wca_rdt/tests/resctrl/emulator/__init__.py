"""resctrl as Linux 6.12 does it, over hardware that a test describes: a file system of its own, by FUSE.

`hardware` says what the machine has, `filesystem` what the files do, `fuse` brings them to a folder. What the
emulator answers is held against a real kernel by `test_real_resctrl_facts.py`, which runs on both. The kernel's own
code (fs/resctrl and arch/x86/kernel/cpu/resctrl) is the source of every errno and every word of `last_cmd_status`.

Weaker than the kernel: `cpus` and `cpus_list` cannot be written, nothing can be pseudo-locked, and
children are found to be in their parent's group when they were started in a later clock tick than it was moved.
"""
