/* Registers of no processor: what a test wants the hardware to say, written through /dev/cpu/N/msr.
 *
 *   0x4f0000RR  bytes of traffic in 256 cycles of a cpu that runs RMID RR (each time that it stops running, less than a
 *              kilobyte is lost); three quarters of it are local
 *   0x4f1000RR  occupancy of RMID RR in the L3 of cpu N, in units of 65536 bytes
 *   0x4f2000RR  kilobytes added to the total traffic of RMID RR at that L3
 *   0x4f3000RR  kilobytes added to the local traffic
 *   0x4f4000RR  how reads of RMID RR at that L3 end: 0 with a number, 1 "Unavailable", 2 "Error"
 *   0x4f500000  instructions in 256 cycles (0: 128)
 *   0x4f600000  to be read: how often the fault of breakpoint.c was survived
 */
#include "registers.h"

#define RATE 0x4f000
#define OCCUPANCY 0x4f100
#define TOTAL 0x4f200
#define LOCAL 0x4f300
#define VERDICT 0x4f400
#define INSTRUCTIONS 0x4f500
#define SURVIVED 0x4f600000

int read_for_test(u32 number, u64 *value)
{
    if (number != SURVIVED)
        return 0;
    *value = HARDWARE->survived;
    return 1;
}

int write_for_test(u32 number, u64 value)
{
    u32 wish = number >> 12, rmid = number & 0xfff;
    struct hardware *hardware = HARDWARE;
    if (wish < RATE || wish > INSTRUCTIONS || rmid >= RMIDS)
        return 0;
    struct monitoring *monitoring = &hardware->monitoring[domain_of(this_cpu())][rmid];
    if (wish == RATE) {
        for (u32 cpu = 0; cpu < CPUS; cpu++)
            if (hardware->accounted[cpu])
                account_traffic(cpu);
        hardware->rate[rmid] = value;
    } else if (wish == OCCUPANCY) {
        monitoring->occupancy = value;
    } else if (wish == TOTAL) {
        __atomic_fetch_add(&monitoring->total, value, __ATOMIC_RELAXED);
    } else if (wish == LOCAL) {
        __atomic_fetch_add(&monitoring->local, value, __ATOMIC_RELAXED);
    } else if (wish == VERDICT) {
        monitoring->verdict = value;
    } else if (wish == INSTRUCTIONS) {
        hardware->instructions_per_256_cycles = value;
    } else {
        return 0;
    }
    return 1;
}
