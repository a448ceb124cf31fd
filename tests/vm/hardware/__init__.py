"""Hardware that QEMU's emulation lacks, given to the guest's kernel: RDT, and counters of a processor.

Linux asks a processor what it is (cpuid) and talks to its registers (rdmsr, wrmsr, rdpmc) only through the
pointers of `pv_ops`. A private copy of the kernel gets the code of `shim/` placed into padding of its text, and
six of these pointers are turned to it. Nothing else is changed: resctrl and the Intel counter driver in
the guest are Debian's own, and what a test reads has gone through them. Only the registers are ours.
"""
