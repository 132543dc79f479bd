/* The smallest loop over KVM_RUN: what an exit costs before anybody looks at it.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     exits IMAGE PORT     runs 64 KiB of ROM that ends at 4 GiB, until it writes to PORT,
 *                          and prints exits and nanoseconds of CPU time */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define ROM_SIZE 0x10000ull
#define ROM 0xffff0000ull
#define RAM_SIZE 0xa0000ull

static int vm;

static void give(unsigned slot, uint64_t address, uint64_t size, void *host)
{
    struct kvm_userspace_memory_region region = {
        .slot = slot, .guest_phys_addr = address, .memory_size = size,
        .userspace_addr = (uint64_t)(uintptr_t)host,
    };
    if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) < 0)
        exit(3);
}

static void *memory(uint64_t size)
{
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec * 1000000000ll + time.tv_nsec;
}

int main(int argc, char **argv)
{
    int system = open("/dev/kvm", O_RDWR), image = argc > 2 ? open(argv[1], O_RDONLY) : -1;
    unsigned end = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 0;
    void *rom = memory(ROM_SIZE);
    vm = ioctl(system, KVM_CREATE_VM, 0);
    if (vm < 0 || read(image, rom, ROM_SIZE) != (ssize_t)ROM_SIZE)
        return 2;
    ioctl(vm, KVM_SET_TSS_ADDR, 0xfeffd000ul);
    ioctl(vm, KVM_CREATE_IRQCHIP, 0);
    give(0, 0, RAM_SIZE, memory(RAM_SIZE));
    give(1, ROM, ROM_SIZE, rom);
    int cpu = ioctl(vm, KVM_CREATE_VCPU, 0ul);
    size_t size = (size_t)ioctl(system, KVM_GET_VCPU_MMAP_SIZE, 0);
    struct kvm_run *run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu, 0);
    int64_t began = now();
    for (long exits = 1;; exits++) {
        if (ioctl(cpu, KVM_RUN, 0) < 0)
            return 4;
        if (run->exit_reason == KVM_EXIT_IO && run->io.port == end) {
            printf("%ld %lld\n", exits, (long long)(now() - began));
            return 0;
        }
        if (run->exit_reason != KVM_EXIT_IO && run->exit_reason != KVM_EXIT_MMIO)
            return 5;
    }
}
