/* The VGA's ports: sequencer, CRTC, graphics and attribute controllers, DAC (IBM PS/2
 * Hardware Interface Technical Reference, video subsystem).
 * SPDX-License-Identifier: Apache-2.0 */
#include "vga.h"

#define NS 1000000000u
enum { NOBODY = 0xff, ATTRIBUTES = 0x15, SENSE = 0x10 };
enum { STATUS_NO_DISPLAY = 0x01, STATUS_RETRACE = 0x08 };

/* Bits that exist. */
static const uint8_t sequencer_bits[8] = { 0x03, 0x3d, 0x0f, 0x3f, 0x0e };
static const uint8_t graphics_bits[16] = {
    0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff };
static const uint8_t attribute_bits[5] = { 0xef, 0xff, 0x3f, 0x0f, 0x0f };
enum { CRTC_COUNT = 0x19, PALETTE_BITS = 0x3f, DAC_BITS = 0x3f };

/* ---- CRTC ------------------------------------------------------------------------------- */
static uint8_t read_crtc(const struct vga *vga)
{
    unsigned index = vga->s.crtc_index;
    return index < CRTC_COUNT ? vga->s.crtc[index] : 0;
}

/* Registers 0 to 7 may be protected, except for the line compare's bit in the overflow. */
static void write_crtc(struct vga *vga, uint8_t value)
{
    unsigned index = vga->s.crtc_index;
    uint8_t *crtc = vga->s.crtc;
    bool protected = crtc[CRTC_RETRACE_END] & CRTC_PROTECT && index <= CRTC_OVERFLOW;
    if (protected && index == CRTC_OVERFLOW)
        crtc[index] = (crtc[index] & ~0x10) | (value & 0x10);
    else if (!protected && index < CRTC_COUNT)
        crtc[index] = value;
}

/* ---- input status 1: where the beam is -------------------------------------------------- */
struct frame { uint64_t dots, lines, hertz; };

static struct frame frame_of(const struct vga *vga)
{
    const uint8_t *crtc = vga->s.crtc;
    unsigned overflow = crtc[CRTC_OVERFLOW], clocking = vga->s.sequencer[SEQ_CLOCKING];
    unsigned lines = crtc[CRTC_VERTICAL_TOTAL] | (overflow & 1) << 8 | (overflow & 0x20) << 4;
    struct frame frame = {
        .dots = (crtc[CRTC_TOTAL] + 5u) * (clocking & CLOCKING_8_DOTS ? 8 : 9),
        .lines = lines + 2,
        .hertz = (vga->s.output & 0x0c) == 0x04 ? 28322000 : 25175000,
    };
    if (clocking & CLOCKING_HALF)
        frame.hertz /= 2;
    return frame;
}

static uint8_t status(const struct vga *vga)
{
    struct frame frame = frame_of(vga);
    unsigned __int128 ns = (uint64_t)mb_clock_ns(mb_dev_machine(vga->dev));
    uint64_t dot = (uint64_t)(ns * frame.hertz / NS) % (frame.dots * frame.lines);
    unsigned line = (unsigned)(dot / frame.dots), shown = mb_vga_lines(vga);
    unsigned column = (unsigned)(dot % frame.dots), columns = mb_vga_columns(vga);
    unsigned overflow = vga->s.crtc[CRTC_OVERFLOW];
    unsigned start = vga->s.crtc[CRTC_RETRACE_START] | (overflow & 0x04) << 6 |
                     (overflow & 0x80) << 2;
    unsigned length = (vga->s.crtc[CRTC_RETRACE_END] - start) & 0x0f;
    bool retrace = line - start < (length ? length : 16);
    bool active = line < shown && column < columns * 8 && !retrace;
    return (active ? 0 : STATUS_NO_DISPLAY) | (retrace ? STATUS_RETRACE : 0);
}

/* ---- attribute controller: one port for index and data ---------------------------------- */
static void write_attribute(struct vga *vga, uint8_t value)
{
    unsigned index = vga->s.attribute_index & 0x1f;
    if (!vga->s.attribute_data)
        vga->s.attribute_index = value & 0x3f;
    else if (index < ATTR_MODE)
        vga->s.attribute[index] = value & PALETTE_BITS;
    else if (index < ATTRIBUTES)
        vga->s.attribute[index] = value & attribute_bits[index - ATTR_MODE];
    vga->s.attribute_data = !vga->s.attribute_data;
}

