// SPDX-License-Identifier: Apache-2.0
// The kernel's work: system calls, processes, pipes, signals, mappings, page faults.
#include "workloads.h"

enum { PAGE = 4096, PAGES = 256 };

uint32_t system_calls(uint32_t rounds)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < rounds * 100; i++)
        sum += (uint32_t)getppid() + 1;
    return sum;
}

static int status_of(pid_t child)
{
    int status = -1;
    waitpid(child, &status, 0);
    return status;
}

uint32_t fork_exec(uint32_t rounds)
{
    char *words[] = {program, "nothing", NULL};
    uint32_t sum = 0;
    while (rounds--) {
        pid_t child = fork();
        if (child == 0) {
            execve(program, words, words + 2);
            _exit(99);
        }
        sum = mix(sum, (uint32_t)status_of(child));
    }
    return sum;
}

static void echo(int in, int out)
{
    uint32_t word;
    while (read(in, &word, sizeof word) == sizeof word) {
        word = mix(word, 1);
        write(out, &word, sizeof word);
    }
    _exit(0);
}

// A word goes to another process and back.
uint32_t pipes(uint32_t rounds)
{
    int there[2], back[2];
    if (pipe(there) || pipe(back))
        return 0;
    pid_t child = fork();
    if (child == 0) {
        close(there[1]);
        echo(there[0], back[1]);
    }
    uint32_t word = 1;
    for (uint32_t i = 0; i < rounds * 10; i++) {
        write(there[1], &word, sizeof word);
        read(back[0], &word, sizeof word);
    }
    close(there[1]), close(there[0]), close(back[0]), close(back[1]);
    return mix(word, (uint32_t)status_of(child));
}

static volatile uint32_t caught;

static void catch(int number)
{
    caught += (uint32_t)number;
}

uint32_t signals(uint32_t rounds)
{
    caught = 0;
    signal(SIGUSR1, catch);
    for (uint32_t i = 0; i < rounds * 10; i++)
        kill(getpid(), SIGUSR1);
    return caught / SIGUSR1;
}

static uint8_t *map(unsigned size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        _exit(98);
    return at;
}

// Small mappings that come and go, each touched once.
uint32_t map_churn(uint32_t rounds)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < rounds * 10; i++) {
        uint8_t *at = map(4 * PAGE);
        at[i % (4 * PAGE)] = (uint8_t)i;
        sum += at[i % (4 * PAGE)] + at[0];
        munmap(at, 4 * PAGE);
    }
    return sum;
}

// A large mapping, every page of it touched.
uint32_t page_faults(uint32_t rounds)
{
    uint32_t sum = 0;
    while (rounds--) {
        uint8_t *at = map(PAGES * PAGE);
        for (unsigned i = 0; i < PAGES; i++)
            at[i * PAGE] = (uint8_t)(i + rounds);
        for (unsigned i = 0; i < PAGES; i++)
            sum = mix(sum, at[i * PAGE]);
        munmap(at, PAGES * PAGE);
    }
    return sum;
}
