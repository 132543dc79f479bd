/* The VGA as a device: its windows; vga.py declares it. SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include "vga.h"

#define FIRST_PORT 0x3b0u
enum { MMIO_PORTS = 0x400, MMIO_PORTS_END = 0x420, MMIO_VBE = 0x500,
       MMIO_VBE_END = MMIO_VBE + 2 * VBE_COUNT, MMIO_MORE = 0x600, MMIO_ORDER = 0x604 };
#define BIG_ENDIAN_PIXELS 0xbebebebeu
#define LITTLE_ENDIAN_PIXELS 0x1e1e1e1eu
enum { VBE_DATA = 1, VBE_DATA_ALIGNED = 2 };

/* ---- ports: wider accesses are of bytes, low ones first --------------------------------- */
static uint64_t read_ports(struct vga *vga, unsigned port, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)mb_vga_port_read(vga, port + i) << 8 * i;
    return value;
}

static void write_ports(struct vga *vga, unsigned port, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        mb_vga_port_write(vga, port + i, (uint8_t)(value >> 8 * i));
}

static uint64_t read_extension(struct vga *vga, uint64_t offset)
{
    bool data = offset == VBE_DATA || offset == VBE_DATA_ALIGNED;
    return data ? mb_vbe_read(vga, vga->s.vbe_index) : vga->s.vbe_index;
}

static void write_extension(struct vga *vga, uint64_t offset, uint64_t value)
{
    if (offset == VBE_DATA || offset == VBE_DATA_ALIGNED)
        mb_vbe_write(vga, vga->s.vbe_index, (uint16_t)value);
    else if (offset == 0)
        vga->s.vbe_index = (uint16_t)value;
}

/* ---- BAR 2 ------------------------------------------------------------------------------ */
static uint64_t read_registers(struct vga *vga, uint64_t offset, unsigned size)
{
    if (offset >= MMIO_PORTS && offset + size <= MMIO_PORTS_END)
        return read_ports(vga, FIRST_PORT + 0x10 + (unsigned)(offset - MMIO_PORTS), size);
    if (offset >= MMIO_VBE && offset < MMIO_VBE_END)
        return mb_vbe_read(vga, (unsigned)(offset - MMIO_VBE) / 2);
    if (offset == MMIO_MORE)
        return MMIO_ORDER + 4 - MMIO_MORE;
    if (offset == MMIO_ORDER)
        return vga->s.big_endian ? BIG_ENDIAN_PIXELS : LITTLE_ENDIAN_PIXELS;
    return 0;
}

static void write_registers(struct vga *vga, uint64_t offset, uint64_t value, unsigned size)
{
    if (offset >= MMIO_PORTS && offset + size <= MMIO_PORTS_END)
        write_ports(vga, FIRST_PORT + 0x10 + (unsigned)(offset - MMIO_PORTS), value, size);
    else if (offset >= MMIO_VBE && offset < MMIO_VBE_END)
        mb_vbe_write(vga, (unsigned)(offset - MMIO_VBE) / 2, (uint16_t)value);
    else if (offset == MMIO_ORDER && value == BIG_ENDIAN_PIXELS)
        vga->s.big_endian = true;
    else if (offset == MMIO_ORDER && value == LITTLE_ENDIAN_PIXELS)
        vga->s.big_endian = false;
}

/* ---- windows ---------------------------------------------------------------------------- */
static uint64_t read_window(struct vga *vga, uint64_t offset, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)mb_vga_window_read(vga, (uint32_t)offset + i) << 8 * i;
    return value;
}

static void write_window(struct vga *vga, uint64_t offset, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        mb_vga_window_write(vga, (uint32_t)offset + i, (uint8_t)(value >> 8 * i));
}

static uint64_t read(void *state, unsigned region, uint64_t offset, unsigned size, int cpu)
{
    struct vga *vga = state;
    uint64_t value = 0;
    pthread_mutex_lock(&vga->lock);
    switch (region) {
    case VGA_REGION_PORTS: value = read_ports(vga, FIRST_PORT + (unsigned)offset, size); break;
    case VGA_REGION_EXTENSION: value = read_extension(vga, offset); break;
    case VGA_REGION_WINDOW: value = read_window(vga, offset, size); break;
    case VGA_REGION_REGISTERS: value = read_registers(vga, offset, size); break;
    }
    pthread_mutex_unlock(&vga->lock);
    return value;
}

