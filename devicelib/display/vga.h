/* The VGA's parts among each other. SPDX-License-Identifier: Apache-2.0 */
#ifndef MB_VGA_H
#define MB_VGA_H

#include <pthread.h>
#include <string.h>
#include "device.h"
#include "display_vga.h"

#define PLANE_SIZE 0x10000u            /* of the VGA's 256 KiB */
enum { MAX_WIDTH = 4096, MAX_HEIGHT = 4096 };

/* Registers by their index, in IBM's words. */
enum { SEQ_CLOCKING = 1, SEQ_MAP_MASK = 2, SEQ_FONT = 3, SEQ_MEMORY = 4 };
enum { CLOCKING_8_DOTS = 0x01, CLOCKING_HALF = 0x08, CLOCKING_OFF = 0x20 };
enum { MEMORY_SEQUENTIAL = 0x04, MEMORY_CHAIN_4 = 0x08 };
enum { GFX_SET_RESET, GFX_ENABLE_SET_RESET, GFX_COMPARE, GFX_ROTATE, GFX_READ_MAP, GFX_MODE,
       GFX_MISC, GFX_DONT_CARE, GFX_BIT_MASK };
enum { MODE_COMPARE = 0x08, MODE_ODD_EVEN = 0x10 };
enum { MISC_GRAPHICS = 0x01, MISC_CHAIN_ODD_EVEN = 0x02 };
enum { CRTC_TOTAL = 0x00, CRTC_COLUMNS = 0x01, CRTC_VERTICAL_TOTAL = 0x06,
       CRTC_OVERFLOW = 0x07, CRTC_PRESET_ROW = 0x08, CRTC_MAX_SCAN = 0x09,
       CRTC_CURSOR_START = 0x0a, CRTC_CURSOR_END = 0x0b, CRTC_START = 0x0c,
       CRTC_CURSOR = 0x0e, CRTC_RETRACE_START = 0x10, CRTC_RETRACE_END = 0x11,
       CRTC_LINES = 0x12, CRTC_OFFSET = 0x13, CRTC_UNDERLINE = 0x14, CRTC_MODE = 0x17,
       CRTC_LINE_COMPARE = 0x18 };
enum { CRTC_PROTECT = 0x80, CURSOR_OFF = 0x20, UNDERLINE_DOUBLEWORD = 0x40,
       SCAN_DOUBLE = 0x80 };
enum { CRTC_KEEP_A13 = 0x01, CRTC_KEEP_A14 = 0x02, CRTC_WRAP_A15 = 0x20, CRTC_BYTES = 0x40,
       CRTC_SYNC = 0x80 };
enum { ATTR_MODE = 0x10, ATTR_PLANES = 0x12, ATTR_PAN = 0x13, ATTR_COLOUR_SELECT = 0x14 };
enum { ATTR_MONO = 0x02, ATTR_LINE_GRAPHICS = 0x04, ATTR_BLINK = 0x08, ATTR_PAN_TOP = 0x20,
       ATTR_8_BIT = 0x40, ATTR_SELECT_5_4 = 0x80 };
enum { ATTR_SCREEN_ON = 0x20 };        /* of the attribute controller's index */
enum { OUTPUT_COLOUR = 0x01, OUTPUT_RAM = 0x02 };

/* Bochs's extension. */
enum { VBE_ID, VBE_WIDTH, VBE_HEIGHT, VBE_DEPTH, VBE_ENABLE, VBE_BANK, VBE_VIRTUAL_WIDTH,
       VBE_VIRTUAL_HEIGHT, VBE_X, VBE_Y, VBE_MEMORY, VBE_COUNT };
enum { VBE_ON = 0x01, VBE_CAPABILITIES = 0x02, VBE_8_BIT_DAC = 0x20, VBE_KEEP_MEMORY = 0x80 };

struct vga_state {                     /* all that a snapshot holds */
    uint8_t output, feature, subsystem;
    uint8_t sequencer_index, sequencer[8];
    uint8_t graphics_index, graphics[16];
    uint8_t crtc_index, crtc[32];
    uint8_t attribute_index, attribute[32];
    uint8_t attribute_data;            /* the next write is of data */
    uint8_t dac_mask, dac_read, dac_write, dac_part, dac_latch[3];
    uint8_t dac_reading;
    uint8_t dac[256][3];
    uint32_t latch;                    /* plane 0 in the lowest byte */
    uint16_t vbe_index, vbe[VBE_COUNT];
    uint8_t big_endian;                /* pixels of 15 bits and more */
};

struct vga {
    struct mb_dev *dev;
    pthread_mutex_t lock;              /* of s; guests change the memory without */
    uint8_t *vram;
    struct vga_state s;
};

/* With the lock. */
uint8_t mb_vga_port_read(struct vga *vga, unsigned port);
void mb_vga_port_write(struct vga *vga, unsigned port, uint8_t value);
uint8_t mb_vga_window_read(struct vga *vga, uint32_t offset);
void mb_vga_window_write(struct vga *vga, uint32_t offset, uint8_t value);
uint16_t mb_vbe_read(struct vga *vga, unsigned index);
void mb_vbe_write(struct vga *vga, unsigned index, uint16_t value);
void mb_vbe_fit(struct vga *vga);      /* whatever was restored */

static inline bool mb_vbe_on(const struct vga *vga)
{
    return vga->s.vbe[VBE_ENABLE] & VBE_ON;
}

static inline bool mb_vbe_linear(const struct vga *vga)
{
    return mb_vbe_on(vga) && vga->s.vbe[VBE_DEPTH] >= 8;
}

/* CRTC values of more than 8 bits. */
static inline unsigned mb_vga_lines(const struct vga *vga)
{
    const uint8_t *crtc = vga->s.crtc;
    return (crtc[CRTC_LINES] | (crtc[CRTC_OVERFLOW] & 0x02u) << 7 |
            (crtc[CRTC_OVERFLOW] & 0x40u) << 3) + 1;
}

static inline unsigned mb_vga_columns(const struct vga *vga)
{
    return vga->s.crtc[CRTC_COLUMNS] + 1u;
}

/* ---- pictures ---- */
struct vga_colours { uint8_t rgb[256][3]; };
void mb_vga_colours(const struct vga *vga, struct vga_colours *colours);

/* VGA modes, and VBE's of 16 colours: lines of colour numbers. */
void mb_vga_size(const struct vga *vga, unsigned *width, unsigned *height);
void mb_vga_draw(const struct vga *vga, const struct vga_colours *colours, uint8_t *rgb);

/* VBE modes of 8 bits and more. */
void mb_vbe_draw(const struct vga *vga, const struct vga_colours *colours, uint8_t *rgb);

#endif
