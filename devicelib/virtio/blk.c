/* Virtio block device. SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include "disk.h"
#include "virtio.h"
#include "virtio_blk.h"

enum { IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, WRITE_ZEROES = 13 };
enum { OK = 0, IO_ERROR = 1, UNSUPPORTED = 2 };
enum { SECTOR = 512, HEADER = 16, ID_SIZE = 20, RANGES = 16, UNMAP = 1,
       RANGE_SECTORS = 1 << 16 };
#define BLK_F_SEG_MAX (1ull << 2)
#define BLK_F_RO (1ull << 5)
#define BLK_F_FLUSH (1ull << 9)
#define BLK_F_DISCARD (1ull << 13)
#define BLK_F_WRITE_ZEROES (1ull << 14)

struct __attribute__((packed)) config {      /* 5.2.4 */
    uint64_t capacity;                       /* in sectors */
    uint32_t size_max, seg_max;
    uint8_t geometry[4];
    uint32_t block_size;
    uint8_t topology[8], writeback, unused;
    uint16_t queues;
    uint32_t discard_sectors, discard_ranges, discard_alignment;
    uint32_t zeroes_sectors, zeroes_ranges;
    uint8_t zeroes_may_unmap, unused1[3];
};

struct header {
    uint32_t type, reserved;
    uint64_t sector;
};
_Static_assert(sizeof(struct header) == HEADER, "as the specification has it");

struct range {
    uint64_t sector;
    uint32_t sectors, flags;
};

struct blk {
    struct virtio virtio;
    struct mb_disk *disk;
    struct config config;
    char id[ID_SIZE];
    bool write_through;           /* the driver does not know FLUSH */
    struct virtio_request request;
    struct iovec data[VIRTIO_SEGMENTS];
};

/* ---- requests: on the device's thread, without the lock ---- */

static bool sector_to_offset(uint64_t sector, uint64_t *offset)
{
    return !__builtin_mul_overflow(sector, (uint64_t)SECTOR, offset);
}

static int to_status(int error)
{
    return error ? IO_ERROR : OK;
}

static int read_data(struct blk *blk, uint64_t sector, size_t *written)
{
    size_t size = blk->request.writable_size - 1;
    uint64_t offset;
    if (size % SECTOR || !sector_to_offset(sector, &offset))
        return IO_ERROR;
    int n = mb_request_slice(&blk->request, true, 0, size, blk->data);
    int error = mb_disk_read(blk->disk, offset, blk->data, n);
    *written = size;
    return to_status(error);
}

static int write_data(struct blk *blk, uint64_t sector)
{
    size_t size = blk->request.readable_size - HEADER;
    uint64_t offset;
    if (size % SECTOR || !sector_to_offset(sector, &offset))
        return IO_ERROR;
    int n = mb_request_slice(&blk->request, false, HEADER, size, blk->data);
    int error = mb_disk_write(blk->disk, offset, blk->data, n);
    if (!error && blk->write_through)
        error = mb_disk_flush(blk->disk);
    return to_status(error);
}

static int zero_range(struct blk *blk, const struct range *range, bool discard)
{
    uint64_t offset, size = (uint64_t)range->sectors * SECTOR;
    if (range->sectors > RANGE_SECTORS || !sector_to_offset(range->sector, &offset) ||
        range->flags & ~(discard ? 0u : (uint32_t)UNMAP))
        return IO_ERROR;
    if (discard)
        return to_status(mb_disk_discard(blk->disk, offset, size));
    return to_status(mb_disk_zero(blk->disk, offset, size, range->flags & UNMAP));
}

static int zero_ranges(struct blk *blk, bool discard)
{
    struct range ranges[RANGES];
    size_t size = blk->request.readable_size - HEADER;
    if (size % sizeof *ranges || size > sizeof ranges)
        return IO_ERROR;
    mb_request_read(&blk->request, HEADER, ranges, size);
    int status = OK;
    for (size_t i = 0; i < size / sizeof *ranges && status == OK; i++)
        status = zero_range(blk, &ranges[i], discard);
    return status;
}

static int get_id(struct blk *blk, size_t *written)
{
    *written = mb_request_write(&blk->request, 0, blk->id, ID_SIZE);
    return blk->request.writable_size > ID_SIZE ? OK : IO_ERROR;
}