static void write(void *state, unsigned region, uint64_t offset, uint64_t value, unsigned size,
                  int cpu)
{
    struct vga *vga = state;
    pthread_mutex_lock(&vga->lock);
    switch (region) {
    case VGA_REGION_PORTS: write_ports(vga, FIRST_PORT + (unsigned)offset, value, size); break;
    case VGA_REGION_EXTENSION: write_extension(vga, offset, value); break;
    case VGA_REGION_WINDOW: write_window(vga, offset, value, size); break;
    case VGA_REGION_REGISTERS: write_registers(vga, offset, value, size); break;
    }
    pthread_mutex_unlock(&vga->lock);
}

/* ---- the screen ------------------------------------------------------------------------- */
/* Not started yet, or in its reset: no monitor would show a picture. */
static bool dark(const struct vga *vga)
{
    return !mb_vbe_on(vga) && !(vga->s.crtc[CRTC_MODE] & CRTC_SYNC);
}

static bool blank(const struct vga *vga)
{
    return !(vga->s.attribute_index & ATTR_SCREEN_ON) ||
           (vga->s.sequencer[SEQ_CLOCKING] & CLOCKING_OFF);
}

static void draw(const struct vga *vga, uint8_t *rgb, size_t size)
{
    struct vga_colours colours;
    memset(rgb, 0, size);
    if (blank(vga))
        return;
    mb_vga_colours(vga, &colours);
    if (mb_vbe_linear(vga))
        mb_vbe_draw(vga, &colours, rgb);
    else
        mb_vga_draw(vga, &colours, rgb);
}

static size_t picture(void *state, unsigned *width, unsigned *height, uint8_t *rgb,
                      size_t room)
{
    struct vga *vga = state;
    size_t size = 0;
    pthread_mutex_lock(&vga->lock);
    if (!dark(vga)) {
        mb_vga_size(vga, width, height);
        size = (size_t)*width * *height * 3;
        if (size <= room)
            draw(vga, rgb, size);
    }
    pthread_mutex_unlock(&vga->lock);
    return size;
}

/* ---- making ----------------------------------------------------------------------------- */
static bool load_rom(struct vga *vga)
{
    const char *path = mb_dev_param_str(vga->dev, VGA_PARAM_ROM);
    if (!path) {
        mb_dev_log(vga->dev, "no video BIOS: mb fetch seabios gets one");
        return true;
    }
    FILE *file = fopen(path, "rb");
    if (!file) {
        mb_dev_error(vga->dev, "rom %s: %s", path, strerror(errno));
        return false;
    }
    bool read = fread(mb_dev_region_memory(vga->dev, VGA_REGION_CODE), 1, VGA_CODE_SPAN, file);
    bool fits = fgetc(file) == EOF && !ferror(file);
    fclose(file);
    if (!read || !fits)
        mb_dev_error(vga->dev, "rom %s: must be a file of at most %d bytes",
                     path, VGA_CODE_SPAN);
    return read && fits;
}

static bool create(void *state, struct mb_dev *dev)
{
    struct vga *vga = state;
    vga->dev = dev;
    vga->vram = mb_dev_region_memory(dev, VGA_REGION_VRAM);
    pthread_mutex_init(&vga->lock, NULL);
    if (load_rom(vga))
        return true;
    pthread_mutex_destroy(&vga->lock);
    return false;
}

static void destroy(void *state)
{
    struct vga *vga = state;
    pthread_mutex_destroy(&vga->lock);
}

static void reset(void *state)
{
    struct vga *vga = state;
    pthread_mutex_lock(&vga->lock);
    memset(&vga->s, 0, sizeof vga->s);
    vga->s.dac_mask = 0xff;
    vga->s.vbe[VBE_ID] = 0xb0c5;
    pthread_mutex_unlock(&vga->lock);
}

static size_t save(void *state, uint8_t *data, size_t size)
{
    struct vga *vga = state;
    pthread_mutex_lock(&vga->lock);
    if (data && size >= sizeof vga->s)
        memcpy(data, &vga->s, sizeof vga->s);
    pthread_mutex_unlock(&vga->lock);
    return sizeof vga->s;
}

static bool restore(void *state, const uint8_t *data, size_t size)
{
    struct vga *vga = state;
    if (size != sizeof vga->s)
        return false;
    pthread_mutex_lock(&vga->lock);
    memcpy(&vga->s, data, size);
    mb_vbe_fit(vga);
    pthread_mutex_unlock(&vga->lock);
    return true;
}

const struct mb_chip mb_chip_display_vga = {
    .abi = MB_CHIP_ABI, .model = "display.vga", .state_size = sizeof(struct vga),
    .create = create, .destroy = destroy, .reset = reset, .read = read, .write = write,
    .save = save, .restore = restore, .picture = picture,
};
