/* A guest that reads and writes a disk at random, and checks what it reads.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Command line: seed=N, requests=N, disk=ide, virtio (by MMIO), pci (virtio by PCI) or
 * messages (the same with MSI-X). Request n is a function of the seed, so that whoever looks
 * at the image afterwards knows what it must hold: a written sector has n, its own number,
 * and a pattern made of them. After each write that the disk has acknowledged, "n" is
 * printed on a line of its own. The disk is empty (zeros) at first.
 */
#include "disks.h"

enum { WORDS = SECTOR / 4, FLUSH_EVERY = 64, SECTORS_MAX = 1 << 15 };
enum { MAGIC = 0x6b736964 };

struct request { uint32_t sector, count; bool write; };

static uint32_t state;                     /* of the random numbers */
static uint32_t writer[SECTORS_MAX];       /* request that wrote a sector last; 0: none */
static uint32_t buffer[MOST * WORDS] __attribute__((aligned(SECTOR)));

/* xorshift32 (Marsaglia 2003) */
static uint32_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    return state ^= state << 5;
}

static struct request next_request(uint32_t sectors)
{
    uint32_t random = next_random();
    struct request request = { .write = random & 1, .count = 1 + (random >> 1) % MOST };
    request.sector = next_random() % (sectors - MOST);
    return request;
}

static void fill(uint32_t *words, uint32_t sector, uint32_t n)
{
    uint32_t step = n * 2654435761u ^ sector;
    words[0] = MAGIC;
    words[1] = n;
    words[2] = sector;
    for (unsigned i = 3; i < WORDS; i++)
        words[i] = words[i - 1] + step;
}

static bool is_filled(const uint32_t *words, uint32_t sector, uint32_t n)
{
    static uint32_t expected[WORDS];
    if (n)
        fill(expected, sector, n);
    for (unsigned i = 0; i < WORDS; i++)
        if (words[i] != (n ? expected[i] : 0))
            return false;
    return true;
}

static bool do_write(const struct disk *disk, const struct request *request, uint32_t n)
{
    for (uint32_t i = 0; i < request->count; i++) {
        fill(buffer + i * WORDS, request->sector + i, n);
        writer[request->sector + i] = n;
    }
    if (!disk->move(request->sector, request->count, buffer, true))
        return false;
    print_number(n);
    print("\n");
    return n % FLUSH_EVERY || disk->flush();
}

static bool do_read(const struct disk *disk, const struct request *request)
{
    if (!disk->move(request->sector, request->count, buffer, false))
        return false;
    for (uint32_t i = 0; i < request->count; i++)
        if (!is_filled(buffer + i * WORDS, request->sector + i, writer[request->sector + i]))
            return false;
    return true;
}

static void run(const struct disk *disk, uint32_t requests)
{
    for (uint32_t n = 1; n <= requests; n++) {
        struct request request = next_request(disk->sectors);
        bool good = request.write ? do_write(disk, &request, n) : do_read(disk, &request);
        if (!good) {
            print(request.write ? "WRONG write " : "WRONG read ");
            print_number(n);
            print("\n");
            return;
        }
    }
    print(disk->flush() ? "DONE " : "WRONG flush ");
    print_number(requests);
    print("\n");
}

static bool find_disk(struct disk *disk, const char *line)
{
    const char *kind = word(line, "disk");
    if (!kind)
        return false;
    if (*kind == 'i')
        return find_ide(disk);
    if (*kind == 'p' || *kind == 'm')
        return find_virtio_pci(disk, *kind == 'm');
    return find_virtio_mmio(disk, line);
}

static uint32_t option(const char *line, const char *name)
{
    const char *text = word(line, name);
    return text ? number(&text) : 1;
}

void disks(const uint32_t *information);

/* From start-x86.S: the multiboot information, which has the command line. */
void disks(const uint32_t *information)
{
    const char *line = (const char *)information[4];
    struct disk disk;
    start_machine();
    state = option(line, "seed");
    if (!find_disk(&disk, line) || disk.sectors <= MOST || disk.sectors > SECTORS_MAX) {
        print("WRONG disk\n");
        return;
    }
    print(disk.name);
    print(" ");
    print_number(disk.sectors);
    print("\n");
    run(&disk, option(line, "requests"));
}