static int execute(struct blk *blk, const struct header *header, size_t *written)
{
    switch (header->type) {
    case IN: return read_data(blk, header->sector, written);
    case OUT: return write_data(blk, header->sector);
    case FLUSH: return to_status(mb_disk_flush(blk->disk));
    case GET_ID: return get_id(blk, written);
    case DISCARD: return zero_ranges(blk, true);
    case WRITE_ZEROES: return zero_ranges(blk, false);
    default: return UNSUPPORTED;
    }
}

/* Do the request; gives how many of its bytes were written. */
static size_t serve(struct blk *blk, const struct header *header)
{
    size_t last = blk->request.writable_size - 1, written = 0;
    uint8_t status = (uint8_t)execute(blk, header, &written);
    mb_request_write(&blk->request, last, &status, 1);
    mb_request_wrote(&blk->request, blk->virtio.transport->dev, last + 1);
    return written == last ? last + 1 : written;
}

static void blk_process(struct virtio *device, unsigned index)
{
    struct blk *blk = (struct blk *)device;
    struct virtio_queue *queue = mb_virtio_queue(device, index);
    if (!queue)
        return;
    blk->write_through = !mb_virtio_has(device, BLK_F_FLUSH);
    do {
        while (mb_virtqueue_pop(queue, &blk->request)) {
            struct header header;
            if (mb_request_read(&blk->request, 0, &header, HEADER) < HEADER ||
                blk->request.writable_size == 0) {
                mb_virtio_fail(device->transport, "a disk request has no header or status");
                return;
            }
            mb_virtio_unlock(device);
            size_t written = serve(blk, &header);
            mb_virtio_lock(device);
            mb_virtqueue_push(queue, &blk->request, written);
        }
    } while (mb_virtqueue_listen(queue));
}

/* ---- the chip ---- */

static const struct virtio_ops blk_ops = {
    .id = 2, .queues = 1, .queue_size = 256, .process = blk_process,
};

static bool open_image(struct blk *blk, struct mb_dev *dev, const char *path)
{
    unsigned flags = (mb_dev_param(dev, BLK_PARAM_READONLY) ? MB_DISK_READONLY : 0) |
                     (mb_dev_param(dev, BLK_PARAM_SNAPSHOT) ? MB_DISK_SNAPSHOT : 0);
    char why[512];
    blk->disk = mb_disk_open(path, flags, why, sizeof why);
    if (!blk->disk)
        mb_dev_error(dev, "%s", why);
    return blk->disk != NULL;
}

static void configure(struct blk *blk, struct mb_dev *dev)
{
    const char *serial = mb_dev_param_str(dev, BLK_PARAM_SERIAL);
    const char *id = serial && *serial ? serial : mb_dev_name(dev);
    memcpy(blk->id, id, strnlen(id, ID_SIZE));
    blk->config = (struct config){
        .capacity = (mb_disk_size(blk->disk) + SECTOR - 1) / SECTOR,
        .seg_max = 254, .block_size = SECTOR, .queues = 1,
        .discard_sectors = RANGE_SECTORS, .discard_ranges = RANGES,
        .discard_alignment = 1, .zeroes_sectors = RANGE_SECTORS,
        .zeroes_ranges = RANGES, .zeroes_may_unmap = 1,
    };
}

static bool blk_create(void *state, struct mb_dev *dev)
{
    struct blk *blk = state;
    const char *path = mb_dev_param_str(dev, BLK_PARAM_IMAGE);
    if (!path || !*path)
        return true;
    if (!open_image(blk, dev, path))
        return false;
    configure(blk, dev);
    uint64_t features = BLK_F_SEG_MAX | BLK_F_FLUSH |
                        (mb_disk_readonly(blk->disk) ? BLK_F_RO
                                                     : BLK_F_DISCARD | BLK_F_WRITE_ZEROES);
    if (mb_virtio_attach(&blk->virtio, dev, features, &blk->config, sizeof blk->config))
        return true;
    mb_disk_close(blk->disk);
    blk->disk = NULL;
    return false;
}

static void blk_destroy(void *state)
{
    struct blk *blk = state;
    mb_virtio_detach(&blk->virtio);
    if (blk->disk)
        mb_disk_close(blk->disk);
}

const struct mb_chip mb_chip_virtio_blk = {
    .abi = MB_CHIP_ABI, .model = "virtio.blk", .state_size = sizeof(struct blk),
    .create = blk_create, .destroy = blk_destroy, .bus_ops = &blk_ops,
};
