/* The disk guest on a PC: what its parts share. SPDX-License-Identifier: Apache-2.0 */
#ifndef DISKS_H
#define DISKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SECTOR = 512, MOST = 4 };           /* bytes; sectors of a request */

/* A disk, found and ready. */
struct disk {
    const char *name;
    uint32_t sectors;
    bool (*move)(uint32_t sector, unsigned count, void *data, bool write);
    bool (*flush)(void);
};

bool find_ide(struct disk *disk);          /* disks.c calls these; false: not there */
bool find_virtio_pci(struct disk *disk, bool by_messages);
bool find_virtio_mmio(struct disk *disk, const char *line);

/* ---- machine.c ---- */
static inline void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint8_t in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline void out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint32_t in32(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

void print(const char *text);
void print_number(uint32_t value);
void start_machine(void);
void listen(unsigned line);                /* let this interrupt line wake the CPU */
enum { MESSAGE_VECTOR = 0x2f };            /* a message with this one wakes it too */
void sleep(void);                          /* until an interrupt, which is ended */
const char *word(const char *line, const char *name);   /* after NAME= in it, or NULL */
uint32_t number(const char **text);        /* decimal, or hexadecimal with 0x */

/* ---- pci.c ---- */
uint32_t pci_read(unsigned function, unsigned offset);
void pci_write(unsigned function, unsigned offset, uint32_t value);
bool pci_find(uint32_t wanted, uint32_t mask, unsigned offset, unsigned *function);
void pci_enable(unsigned function);        /* its windows, and DMA */
uint32_t pci_window(unsigned function, unsigned bar);   /* its address */

/* ---- virtio.c: one request at a time, on queue 0 ---- */
struct virtio {
    void (*notify)(void);
    void (*acknowledge)(void);             /* the interrupt */
};
enum { QUEUE_SIZE = 4 };
struct queue_places { uint32_t descriptors, available, used; };

struct queue_places virtio_queue(void);
void virtio_ready(struct disk *disk, const struct virtio *transport, uint32_t sectors);

#endif
