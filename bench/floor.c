/* The floor of a step: what the kernel charges for the reads and the text of a step, with next to nothing around.
 *
 * Usage: floor OUTPUT INTERVAL < DESCRIPTION
 * Every INTERVAL seconds: one pread of each file, the numbers looked up in its text, the page of samples put together
 * in memory, written to a temporary file and renamed to OUTPUT; then the CPU time of this cycle is printed [us].
 *
 * The description names everything in the order in which it is done:
 *   file PATH                  kept open; the numbers that follow are in it
 *   number [WORD ...]          behind these words, each looked for behind the one before; ^ is a line's beginning
 *   text LENGTH                so many bytes of the page, on the next line
 *   value now                  the time [s]
 *   value OPERATOR ARGUMENT NUMBER ...
 *                              the sum of these numbers, counted from 0, and then
 *                              * multiplied, / divided, or . with so many decimal places;
 *                              - is the first number less the second, but never below 0
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { WORDS = 3, TERMS = 8, SIZE = 16384, LONGEST_NUMBER = 40 };
#define UNLIMITED 9223372036854771712ULL
typedef unsigned long long number;

struct wanted { int words; char *word[WORDS]; size_t length[WORDS]; };
struct file { int descriptor; size_t first, count; };
struct piece { char operator; number argument; int terms; size_t term[TERMS]; char *text; size_t length; };

static struct wanted *wanted;
static struct file *files;
static struct piece *pieces;
static number *numbers;
static size_t wanted_count, files_count, pieces_count;
static char *page;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* One more element behind the last; the room doubles. */
static void *grown(void *array, size_t count, size_t size)
{
    if (count & (count - 1))
        return array;
    array = realloc(array, (count ? 2 * count : 1) * size);
    if (!array)
        fail("memory");
    return array;
}

static void add_file(const char *path)
{
    files = grown(files, files_count, sizeof *files);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        fail(path);
    files[files_count++] = (struct file){descriptor, wanted_count, 0};
}

static void add_number(char *rest)
{
    wanted = grown(wanted, wanted_count, sizeof *wanted);
    struct wanted *one = &wanted[wanted_count++];
    memset(one, 0, sizeof *one);
    for (char *word = strtok(rest, "\t"); word; word = strtok(NULL, "\t")) {
        one->word[one->words] = strdup(word);
        if (*word == '^')
            *one->word[one->words] = '\n';
        one->length[one->words++] = strlen(word);
    }
    files[files_count - 1].count++;
}

static struct piece *add_piece(char operator)
{
    pieces = grown(pieces, pieces_count, sizeof *pieces);
    pieces[pieces_count] = (struct piece){.operator = operator};
    return &pieces[pieces_count++];
}

static void add_text(const char *rest)
{
    struct piece *one = add_piece('t');
    one->length = strtoul(rest, NULL, 10);
    one->text = malloc(one->length + 1);
    if (!one->text || fread(one->text, 1, one->length, stdin) != one->length || getchar() != '\n')
        fail("text");
}

static void add_value(char *rest)
{
    struct piece *one = add_piece(*rest);
    strtok(rest, " ");
    char *word = strtok(NULL, " ");
    if (!word)
        return;
    one->argument = strtoull(word, NULL, 10);
    while ((word = strtok(NULL, " ")))
        one->term[one->terms++] = strtoul(word, NULL, 10);
}

static void read_description(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    while ((length = getline(&line, &size, stdin)) > 0) {
        line[length - 1] = 0;
        if (!strncmp(line, "file ", 5))
            add_file(line + 5);
        else if (!strncmp(line, "number ", 7))
            add_number(line + 7);
        else if (!strncmp(line, "text ", 5))
            add_text(line + 5);
        else if (!strncmp(line, "value ", 6))
            add_value(line + 6);
        else
            fail(line);
    }
    free(line);
}

static number parsed(const char *text)
{
    number value = 0;
    if (*text == 'm')
        return UNLIMITED;
    while (*text >= '0' && *text <= '9')
        value = value * 10 + (number)(*text++ - '0');
    return value;
}

