/* Making a virtual machine and its CPUs. SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "kvm.h"
#include "api.h"

#define DEVICE "/dev/kvm"
#define DEVICE_VARIABLE "MB_KVM_DEVICE"    /* elsewhere, in containers and tests */

bool mb_kvm_fail(const char *what)
{
    mb_set_error("KVM: %s failed: %s", what, strerror(errno));
    return false;
}

bool mb_kvm_enable(struct mb_kvm *kvm, uint32_t capability, uint64_t argument)
{
    struct kvm_enable_cap wanted = {.cap = capability, .args = {argument}};
    return ioctl(kvm->vm, KVM_ENABLE_CAP, &wanted) == 0 ||
           mb_kvm_fail("enabling a capability");
}

/* ---- what the host has ------------------------------------------------------------------------ */
static const char *device(void)
{
    const char *path = getenv(DEVICE_VARIABLE);
    return path && *path ? path : DEVICE;
}

static int open_system(void)
{
    const char *path = device();
    int system = open(path, O_RDWR | O_CLOEXEC);
    if (system >= 0)
        return system;
    if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
        mb_set_error("KVM: this host has no %s: its processor cannot virtualise, that is "
                     "switched off in the firmware's set-up, or the module is not loaded "
                     "(try `modprobe kvm-amd` or `modprobe kvm-intel`)", path);
    else if (errno == EACCES || errno == EPERM)
        mb_set_error("KVM: no permission to use %s: join its group (`sudo usermod -aG kvm "
                     "$USER`, then log in again)", path);
    else
        mb_set_error("KVM: opening %s failed: %s", path, strerror(errno));
    return -1;
}

static bool check_needs(int system, const struct mb_kvm_need *needs)
{
    int version = ioctl(system, KVM_GET_API_VERSION, 0);
    if (version < 0) {
        mb_set_error("KVM: %s is not KVM's device", device());
        return false;
    }
    if (version != KVM_API_VERSION) {
        mb_set_error("KVM: the host's interface is version %d, and %d is needed", version,
                     KVM_API_VERSION);
        return false;
    }
    for (; needs->name; needs++)
        if (ioctl(system, KVM_CHECK_EXTENSION, needs->capability) <= 0) {
            mb_set_error("KVM: the host lacks %s, which is needed to %s; a newer kernel has "
                         "it", needs->name, needs->why);
            return false;
        }
    return true;
}

