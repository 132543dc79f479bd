// SPDX-License-Identifier: Apache-2.0
// A disk, written to and read back past the kernel's cache.
#include "workloads.h"

enum { CHUNK = 65536, CHUNKS = 64 };

static uint8_t buffer[CHUNK];

static int disk(void)
{
    int file = open("/dev/vda", O_RDWR);
    return file >= 0 ? file : open("/dev/sda", O_RDWR);
}

uint32_t block_write(uint32_t rounds)
{
    int file = disk();
    uint32_t sum = 0;
    while (rounds--) {
        lseek(file, 0, SEEK_SET);
        for (uint32_t i = 0; i < CHUNKS; i++) {
            memset(buffer, (int)(i + rounds), CHUNK);
            sum += (uint32_t)write(file, buffer, CHUNK);
        }
        sum += (uint32_t)fsync(file);
    }
    close(file);
    return sum;
}

uint32_t block_read(uint32_t rounds)
{
    int file = disk();
    uint32_t sum = 0;
    while (rounds--) {
        ioctl(file, BLKFLSBUF, 0);
        lseek(file, 0, SEEK_SET);
        for (uint32_t i = 0; i < CHUNKS; i++) {
            read(file, buffer, CHUNK);
            sum = mix(sum, buffer[i]);
        }
    }
    close(file);
    return sum;
}
