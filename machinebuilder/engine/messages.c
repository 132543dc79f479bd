/* Interrupts as messages, acknowledge cycles, and what chips say to CPUs and the machine.
 * SPDX-License-Identifier: Apache-2.0 */
#include "dev.h"

/* ---- messages to local APICs --------------------------------------------------------------- */
void mb_msi_sink(struct mb_machine *machine,
                 void (*sink)(void *opaque, uint64_t address, uint32_t data), void *opaque)
{
    machine->msi_opaque = opaque;
    machine->msi_sink = sink;
}

void mb_msi(struct mb_machine *machine, uint64_t address, uint32_t data)
{
    if (machine->msi_sink)
        machine->msi_sink(machine->msi_opaque, address, data);
}

bool mb_eoi_listen(struct mb_machine *machine, void (*listener)(void *opaque, uint8_t vector),
                   void *opaque)
{
    if (machine->eoi_count == MB_EOI_LISTENERS)
        return false;
    machine->eoi[machine->eoi_count++] = (struct mb_eoi_listener){listener, opaque};
    return true;
}

void mb_eoi(struct mb_machine *machine, uint8_t vector)
{
    for (unsigned i = 0; i < machine->eoi_count; i++)
        machine->eoi[i].listener(machine->eoi[i].opaque, vector);
}

/* ---- CPUs and the machine -------------------------------------------------------------------- */
void mb_cpu_message(struct mb_dev *dev, unsigned number, enum mb_cpu_message_kind kind,
                    unsigned vector)
{
    struct mb_cpu *cpu = mb_runtime_cpu(dev->machine->runtime, number);
    if (cpu && cpu->core->message)
        cpu->core->message(cpu, kind, vector);
}

void mb_dev_shutdown(struct mb_dev *dev, const char *why)
{
    mb_machine_post(dev->machine, MB_EVENT_POWEROFF, why);
}

void mb_dev_restart(struct mb_dev *dev, const char *why)
{
    mb_machine_post(dev->machine, MB_EVENT_RESET, why);
}
