/* A fault of QEMU's emulation that this kernel survives.
 *
 * Linux replaces its own code through an int3. With a thread for each cpu, QEMU may keep the translation of that
 * int3 when the new instruction is in place: the kernel then meets a breakpoint that it knows nothing of, and
 * panics. QEMU forgets the translation when the byte is written again. The same under QEMU 8: Richard W.M. Jones on linux-kernel, 5 July 2023,
 * bugzilla.redhat.com 2216496. Each mount of resctrl replaces code, so tests meet it often.
 */
#include "registers.h"

#define BREAKPOINT 0xcc
#define USER_MODE 3
#define WRITE_PROTECT (1ul << 16)

/* What the kernel pushes at an exception: struct pt_regs, up to the code segment. */
struct interrupted {
    u64 others[16];
    u64 place, segment;
};

int poke_int3_handler(struct interrupted *interrupted);

/* Writes what is there already. The kernel's text is read-only but for those who say otherwise in CR0. */
static void write_again(unsigned char *place)
{
    unsigned char there = *place;
    u64 control;
    __asm__ volatile("mov %%cr0, %0" : "=r"(control));
    __asm__ volatile("mov %0, %%cr0" : : "r"(control & ~WRITE_PROTECT) : "memory");
    __atomic_compare_exchange_n(place, &there, there, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    __asm__ volatile("mov %0, %%cr0" : : "r"(control) : "memory");
}

/* Called by exc_int3 alone. Where memory has no int3 any more, the instruction that is there now is run. */
int shim_poke_int3_handler(struct interrupted *interrupted)
{
    unsigned char *place = (unsigned char *)(interrupted->place - 1);
    if (poke_int3_handler(interrupted))
        return 1;
    if (interrupted->segment & USER_MODE || *(volatile unsigned char *)place == BREAKPOINT)
        return 0;
    __atomic_fetch_add(&HARDWARE->survived, 1, __ATOMIC_RELAXED);
    write_again(place);
    interrupted->place--;
    return 1;
}