static void look_up(const struct file *file, const char *text, size_t length)
{
    for (size_t at = file->first; at < file->first + file->count; at++) {
        const struct wanted *one = &wanted[at];
        const char *place = one->words ? text : text + 1;
        for (int word = 0; word < one->words; word++) {
            place = memmem(place, length - (size_t)(place - text), one->word[word], one->length[word]);
            if (!place)
                fail(one->word[word]);
            place += one->length[word];
        }
        numbers[at] = parsed(place);
    }
}

static void read_files(void)
{
    static char text[SIZE + 2] = "\n";
    for (struct file *file = files; file < files + files_count; file++) {
        ssize_t length = pread(file->descriptor, text + 1, SIZE, 0);
        if (length < 0)
            fail("pread");
        text[length + 1] = 0;
        look_up(file, text, (size_t)length + 1);
    }
}

static char *put(char *to, number value, int digits)
{
    char reversed[LONGEST_NUMBER];
    int count = 0;
    do
        reversed[count++] = (char)('0' + value % 10);
    while ((value /= 10) || count < digits);
    while (count)
        *to++ = reversed[--count];
    return to;
}

static char *put_decimal(char *to, number value, int places)
{
    number unit = 1;
    for (int place = 0; place < places; place++)
        unit *= 10;
    to = put(to, value / unit, 1);
    *to++ = '.';
    return put(to, value % unit, places);
}

static char *put_value(char *to, const struct piece *one, const struct timespec *now)
{
    number value = 0;
    if (one->operator == 'n')
        return put_decimal(to, (number)now->tv_sec * 1000000 + (number)now->tv_nsec / 1000, 6);
    if (one->operator == '-') {
        number all = numbers[one->term[0]], part = numbers[one->term[1]];
        return put(to, all > part ? all - part : 0, 1);
    }
    for (int term = 0; term < one->terms; term++)
        value += numbers[one->term[term]];
    if (one->operator == '.')
        return put_decimal(to, value, (int)one->argument);
    return put(to, one->operator == '*' ? value * one->argument : value / one->argument, 1);
}

static size_t put_page(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    char *to = page;
    for (const struct piece *one = pieces; one < pieces + pieces_count; one++) {
        if (one->operator == 't') {
            memcpy(to, one->text, one->length);
            to += one->length;
        } else
            to = put_value(to, one, &now);
    }
    return (size_t)(to - page);
}

static void write_page(const char *output, const char *temporary, size_t length)
{
    int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0 || write(file, page, length) != (ssize_t)length || close(file) < 0 || rename(temporary, output) < 0)
        fail(temporary);
}

static void prepare(void)
{
    size_t size = 1;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    read_description();
    numbers = calloc(wanted_count + 1, sizeof *numbers);
    for (size_t at = 0; at < pieces_count; at++)
        size += pieces[at].length + LONGEST_NUMBER;
    page = malloc(size);
    if (!numbers || !page)
        fail("memory");
}

static double cpu_time(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec * 1e6 + (double)used.tv_nsec * 1e-3;
}

static void add(struct timespec *time, double seconds)
{
    long nanoseconds = time->tv_nsec + (long)((seconds - (long)seconds) * 1e9);
    time->tv_sec += (long)seconds + nanoseconds / 1000000000;
    time->tv_nsec = nanoseconds % 1000000000;
}

int main(int count, char **arguments)
{
    if (count != 3) {
        fprintf(stderr, "usage: floor OUTPUT INTERVAL < DESCRIPTION\n");
        return 2;
    }
    const char *output = arguments[1];
    char temporary[4096];
    struct timespec next;
    snprintf(temporary, sizeof temporary, "%s.tmp", output);
    prepare();
    clock_gettime(CLOCK_MONOTONIC, &next);
    for (;;) {
        double before = cpu_time();
        read_files();
        write_page(output, temporary, put_page());
        printf("%.1f\n", cpu_time() - before);
        fflush(stdout);
        add(&next, atof(arguments[2]));
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    }
}
