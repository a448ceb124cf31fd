/* RDT: L3 masks with CDP, bandwidth throttling, occupancy and traffic by RMID. */
#include "registers.h"

#define QOS_CONFIGURATION 0xc81
#define EVENT_SELECT 0xc8d
#define COUNTER 0xc8e
#define ASSOCIATION 0xc8f
#define MASK 0xc90
#define THROTTLE 0xd50
#define ERROR (1ul << 63)

enum { OCCUPANCY = 1, TOTAL = 2, LOCAL = 3 };

static u32 bits_of_package(void)
{
    u32 eax = 4, ebx, ecx = 3, edx, bits = 0;
    real_cpuid(&eax, &ebx, &ecx, &edx);
    for (u32 sharing = eax >> 14 & 0xfff; sharing; sharing >>= 1)
        bits++;
    return bits;
}

u32 domain_of(u32 cpu)
{
    return (cpu >> bits_of_package()) % DOMAINS;
}

void account_traffic(u32 cpu)
{
    struct hardware *hardware = HARDWARE;
    u64 now = time_stamp();
    u64 before = __atomic_exchange_n(&hardware->accounted[cpu], now, __ATOMIC_RELAXED);
    u32 rmid = (u32)hardware->association[cpu] % RMIDS; /* its upper half is the CLOSID */
    struct monitoring *monitoring = &hardware->monitoring[domain_of(cpu)][rmid];
    if (!before || now <= before)
        return;
    u64 kilobytes = ((now - before) * hardware->rate[rmid] >> 8) / KILOBYTE;
    __atomic_fetch_add(&monitoring->total, kilobytes, __ATOMIC_RELAXED);
    __atomic_fetch_add(&monitoring->local, kilobytes - kilobytes / 4, __ATOMIC_RELAXED);
}

static u64 monitored(u64 event, u32 domain)
{
    u32 kind = event & 0xff, rmid = event >> 32 & 0x3ff;
    struct hardware *hardware = HARDWARE;
    if (rmid >= RMIDS || kind < OCCUPANCY || kind > LOCAL)
        return ERROR;
    for (u32 cpu = 0; cpu < CPUS; cpu++)
        if (hardware->accounted[cpu] && domain_of(cpu) == domain)
            account_traffic(cpu);
    struct monitoring *monitoring = &hardware->monitoring[domain][rmid];
    if (monitoring->verdict)
        return (u64)monitoring->verdict << 62;
    if (kind == OCCUPANCY)
        return monitoring->occupancy;
    return (kind == TOTAL ? monitoring->total : monitoring->local) / (UNIT / KILOBYTE);
}

int read_monitoring(u32 number, u64 *value)
{
    struct hardware *hardware = HARDWARE;
    u32 cpu = this_cpu(), domain = domain_of(cpu);
    if (number == EVENT_SELECT)
        *value = hardware->event[cpu];
    else if (number == ASSOCIATION)
        *value = hardware->association[cpu];
    else if (number == QOS_CONFIGURATION)
        *value = hardware->configuration[domain];
    else if (number == COUNTER)
        *value = monitored(hardware->event[cpu], domain);
    else if (number >= MASK && number < MASK + 2 * CLOSIDS)
        *value = hardware->mask[domain][number - MASK];
    else if (number >= THROTTLE && number < THROTTLE + CLOSIDS)
        *value = hardware->throttle[domain][number - THROTTLE];
    else
        return 0;
    return 1;
}

int write_monitoring(u32 number, u64 value)
{
    struct hardware *hardware = HARDWARE;
    u32 cpu = this_cpu(), domain = domain_of(cpu);
    if (number == EVENT_SELECT) {
        hardware->event[cpu] = value;
    } else if (number == ASSOCIATION) {
        account_traffic(cpu);
        hardware->association[cpu] = value;
    } else if (number == QOS_CONFIGURATION) {
        hardware->configuration[domain] = value;
    } else if (number >= MASK && number < MASK + 2 * CLOSIDS) {
        hardware->mask[domain][number - MASK] = value;
    } else if (number >= THROTTLE && number < THROTTLE + CLOSIDS) {
        hardware->throttle[domain][number - THROTTLE] = value;
    } else {
        return 0;
    }
    return 1;
}