static const struct mb_kvm_need common_needs[] = {
    {KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY", "give the guest memory"},
    {KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT", "stop a CPU"},
    {KVM_CAP_READONLY_MEM, "KVM_CAP_READONLY_MEM", "give the guest ROM"},
    {0},
};

int mb_kvm_probe(const void *core)
{
    const struct mb_kvm_core *kvm_core = ((const struct mb_core *)core)->kvm;
    if (!kvm_core) {
        mb_set_error("KVM: %s CPUs cannot run on this host's, which is of another kind; "
                     "`--accel translate` runs them", ((const struct mb_core *)core)->name);
        return -1;
    }
    int system = open_system();
    if (system < 0)
        return -1;
    bool good = check_needs(system, common_needs) && check_needs(system, kvm_core->needs);
    close(system);
    return good ? 0 : -1;
}

/* ---- the virtual machine ------------------------------------------------------------------------ */
/* A CPU in KVM_RUN comes out of it for a signal, which does nothing else. */
static void ignore(int number)
{
    (void)number;
}

static void prepare_signal(void)
{
    struct sigaction action = {.sa_handler = ignore};
    sigaction(MB_KICK_SIGNAL, &action, NULL);
}

static bool open_vm(struct mb_kvm *kvm)
{
    kvm->system = open_system();
    if (kvm->system < 0 || !check_needs(kvm->system, common_needs) ||
        !check_needs(kvm->system, kvm->core->needs))
        return false;
    do
        kvm->vm = ioctl(kvm->system, KVM_CREATE_VM, 0);
    while (kvm->vm < 0 && errno == EINTR);
    int size = ioctl(kvm->system, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (kvm->vm < 0 || size <= 0)
        return mb_kvm_fail("making a virtual machine");
    kvm->run_size = (size_t)size;
    return kvm->core->open(kvm);
}

int mb_kvm_open(struct mb_machine *machine, const void *core, int chips)
{
    struct mb_kvm *kvm = calloc(1, sizeof *kvm);
    if (!kvm || !((const struct mb_core *)core)->kvm || machine->runtime->kvm) {
        mb_set_error("KVM: it is not to be had for this machine");
        free(kvm);
        return -1;
    }
    kvm->machine = machine;
    kvm->core = ((const struct mb_core *)core)->kvm;
    kvm->chips = (enum mb_kvm_chips)chips;
    kvm->system = kvm->vm = -1;
    pthread_mutex_init(&kvm->lock, NULL);
    machine->runtime->kvm = kvm;
    prepare_signal();
    return open_vm(kvm) ? 0 : -1;
}

void mb_kvm_free(struct mb_kvm *kvm)
{
    if (!kvm)
        return;
    if (kvm->vm >= 0)
        close(kvm->vm);
    if (kvm->system >= 0)
        close(kvm->system);
    pthread_mutex_destroy(&kvm->lock);
    free(kvm->slots);
    free(kvm->core_state);
    free(kvm);
}

/* ---- CPUs ------------------------------------------------------------------------------------------- */
static bool open_cpu(struct mb_kvm_cpu *cpu)
{
    struct mb_kvm *kvm = cpu->kvm;
    cpu->fd = ioctl(kvm->vm, KVM_CREATE_VCPU, (unsigned long)cpu->vcpu->cpu->index);
    if (cpu->fd < 0)
        return mb_kvm_fail("making a CPU");
    void *run = mmap(NULL, kvm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu->fd, 0);
    if (run == MAP_FAILED)
        return mb_kvm_fail("mapping a CPU");
    cpu->run = run;
    return true;
}

bool mb_kvm_add_cpu(struct mb_vcpu *vcpu)
{
    struct mb_kvm_cpu *cpu = calloc(1, sizeof *cpu);
    if (!cpu || !vcpu->runtime->kvm) {
        mb_set_error("KVM: no CPU can be added");
        free(cpu);
        return false;
    }
    cpu->kvm = vcpu->runtime->kvm;
    cpu->vcpu = vcpu;
    cpu->fd = -1;
    vcpu->kvm = cpu;
    return open_cpu(cpu);
}

void mb_kvm_free_cpu(struct mb_vcpu *vcpu)
{
    struct mb_kvm_cpu *cpu = vcpu->kvm;
    if (!cpu)
        return;
    if (cpu->run)
        munmap(cpu->run, cpu->kvm->run_size);
    if (cpu->fd >= 0)
        close(cpu->fd);
    free(cpu);
    vcpu->kvm = NULL;
}

/* ---- CPUID: tables of seven words: leaf, subleaf, flags, eax, ebx, ecx, edx ------------------------ */
#define CPUID_ENTRIES 256
#define CPUID_WORDS 7

int mb_kvm_supported_cpuid(struct mb_machine *machine, uint32_t *words, int entries)
{
    struct mb_kvm *kvm = machine->runtime->kvm;
    size_t size = sizeof(struct kvm_cpuid2) + CPUID_ENTRIES * sizeof(struct kvm_cpuid_entry2);
    struct kvm_cpuid2 *table = calloc(1, size);
    if (!kvm || !table) {
        free(table);
        return -1;
    }
    table->nent = CPUID_ENTRIES;
    int found = -1;
    if (ioctl(kvm->system, KVM_GET_SUPPORTED_CPUID, table) == 0)
        for (found = 0; found < (int)table->nent && found < entries; found++) {
            const struct kvm_cpuid_entry2 *entry = &table->entries[found];
            const uint32_t row[CPUID_WORDS] = {entry->function, entry->index, entry->flags,
                                               entry->eax, entry->ebx, entry->ecx, entry->edx};
            memcpy(words + found * CPUID_WORDS, row, sizeof row);
        }
    else
        mb_kvm_fail("asking what CPUID can say");
    free(table);
    return found;
}

int mb_kvm_set_cpuid(struct mb_cpu *cpu, const uint32_t *words, int entries)
{
    size_t size = sizeof(struct kvm_cpuid2) +
                  (size_t)entries * sizeof(struct kvm_cpuid_entry2);
    struct kvm_cpuid2 *table = calloc(1, size);
    if (!table || !cpu->vcpu->kvm) {
        free(table);
        return -1;
    }
    table->nent = (uint32_t)entries;
    for (int i = 0; i < entries; i++) {
        const uint32_t *row = words + i * CPUID_WORDS;
        table->entries[i] = (struct kvm_cpuid_entry2){
            .function = row[0], .index = row[1], .flags = row[2],
            .eax = row[3], .ebx = row[4], .ecx = row[5], .edx = row[6],
        };
    }
    int failed = ioctl(cpu->vcpu->kvm->fd, KVM_SET_CPUID2, table);
    if (failed)
        mb_kvm_fail("setting CPUID");
    free(table);
    return failed ? -1 : 0;
}

int mb_kvm_set_msr(struct mb_cpu *cpu, uint32_t number, uint64_t value)
{
    struct { struct kvm_msrs head; struct kvm_msr_entry entry; } msr = {
        .head.nmsrs = 1, .entry = {.index = number, .data = value},
    };
    if (cpu->vcpu->kvm && ioctl(cpu->vcpu->kvm->fd, KVM_SET_MSRS, &msr) == 1)
        return 0;
    mb_set_error("KVM does not take %#llx for the model-specific register %#x",
                 (unsigned long long)value, number);
    return -1;
}
