/* Raw disk images. SPDX-License-Identifier: Apache-2.0
 *
 * With MB_DISK_SNAPSHOT the image is only read; blocks that were written live at the same
 * offsets of a sparse temporary file without a name, and a bit per block says which.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "disk.h"

#define SECTOR 512u
#define BLOCK 4096u              /* the unit of copying on write */

struct mb_disk {
    int fd, overlay;             /* overlay: -1 unless in snapshot mode */
    bool readonly;
    uint64_t size;
    uint8_t *written;            /* snapshot: a bit per block that is in the overlay */
    pthread_mutex_t lock;        /* of written */
};

/* ---- whole transfers ---- */

/* A cursor over an iovec, so that transfers can be cut at any byte. */
struct cursor {
    const struct iovec *iov;
    int count;
    size_t skip;                 /* bytes of iov[0] that are done */
};

/* At most `size` bytes of the cursor as an iovec; gives the number of entries. */
static int slice(const struct cursor *cursor, uint64_t size, struct iovec *out, int max)
{
    size_t skip = cursor->skip;
    int n = 0;
    for (int i = 0; i < cursor->count && n < max && size; i++, skip = 0) {
        size_t length = cursor->iov[i].iov_len - skip;
        if (length > size)
            length = size;
        out[n].iov_base = (uint8_t *)cursor->iov[i].iov_base + skip;
        out[n].iov_len = length;
        n += length > 0;
        size -= length;
    }
    return n;
}

static void advance(struct cursor *cursor, size_t size)
{
    while (cursor->count && size >= cursor->iov->iov_len - cursor->skip) {
        size -= cursor->iov->iov_len - cursor->skip;
        cursor->skip = 0;
        cursor->iov++;
        cursor->count--;
    }
    if (size)
        cursor->skip += size;
}

static void clear(struct cursor *cursor, uint64_t size)
{
    while (size && cursor->count) {
        struct iovec part;
        if (!slice(cursor, size, &part, 1))
            return;
        memset(part.iov_base, 0, part.iov_len);
        size -= part.iov_len;
        advance(cursor, part.iov_len);
    }
}

enum { SLICES = 64 };

