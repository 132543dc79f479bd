/* Disk images, for chips that are disks. SPDX-License-Identifier: Apache-2.0 */
#ifndef MB_DISK_H
#define MB_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct mb_disk;

enum {
    MB_DISK_READONLY = 1,
    MB_DISK_SNAPSHOT = 2,      /* writes go to a nameless temporary file */
};

/* Open and lock an image: for others to read if this one does not write it, else for
 * this one alone. NULL: the reason, for a person, is in `why`. */
struct mb_disk *mb_disk_open(const char *path, unsigned flags, char *why, size_t why_size);
void mb_disk_close(struct mb_disk *disk);

uint64_t mb_disk_size(const struct mb_disk *disk);      /* bytes */
bool mb_disk_readonly(const struct mb_disk *disk);

/* All give 0 or an errno. Several threads may call them; ranges past the end read as
 * zeros and cannot be written beyond the last started 512 bytes. */
int mb_disk_read(struct mb_disk *disk, uint64_t offset, const struct iovec *to, int count);
int mb_disk_write(struct mb_disk *disk, uint64_t offset, const struct iovec *from,
                  int count);
int mb_disk_zero(struct mb_disk *disk, uint64_t offset, uint64_t size, bool release);
/* The guest needs these bytes no more: give the space back, if that is possible. */
int mb_disk_discard(struct mb_disk *disk, uint64_t offset, uint64_t size);
int mb_disk_flush(struct mb_disk *disk);

#endif
