/* Disk images for chips in Python: plain bytes instead of scattered ones.
 * SPDX-License-Identifier: Apache-2.0 */
#include "disk.h"
#include "api.h"

int mb_disk_get(struct mb_disk *disk, uint64_t offset, void *data, size_t size)
{
    struct iovec to = { data, size };
    return mb_disk_read(disk, offset, &to, 1);
}

int mb_disk_put(struct mb_disk *disk, uint64_t offset, const void *data, size_t size)
{
    struct iovec from = { (void *)(uintptr_t)data, size };
    return mb_disk_write(disk, offset, &from, 1);
}