/* Read `size` bytes; what is past the end of the file is zeros. */
static int read_all(int fd, uint64_t offset, struct cursor *cursor, uint64_t size)
{
    while (size) {
        struct iovec parts[SLICES];
        int n = slice(cursor, size, parts, SLICES);
        ssize_t got = preadv(fd, parts, n, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (got == 0) {
            clear(cursor, size);
            return 0;
        }
        advance(cursor, (size_t)got);
        offset += (uint64_t)got;
        size -= (uint64_t)got;
    }
    return 0;
}

static int write_all(int fd, uint64_t offset, struct cursor *cursor, uint64_t size)
{
    while (size) {
        struct iovec parts[SLICES];
        int n = slice(cursor, size, parts, SLICES);
        ssize_t put = pwritev(fd, parts, n, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return put ? errno : EIO;
        advance(cursor, (size_t)put);
        offset += (uint64_t)put;
        size -= (uint64_t)put;
    }
    return 0;
}

/* ---- the overlay ---- */

static bool is_written(const struct mb_disk *disk, uint64_t block)
{
    return disk->written[block / 8] >> block % 8 & 1;
}

/* The end of the run of blocks from `offset` that are all written or all not. */
static uint64_t run_end(const struct mb_disk *disk, uint64_t offset, uint64_t end)
{
    uint64_t block = offset / BLOCK;
    bool written = is_written(disk, block);
    do
        block++;
    while (block * BLOCK < end && is_written(disk, block) == written);
    return block * BLOCK < end ? block * BLOCK : end;
}

static int overlay_read(struct mb_disk *disk, uint64_t offset, struct cursor *cursor,
                        uint64_t end)
{
    int error = 0;
    while (offset < end && !error) {
        uint64_t stop = run_end(disk, offset, end);
        int fd = is_written(disk, offset / BLOCK) ? disk->overlay : disk->fd;
        error = read_all(fd, offset, cursor, stop - offset);
        offset = stop;
    }
    return error;
}

/* Have `block` in the overlay, since only a part of it will be written. */
static int copy_up(struct mb_disk *disk, uint64_t block)
{
    if (is_written(disk, block))
        return 0;
    uint8_t data[BLOCK];
    struct iovec iov = { data, sizeof data };
    struct cursor in = { &iov, 1, 0 }, out = { &iov, 1, 0 };
    int error = read_all(disk->fd, block * BLOCK, &in, BLOCK);
    return error ? error : write_all(disk->overlay, block * BLOCK, &out, BLOCK);
}

static int overlay_write(struct mb_disk *disk, uint64_t offset, struct cursor *cursor,
                         uint64_t end)
{
    uint64_t first = offset / BLOCK, last = (end - 1) / BLOCK;
    int error = offset % BLOCK ? copy_up(disk, first) : 0;
    if (!error && end % BLOCK && (last != first || offset % BLOCK == 0))
        error = copy_up(disk, last);
    if (!error)
        error = write_all(disk->overlay, offset, cursor, end - offset);
    for (uint64_t block = first; !error && block <= last; block++)
        disk->written[block / 8] |= (uint8_t)(1u << block % 8);
    return error;
}

/* ---- requests ---- */

static uint64_t total(const struct iovec *iov, int count)
{
    uint64_t size = 0;
    for (int i = 0; i < count; i++)
        size += iov[i].iov_len;
    return size;
}

static bool outside(const struct mb_disk *disk, uint64_t offset, uint64_t size)
{
    uint64_t end = (disk->size + SECTOR - 1) / SECTOR * SECTOR;
    return offset > end || size > end - offset;
}

int mb_disk_read(struct mb_disk *disk, uint64_t offset, const struct iovec *to, int count)
{
    struct cursor cursor = { to, count, 0 };
    uint64_t size = total(to, count);
    if (outside(disk, offset, size))
        return EINVAL;
    if (disk->overlay < 0)
        return read_all(disk->fd, offset, &cursor, size);
    pthread_mutex_lock(&disk->lock);
    int error = overlay_read(disk, offset, &cursor, offset + size);
    pthread_mutex_unlock(&disk->lock);
    return error;
}

static int write_cursor(struct mb_disk *disk, uint64_t offset, struct cursor *cursor,
                        uint64_t size)
{
    if (disk->readonly)
        return EROFS;
    if (outside(disk, offset, size))
        return EINVAL;
    if (disk->overlay < 0)
        return write_all(disk->fd, offset, cursor, size);
    if (!size)
        return 0;
    pthread_mutex_lock(&disk->lock);
    int error = overlay_write(disk, offset, cursor, offset + size);
    pthread_mutex_unlock(&disk->lock);
    return error;
}

int mb_disk_write(struct mb_disk *disk, uint64_t offset, const struct iovec *from,
                  int count)
{
    struct cursor cursor = { from, count, 0 };
    return write_cursor(disk, offset, &cursor, total(from, count));
}

/* Zeros by the file system's own means, which is quick; it may not have them. */
static bool zero_fast(struct mb_disk *disk, uint64_t offset, uint64_t size, bool release)
{
    int mode = FALLOC_FL_KEEP_SIZE |
               (release ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE);
    bool past_end = offset + size > disk->size;
    return disk->overlay < 0 && !past_end &&
           fallocate(disk->fd, mode, (off_t)offset, (off_t)size) == 0;
}

int mb_disk_zero(struct mb_disk *disk, uint64_t offset, uint64_t size, bool release)
{
    static const uint8_t zeros[64 * 1024];
    if (disk->readonly)
        return EROFS;
    if (outside(disk, offset, size))
        return EINVAL;
    if (!size || zero_fast(disk, offset, size, release))
        return 0;
    int error = 0;
    while (size && !error) {
        size_t part = size < sizeof zeros ? size : sizeof zeros;
        struct iovec iov = { (void *)zeros, part };
        struct cursor cursor = { &iov, 1, 0 };
        error = write_cursor(disk, offset, &cursor, part);
        offset += part;
        size -= part;
    }
    return error;
}

int mb_disk_discard(struct mb_disk *disk, uint64_t offset, uint64_t size)
{
    if (disk->readonly)
        return EROFS;
    if (outside(disk, offset, size))
        return EINVAL;
    if (size)
        zero_fast(disk, offset, size, true);
    return 0;
}

int mb_disk_flush(struct mb_disk *disk)
{
    if (disk->readonly || disk->overlay >= 0)
        return 0;
    return fdatasync(disk->fd) ? errno : 0;
}

uint64_t mb_disk_size(const struct mb_disk *disk)
{
    return disk->size;
}

bool mb_disk_readonly(const struct mb_disk *disk)
{
    return disk->readonly;
}

/* ---- opening ---- */

static bool fail(char *why, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool fail(char *why, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, size, format, arguments);
    va_end(arguments);
    return false;
}

static bool measure(struct mb_disk *disk, const char *path, char *why, size_t why_size)
{
    struct stat status;
    if (fstat(disk->fd, &status))
        return fail(why, why_size, "cannot examine '%s': %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
        return fail(why, why_size, "'%s' is neither a file nor a disk", path);
    off_t end = lseek(disk->fd, 0, SEEK_END);
    if (end <= 0)
        return fail(why, why_size, "'%s' is empty: make it the size the disk shall have, "
                    "for example with truncate -s 1G", path);
    disk->size = (uint64_t)end;
    return true;
}

/* QEMU's own format, which would look like a disk full of rubbish. */
static bool is_raw(struct mb_disk *disk, const char *path, char *why, size_t why_size)
{
    char magic[4];
    if (pread(disk->fd, magic, 4, 0) == 4 && !memcmp(magic, "QFI\xfb", 4))
        return fail(why, why_size, "'%s' is a qcow2 image, not a raw one: convert it with "
                    "qemu-img convert -O raw", path);
    return true;
}

static bool lock_image(struct mb_disk *disk, bool writes, const char *path, char *why,
                       size_t why_size)
{
    if (!flock(disk->fd, (writes ? LOCK_EX : LOCK_SH) | LOCK_NB))
        return true;
    if (errno != EWOULDBLOCK)
        return fail(why, why_size, "cannot lock '%s': %s", path, strerror(errno));
    return fail(why, why_size, "'%s' is in use by another machine%s", path,
                writes ? ": wait for it, or give both readonly or snapshot" : "");
}

static bool add_overlay(struct mb_disk *disk, char *why, size_t why_size)
{
    const char *folder = getenv("TMPDIR");
    char name[PATH_MAX];
    snprintf(name, sizeof name, "%s/mb-snapshot-XXXXXX",
             folder && *folder ? folder : "/var/tmp");
    disk->overlay = mkostemp(name, O_CLOEXEC);
    if (disk->overlay < 0)
        return fail(why, why_size, "no temporary file '%s' for the snapshot: %s", name,
                    strerror(errno));
    unlink(name);
    uint64_t blocks = (disk->size + BLOCK - 1) / BLOCK;
    disk->written = calloc(blocks / 8 + 1, 1);
    if (!disk->written)
        return fail(why, why_size, "no memory for the snapshot");
    return true;
}

static bool open_image(struct mb_disk *disk, const char *path, unsigned flags, char *why,
                       size_t why_size)
{
    bool writes = !(flags & (MB_DISK_READONLY | MB_DISK_SNAPSHOT));
    disk->readonly = flags & MB_DISK_READONLY;
    disk->fd = open(path, (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
    if (disk->fd < 0)
        return fail(why, why_size, "cannot open '%s'%s: %s", path,
                    writes ? " for writing" : "", strerror(errno));
    return lock_image(disk, writes, path, why, why_size) &&
           measure(disk, path, why, why_size) && is_raw(disk, path, why, why_size) &&
           (!(flags & MB_DISK_SNAPSHOT) || add_overlay(disk, why, why_size));
}

struct mb_disk *mb_disk_open(const char *path, unsigned flags, char *why, size_t why_size)
{
    struct mb_disk *disk = calloc(1, sizeof *disk);
    if (!disk) {
        fail(why, why_size, "no memory");
        return NULL;
    }
    *disk = (struct mb_disk){ .fd = -1, .overlay = -1 };
    pthread_mutex_init(&disk->lock, NULL);
    if (open_image(disk, path, flags, why, why_size))
        return disk;
    mb_disk_close(disk);
    return NULL;
}

void mb_disk_close(struct mb_disk *disk)
{
    if (disk->fd >= 0)
        close(disk->fd);
    if (disk->overlay >= 0)
        close(disk->overlay);
    pthread_mutex_destroy(&disk->lock);
    free(disk->written);
    free(disk);
}
