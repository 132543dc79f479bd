/* The debug port; port.py says what it is. SPDX-License-Identifier: Apache-2.0 */
#include "device.h"
#include "debug_port.h"

struct port {
    struct mb_dev *dev;
};

static bool port_create(void *state, struct mb_dev *dev)
{
    struct port *port = state;
    port->dev = dev;
    return true;
}

static uint64_t port_read(void *state, unsigned region, uint64_t offset, unsigned size,
                          int cpu)
{
    return PORT_DATA_RESET;
}

static void port_write(void *state, unsigned region, uint64_t offset, uint64_t value,
                       unsigned size, int cpu)
{
    struct port *port = state;
    uint8_t byte = (uint8_t)value;
    mb_dev_send(port->dev, &byte, 1);
}

const struct mb_chip mb_chip_debug_port = {
    .abi = MB_CHIP_ABI, .model = "debug.port", .state_size = sizeof(struct port),
    .create = port_create, .read = port_read, .write = port_write,
};