/* ---- DAC: three parts each, and the index goes on --------------------------------------- */
static uint8_t read_dac(struct vga *vga)
{
    uint8_t value = vga->s.dac[vga->s.dac_read][vga->s.dac_part % 3];
    vga->s.dac_part = (vga->s.dac_part + 1) % 3;
    vga->s.dac_read += vga->s.dac_part == 0;
    return value;
}

static void write_dac(struct vga *vga, uint8_t value)
{
    bool wide = mb_vbe_on(vga) && vga->s.vbe[VBE_ENABLE] & VBE_8_BIT_DAC;
    vga->s.dac_latch[vga->s.dac_part % 3] = wide ? value : value & DAC_BITS;
    vga->s.dac_part = (vga->s.dac_part + 1) % 3;
    if (vga->s.dac_part == 0)
        memcpy(vga->s.dac[vga->s.dac_write++], vga->s.dac_latch, 3);
}

static void start_dac(struct vga *vga, uint8_t index, bool reading)
{
    vga->s.dac_reading = reading;
    vga->s.dac_part = 0;
    if (reading)
        vga->s.dac_read = index;
    else
        vga->s.dac_write = index;
}

/* The expansion of 6 bits to 8 keeps black and white. */
static uint8_t wide(uint8_t part)
{
    return (uint8_t)(part << 2 | part >> 4);
}

void mb_vga_colours(const struct vga *vga, struct vga_colours *colours)
{
    bool eight = mb_vbe_on(vga) && vga->s.vbe[VBE_ENABLE] & VBE_8_BIT_DAC;
    for (unsigned i = 0; i < 256; i++)
        for (unsigned part = 0; part < 3; part++) {
            uint8_t value = vga->s.dac[i & vga->s.dac_mask][part];
            colours->rgb[i][part] = eight ? value : wide(value & DAC_BITS);
        }
}

/* ---- ports ------------------------------------------------------------------------------ */
/* The CRTC and status are at 0x3bX on a monochrome display, at 0x3dX else; gives 0x3dX. */
static unsigned place(const struct vga *vga, unsigned port)
{
    bool colour = vga->s.output & OUTPUT_COLOUR;
    if (port >= 0x3c0 && port < 0x3d0)
        return port;
    return (port >= 0x3d0) == colour ? (port & 0x0f) | 0x3d0 : 0;
}

uint8_t mb_vga_port_read(struct vga *vga, unsigned port)
{
    struct vga_state *s = &vga->s;
    switch (place(vga, port)) {
    case 0x3c0: return s->attribute_index;
    case 0x3c1: return s->attribute[s->attribute_index & 0x1f];
    case 0x3c2: return SENSE;
    case 0x3c3: return s->subsystem;
    case 0x3c4: return s->sequencer_index;
    case 0x3c5: return s->sequencer[s->sequencer_index & 7];
    case 0x3c6: return s->dac_mask;
    case 0x3c7: return s->dac_reading ? 3 : 0;
    case 0x3c8: return s->dac_write;
    case 0x3c9: return read_dac(vga);
    case 0x3ca: return s->feature;
    case 0x3cc: return s->output;
    case 0x3ce: return s->graphics_index;
    case 0x3cf: return s->graphics[s->graphics_index & 0x0f];
    case 0x3d4: return s->crtc_index;
    case 0x3d5: return read_crtc(vga);
    case 0x3da: s->attribute_data = 0; return status(vga);
    default: return NOBODY;
    }
}

void mb_vga_port_write(struct vga *vga, unsigned port, uint8_t value)
{
    struct vga_state *s = &vga->s;
    unsigned sequencer = s->sequencer_index & 7, graphics = s->graphics_index & 0x0f;
    switch (place(vga, port)) {
    case 0x3c0: write_attribute(vga, value); break;
    case 0x3c2: s->output = value & 0xef; break;
    case 0x3c3: s->subsystem = value & 1; break;
    case 0x3c4: s->sequencer_index = value & 7; break;
    case 0x3c5: s->sequencer[sequencer] = value & sequencer_bits[sequencer]; break;
    case 0x3c6: s->dac_mask = value; break;
    case 0x3c7: start_dac(vga, value, true); break;
    case 0x3c8: start_dac(vga, value, false); break;
    case 0x3c9: write_dac(vga, value); break;
    case 0x3ce: s->graphics_index = value & 0x0f; break;
    case 0x3cf: s->graphics[graphics] = value & graphics_bits[graphics]; break;
    case 0x3d4: s->crtc_index = value & 0x3f; break;
    case 0x3d5: write_crtc(vga, value); break;
    case 0x3da: s->feature = value & 0x0b; break;
    }
}
