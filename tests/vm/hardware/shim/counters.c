/* Architectural performance monitoring, version 2: four general and three fixed counters of 48 bits on each cpu.
 *
 * They count what time passes makes likely: cycles are the time stamp, instructions a share of them, all
 * other events a share of the instructions. No overflow interrupt, no difference between user and kernel.
 */
#include "registers.h"

#define SELECT 0x186
#define GENERAL_COUNTER 0xc1
#define FIXED_COUNTER 0x309
#define FIXED_CONTROL 0x38d
#define STATUS 0x38e
#define GLOBAL_CONTROL 0x38f
#define STATUS_RESET 0x390
#define ENABLED 22
#define WIDTH 0xffffffffffffUL
#define FIXED_READ 0x40000000

#define INSTRUCTIONS 0x00c0
#define CYCLES 0x003c
#define REFERENCE_CYCLES 0x013c
#define CACHE_REFERENCES 0x4f2e
#define CACHE_MISSES 0x412e
#define BRANCHES 0x00c4
#define BRANCH_MISSES 0x00c5

/* How many events, by number and mask, `cycles` bring. */
static u64 events_in(u32 event, u64 cycles)
{
    u64 share = HARDWARE->instructions_per_256_cycles;
    u64 instructions = cycles * (share ? share : 128) >> 8;
    switch (event) {
    case INSTRUCTIONS: return instructions;
    case CYCLES: return cycles;
    case REFERENCE_CYCLES: return cycles / 26;
    case CACHE_REFERENCES: return instructions / 64;
    case CACHE_MISSES: return instructions / 256;
    case BRANCHES: return instructions / 5;
    case BRANCH_MISSES: return instructions / 100;
    }
    return instructions >> ((event & 7) + 4);
}

/* No table: the shim has text only. */
static u32 fixed_event(u32 index)
{
    return index == 0 ? INSTRUCTIONS : index == 1 ? CYCLES : REFERENCE_CYCLES;
}

/* The counters of the cpu that asks, true up to now. */
static struct counters *counted(void)
{
    struct counters *counters = &HARDWARE->counters[this_cpu()];
    u64 now = time_stamp(), cycles = counters->accounted ? now - counters->accounted : 0;
    counters->accounted = now;
    for (u32 index = 0; index < GENERAL; index++)
        if (counters->select[index] >> ENABLED & 1 && counters->global_control >> index & 1)
            counters->general[index] =
                (counters->general[index] + events_in(counters->select[index] & 0xffff, cycles)) & WIDTH;
    for (u32 index = 0; index < FIXED; index++)
        if (counters->fixed_control >> 4 * index & 3 && counters->global_control >> (32 + index) & 1)
            counters->fixed[index] = (counters->fixed[index] + events_in(fixed_event(index), cycles)) & WIDTH;
    return counters;
}

u64 shim_read_pmc(int number)
{
    struct counters *counters = counted();
    return number & FIXED_READ ? counters->fixed[(number & 0xff) % FIXED] : counters->general[(number & 0xff) % GENERAL];
}

static int is_counter(u32 number)
{
    return (number >= SELECT && number < SELECT + GENERAL) ||
           (number >= GENERAL_COUNTER && number < GENERAL_COUNTER + GENERAL) ||
           (number >= FIXED_COUNTER && number < FIXED_COUNTER + FIXED) ||
           (number >= FIXED_CONTROL && number <= STATUS_RESET);
}

/* Where the register is kept; nothing for the two of the status, which is always zero. */
static u64 *place_of(struct counters *counters, u32 number)
{
    if (number == FIXED_CONTROL)
        return &counters->fixed_control;
    if (number == GLOBAL_CONTROL)
        return &counters->global_control;
    if (number == STATUS || number == STATUS_RESET)
        return 0;
    if (number >= FIXED_COUNTER)
        return &counters->fixed[number - FIXED_COUNTER];
    return number >= SELECT ? &counters->select[number - SELECT] : &counters->general[number - GENERAL_COUNTER];
}

int read_counter(u32 number, u64 *value)
{
    if (!is_counter(number))
        return 0;
    u64 *place = place_of(counted(), number);
    *value = place ? *place : 0;
    return 1;
}

int write_counter(u32 number, u64 value)
{
    if (!is_counter(number))
        return 0;
    u64 *place = place_of(counted(), number);
    if (place)
        *place = value;
    return 1;
}
