/* The registers that this hardware has, and where it keeps what they hold.
 *
 * Numbers and bits: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 3, chapters "Debug,
 * branch profile, TSC, and Intel Resource Director Technology" and "Performance monitoring".
 */
typedef unsigned int u32;
typedef unsigned long u64;

#define CPUS 8
#define DOMAINS 4  /* L3 caches; a cpu's is that of its package */
#define RMIDS 48 /* as many as the page has room for */
#define CLOSIDS 8
#define MASK_BITS 11
#define KILOBYTE 1024
#define UNIT 65536 /* bytes of occupancy and of traffic that one step of a monitoring counter stands for */
#define GENERAL 4
#define FIXED 3

struct counters {
    u64 select[GENERAL], general[GENERAL];
    u64 fixed[FIXED], fixed_control, global_control;
    u64 accounted; /* time stamp up to which the counters are true */
};

struct monitoring {
    u32 total, local; /* kilobytes */
    short unsigned occupancy; /* units */
    short unsigned verdict;   /* how a read ends: the two topmost bits of QM_CTR */
};

struct hardware {
    struct counters counters[CPUS];
    u64 instructions_per_256_cycles;
    u64 survived; /* breakpoints of breakpoint.c */
    u64 association[CPUS], event[CPUS], accounted[CPUS];
    u32 rate[RMIDS]; /* bytes per 256 cycles of a cpu that runs the RMID */
    struct monitoring monitoring[DOMAINS][RMIDS];
    u32 mask[DOMAINS][2 * CLOSIDS], throttle[DOMAINS][CLOSIDS];
    u64 configuration[DOMAINS];
};

/* A page that the kernel keeps for hibernation and this guest never uses; zero at boot. */
extern char hardware_page[];
#define HARDWARE ((struct hardware *)(hardware_page + 64))
_Static_assert(sizeof(struct hardware) <= 4096 - 64, "the page is too small");

static inline void real_cpuid(u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
    __asm__ volatile("cpuid" : "+a"(*eax), "=b"(*ebx), "+c"(*ecx), "=d"(*edx));
}

static inline u64 time_stamp(void)
{
    u32 low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (u64)high << 32 | low;
}

/* Number of the cpu that asks, which is its APIC id: machine.py gives each package as many cpus as it counts. */
static inline u32 this_cpu(void)
{
    u32 eax = 1, ebx, ecx = 0, edx;
    real_cpuid(&eax, &ebx, &ecx, &edx);
    return (ebx >> 24) % CPUS;
}

/* Each returns whether the register is one of its own. */
int read_monitoring(u32 number, u64 *value);
int write_monitoring(u32 number, u64 value);
int read_counter(u32 number, u64 *value);
int write_counter(u32 number, u64 value);
int read_for_test(u32 number, u64 *value);
int write_for_test(u32 number, u64 value);

/* Brings the traffic of the RMID that runs on `cpu` up to now. */
void account_traffic(u32 cpu);
u32 domain_of(u32 cpu);
