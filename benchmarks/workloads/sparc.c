// SPDX-License-Identifier: Apache-2.0
// sparc.h's functions: system calls by `ta 0x10` (number in %g1, carry: error), memory, shifts.
#include "guest.h"

char **environ;

enum {
    EXIT = 1, FORK = 2, READ = 3, WRITE = 4, OPEN = 5, CLOSE = 6, WAIT4 = 7, LSEEK = 19,
    GETPID = 20, KILL = 37, IOCTL = 54, REBOOT = 55, EXECVE = 59, GETPPID = 64, MMAP = 71,
    MUNMAP = 73, FSYNC = 95, SIGACTION = 102, MOUNT = 167,
    CLOCK_GETTIME = 257, PIPE2 = 321,
};

enum { WITH_INFO = 0x200 }; // the frame that system call 101 takes back

__asm__(".globl _start\n"
        "_start: mov 0, %fp\n"
        "  ld [%sp + 64], %o0\n"
        "  add %sp, 68, %o1\n"
        "  call begin\n"
        "  sub %sp, 24, %sp\n"
        // what a signal handler returns to
        ".globl signal_return\n"
        "signal_return: mov 101, %g1\n"
        "  ta 0x10\n");

extern char signal_return[];
int main(int count, char **words);

void __attribute__((used, noreturn)) begin(int count, char **words)
{
    environ = words + count + 1;
    _exit(main(count, words));
}

static int call(int number, int a, int b, int c, int d, int e, int f)
{
    register int g1 __asm__("g1") = number;
    register int o0 __asm__("o0") = a;
    register int o1 __asm__("o1") = b;
    register int o2 __asm__("o2") = c;
    register int o3 __asm__("o3") = d;
    register int o4 __asm__("o4") = e;
    register int o5 __asm__("o5") = f;
    __asm__ volatile("ta 0x10\n\tbcs,a 1f\n\tmov -1, %%o0\n1:"
                     : "+r"(o0), "+r"(o1), "+r"(g1)
                     : "r"(o2), "r"(o3), "r"(o4), "r"(o5)
                     : "memory", "cc");
    return o0;
}

int read(int file, void *data, size_t size)
{
    return call(READ, file, (int)data, (int)size, 0, 0, 0);
}

int write(int file, const void *data, size_t size)
{
    return call(WRITE, file, (int)data, (int)size, 0, 0, 0);
}

int open(const char *path, int flags)
{
    return call(OPEN, (int)path, flags, 0, 0, 0, 0);
}

int close(int file)
{
    return call(CLOSE, file, 0, 0, 0, 0, 0);
}

int lseek(int file, int offset, int whence)
{
    return call(LSEEK, file, offset, whence, 0, 0, 0);
}

int fsync(int file)
{
    return call(FSYNC, file, 0, 0, 0, 0, 0);
}

int ioctl(int file, unsigned request, int argument)
{
    return call(IOCTL, file, (int)request, argument, 0, 0, 0);
}

int pipe(int files[2])
{
    return call(PIPE2, (int)files, 0, 0, 0, 0, 0);
}

// In the child %o1 is 1 and %o0 the parent's number.
pid_t fork(void)
{
    register int g1 __asm__("g1") = FORK;
    register int o0 __asm__("o0");
    register int o1 __asm__("o1");
    __asm__ volatile("ta 0x10\n\tbcs,a 1f\n\tmov -1, %%o0\n1:"
                     : "=r"(o0), "=r"(o1), "+r"(g1) : : "memory", "cc");
    return o0 == -1 ? -1 : o0 & (o1 - 1);
}

int execve(const char *path, char *const words[], char *const environment[])
{
    return call(EXECVE, (int)path, (int)words, (int)environment, 0, 0, 0);
}

pid_t waitpid(pid_t child, int *status, int options)
{
    return call(WAIT4, child, (int)status, options, 0, 0, 0);
}

pid_t getpid(void)
{
    return call(GETPID, 0, 0, 0, 0, 0, 0);
}

pid_t getppid(void)
{
    return call(GETPPID, 0, 0, 0, 0, 0, 0);
}

int kill(pid_t process, int number)
{
    return call(KILL, process, number, 0, 0, 0, 0);
}

void signal(int number, void (*handler)(int))
{
    struct {
        void (*handler)(int);
        unsigned flags;
        void *restorer;
        unsigned mask[2];
    } action = {.handler = handler, .flags = WITH_INFO};
    call(SIGACTION, number, (int)&action, 0, (int)signal_return - 8, sizeof action.mask, 0);
}

void *mmap(void *at, size_t size, int protection, int flags, int file, int offset)
{
    return (void *)call(MMAP, (int)at, (int)size, protection, flags, file, offset);
}

int munmap(void *at, size_t size)
{
    return call(MUNMAP, (int)at, (int)size, 0, 0, 0, 0);
}

int mount(const char *source, const char *on, const char *type, unsigned flags, const void *data)
{
    return call(MOUNT, (int)source, (int)on, (int)type, (int)flags, (int)data, 0);
}

int reboot(unsigned how)
{
    return call(REBOOT, (int)0xfee1dead, 672274793, (int)how, 0, 0, 0);
}

int clock_gettime(int clock, struct timespec *now)
{
    return call(CLOCK_GETTIME, clock, (int)now, 0, 0, 0, 0);
}

void _exit(int status)
{
    for (;;)
        call(EXIT, status, 0, 0, 0, 0, 0);
}

void *memcpy(void *to, const void *from, size_t size)
{
    uint8_t *d = to;
    const uint8_t *s = from;
    if (!(((uintptr_t)d | (uintptr_t)s) & 7)) {
        for (; size >= 32; size -= 32, d += 32, s += 32) {
            const uint64_t *in = (const uint64_t *)s;
            uint64_t *out = (uint64_t *)d, a = in[0], b = in[1], c = in[2], e = in[3];
            out[0] = a, out[1] = b, out[2] = c, out[3] = e;
        }
        for (; size >= 8; size -= 8, d += 8, s += 8)
            *(uint64_t *)d = *(const uint64_t *)s;
    }
    while (size--)
        *d++ = *s++;
    return to;
}

void *memset(void *to, int value, size_t size)
{
    uint8_t *d = to;
    uint32_t word = (value & 255) * 0x01010101u;
    uint64_t wide = (uint64_t)word << 32 | word;
    if (!((uintptr_t)d & 7)) {
        for (; size >= 32; size -= 32, d += 32) {
            uint64_t *out = (uint64_t *)d;
            out[0] = wide, out[1] = wide, out[2] = wide, out[3] = wide;
        }
        for (; size >= 8; size -= 8, d += 8)
            *(uint64_t *)d = wide;
    }
    while (size--)
        *d++ = (uint8_t)value;
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *x = a, *y = b;
    for (; size; size--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

size_t strlen(const char *text)
{
    const char *end = text;
    while (*end)
        end++;
    return (size_t)(end - text);
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (uint8_t)*a - (uint8_t)*b;
}
