/* What the kernel calls in the place of its own cpuid, rdmsr and wrmsr; whatever is not ours goes to those. */
#include "registers.h"

u64 native_read_msr(u32 number);
u64 native_read_msr_safe(u32 number, int *error);
void native_write_msr(u32 number, u32 low, u32 high);
int native_write_msr_safe(u32 number, u32 low, u32 high);

#define HIGHEST_LEAF 0x10

/* Leaf 0xf: occupancy, total and local traffic, by RMID; counters of 24 + 8 bits. */
static void monitoring_leaf(u32 part, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
    *eax = *ebx = *ecx = *edx = 0;
    if (part == 0) {
        *ebx = RMIDS - 1;
        *edx = 1 << 1;
    } else if (part == 1) {
        *eax = 8;
        *ebx = UNIT;
        *ecx = RMIDS - 1;
        *edx = 7;
    }
}

/* Leaf 0x10: masks of the L3 (two bits shared with others, CDP), and linear throttling down to a tenth. */
static void allocation_leaf(u32 part, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
    *eax = *ebx = *ecx = *edx = 0;
    if (part == 0) {
        *ebx = 1 << 1 | 1 << 3;
    } else if (part == 1) {
        *eax = MASK_BITS - 1;
        *ebx = 0x600;
        *ecx = 1 << 2;
        *edx = CLOSIDS - 1;
    } else if (part == 3) {
        *eax = 89;
        *ecx = 1 << 2;
        *edx = CLOSIDS - 1;
    }
}

void shim_cpuid(u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
    u32 leaf = *eax, part = *ecx;
    real_cpuid(eax, ebx, ecx, edx);
    if (leaf == 0 && *eax < HIGHEST_LEAF) {
        *eax = HIGHEST_LEAF;
    } else if (leaf == 7 && part == 0) {
        *ebx |= 1 << 12 | 1 << 15;
    } else if (leaf == 0xa) {
        *eax = 2 | GENERAL << 8 | 48 << 16 | 7 << 24;
        *ebx = *ecx = 0;
        *edx = FIXED | 48 << 5;
    } else if (leaf == 0xf) {
        monitoring_leaf(part, eax, ebx, ecx, edx);
    } else if (leaf == 0x10) {
        allocation_leaf(part, eax, ebx, ecx, edx);
    }
}

static int is_read(u32 number, u64 *value)
{
    return read_counter(number, value) || read_monitoring(number, value) || read_for_test(number, value);
}

static int is_written(u32 number, u32 low, u32 high)
{
    u64 value = (u64)high << 32 | low;
    return write_counter(number, value) || write_monitoring(number, value) || write_for_test(number, value);
}

u64 shim_read_msr(u32 number)
{
    u64 value;
    return is_read(number, &value) ? value : native_read_msr(number);
}

u64 shim_read_msr_safe(u32 number, int *error)
{
    u64 value;
    if (!is_read(number, &value))
        return native_read_msr_safe(number, error);
    *error = 0;
    return value;
}

void shim_write_msr(u32 number, u32 low, u32 high)
{
    if (!is_written(number, low, high))
        native_write_msr(number, low, high);
}

int shim_write_msr_safe(u32 number, u32 low, u32 high)
{
    return is_written(number, low, high) ? 0 : native_write_msr_safe(number, low, high);
}
