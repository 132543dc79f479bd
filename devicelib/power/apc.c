/* APC of the SPARCstation 4 and 5: the idle register. SPDX-License-Identifier: Apache-2.0 */
#include "device.h"
#include "power_apc.h"

struct apc {
    struct mb_dev *dev;
};

static bool apc_create(void *state, struct mb_dev *dev)
{
    struct apc *apc = state;
    apc->dev = dev;
    return true;
}

/* The clock runs again by the time anybody can read. */
static uint64_t apc_read(void *state, unsigned region, uint64_t offset, unsigned size,
                         int cpu)
{
    return 0;
}

static void apc_write(void *state, unsigned region, uint64_t offset, uint64_t value,
                      unsigned size, int cpu)
{
    struct apc *apc = state;
    uint64_t first = value >> 8 * (size - 1);      /* big-endian: the byte at `offset` */
    if (offset == APC_IDLE && first & APC_IDLE_STOP_MASK && cpu >= 0)
        mb_cpu_pause(apc->dev, (unsigned)cpu);
}

const struct mb_chip mb_chip_power_apc = {
    .abi = MB_CHIP_ABI, .model = "power.apc", .state_size = sizeof(struct apc),
    .create = apc_create, .read = apc_read, .write = apc_write,
};
