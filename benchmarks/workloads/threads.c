// SPDX-License-Identifier: Apache-2.0
// The same work once by one thread, and twice by two at a time: on two CPUs, in the same time.
#include "workloads.h"

#ifdef GUEST_THREADS

static void *work(void *rounds)
{
    uint32_t seed = 5, sum = 0, small[64] = {0};
    for (uint32_t i = 0; i < (uintptr_t)rounds * 1000; i++) {
        uint32_t n = next_random(&seed);
        small[n & 63] += n;
        sum = mix(sum, small[n >> 6 & 63]);
    }
    return (void *)(uintptr_t)sum;
}

uint32_t one_thread(uint32_t rounds)
{
    return (uint32_t)(uintptr_t)work((void *)(uintptr_t)rounds);
}

uint32_t two_threads(uint32_t rounds)
{
    pthread_t other;
    void *theirs = NULL;
    if (pthread_create(&other, NULL, work, (void *)(uintptr_t)rounds))
        return 0;
    uint32_t ours = one_thread(rounds);
    pthread_join(other, &theirs);
    return ours + (uint32_t)(uintptr_t)theirs;
}

#endif
