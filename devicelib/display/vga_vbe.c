/* Bochs's VBE extension: modes of up to 32 bits a pixel, by 16-bit registers; and their
 * pictures. SPDX-License-Identifier: Apache-2.0 */
#include "vga.h"

enum { ID_FIRST = 0xb0c0, ID_LAST = 0xb0c5, STEP = 8, DEEPEST = 32 };
#define MEMORY_UNIT 0x10000u

/* ---- registers -------------------------------------------------------------------------- */
/* Bytes of `pixels` pixels, in all planes. */
static uint32_t bytes_of(const struct vga *vga, uint32_t pixels)
{
    unsigned depth = vga->s.vbe[VBE_DEPTH];
    return depth == 4 ? pixels / 2 : pixels * ((depth + 7) / 8);
}

static uint16_t within(uint32_t value, uint32_t low, uint32_t high)
{
    return (uint16_t)(value < low ? low : value > high ? high : value);
}

static bool known_depth(unsigned depth)
{
    return depth == 4 || depth == 8 || depth == 15 || depth == 16 || depth == 24 ||
           depth == 32;
}

/* Make what the guest asks for one that the memory holds: it is wide rather than high. */
void mb_vbe_fit(struct vga *vga)
{
    uint16_t *vbe = vga->s.vbe;
    if (!mb_vbe_on(vga))
        return;
    if (!known_depth(vbe[VBE_DEPTH]))
        vbe[VBE_DEPTH] = 8;
    vbe[VBE_WIDTH] = within(vbe[VBE_WIDTH], STEP, MAX_WIDTH) & ~(STEP - 1);
    vbe[VBE_VIRTUAL_WIDTH] =
        within(vbe[VBE_VIRTUAL_WIDTH], vbe[VBE_WIDTH], UINT16_MAX) & ~(STEP - 1);
    uint32_t lines = VGA_VRAM_SPAN / bytes_of(vga, vbe[VBE_VIRTUAL_WIDTH]);
    vbe[VBE_VIRTUAL_HEIGHT] = within(lines, 1, UINT16_MAX);
    vbe[VBE_HEIGHT] = within(vbe[VBE_HEIGHT], 1, lines < MAX_HEIGHT ? lines : MAX_HEIGHT);
    vbe[VBE_X] = within(vbe[VBE_X], 0, vbe[VBE_VIRTUAL_WIDTH] - vbe[VBE_WIDTH]);
    vbe[VBE_Y] = within(vbe[VBE_Y], 0, vbe[VBE_VIRTUAL_HEIGHT] - vbe[VBE_HEIGHT]);
}

static void enable(struct vga *vga, uint16_t value)
{
    uint16_t *vbe = vga->s.vbe;
    bool starts = value & VBE_ON && !(vbe[VBE_ENABLE] & VBE_ON);
    vbe[VBE_ENABLE] = value;
    if (!starts)
        return;
    vbe[VBE_VIRTUAL_WIDTH] = vbe[VBE_X] = vbe[VBE_Y] = vbe[VBE_BANK] = 0;
    mb_vbe_fit(vga);
    uint32_t line = bytes_of(vga, vbe[VBE_VIRTUAL_WIDTH]);
    if (!(value & VBE_KEEP_MEMORY))
        memset(vga->vram, 0, line * vbe[VBE_HEIGHT]);
}

uint16_t mb_vbe_read(struct vga *vga, unsigned index)
{
    static const uint16_t most[] = { MAX_WIDTH, MAX_HEIGHT, DEEPEST };
    if (index >= VBE_WIDTH && index <= VBE_DEPTH && vga->s.vbe[VBE_ENABLE] & VBE_CAPABILITIES)
        return most[index - VBE_WIDTH];
    if (index == VBE_MEMORY)
        return VGA_VRAM_SPAN / MEMORY_UNIT;
    return index < VBE_COUNT ? vga->s.vbe[index] : 0;
}

/* The mode is chosen while the extension is off. */
void mb_vbe_write(struct vga *vga, unsigned index, uint16_t value)
{
    uint16_t *vbe = vga->s.vbe;
    switch (index) {
    case VBE_ID:
        if (value >= ID_FIRST && value <= ID_LAST)
            vbe[index] = value;
        break;
    case VBE_WIDTH: case VBE_HEIGHT: case VBE_DEPTH:
        if (!mb_vbe_on(vga))
            vbe[index] = value;
        break;
    case VBE_ENABLE:
        enable(vga, value);
        break;
    case VBE_BANK:
        vbe[index] = value % (VGA_VRAM_SPAN / MEMORY_UNIT);
        break;
    case VBE_VIRTUAL_WIDTH: case VBE_X: case VBE_Y:
        vbe[index] = value;
        mb_vbe_fit(vga);
        break;
    }
}

/* ---- pictures: one line of pixels becomes RGB ------------------------------------------- */
typedef void convert_fn(const uint8_t *from, uint8_t *rgb, unsigned width, bool swap,
                        const struct vga_colours *colours);

static void convert_8(const uint8_t *from, uint8_t *rgb, unsigned width, bool swap,
                      const struct vga_colours *colours)
{
    for (unsigned x = 0; x < width; x++)
        memcpy(rgb + 3 * x, colours->rgb[from[x]], 3);
}

static uint16_t half_word(const uint8_t *from, bool swap)
{
    uint16_t pixel;
    memcpy(&pixel, from, 2);
    return swap ? __builtin_bswap16(pixel) : pixel;
}

static uint8_t from_5(unsigned part)
{
    return (uint8_t)((part & 31) << 3 | (part & 31) >> 2);
}

static void convert_15(const uint8_t *from, uint8_t *rgb, unsigned width, bool swap,
                       const struct vga_colours *colours)
{
    for (unsigned x = 0; x < width; x++, rgb += 3) {
        unsigned pixel = half_word(from + 2 * x, swap);
        rgb[0] = from_5(pixel >> 10);
        rgb[1] = from_5(pixel >> 5);
        rgb[2] = from_5(pixel);
    }
}

static void convert_16(const uint8_t *from, uint8_t *rgb, unsigned width, bool swap,
                       const struct vga_colours *colours)
{
    for (unsigned x = 0; x < width; x++, rgb += 3) {
        unsigned pixel = half_word(from + 2 * x, swap), green = pixel >> 5 & 63;
        rgb[0] = from_5(pixel >> 11);
        rgb[1] = (uint8_t)(green << 2 | green >> 4);
        rgb[2] = from_5(pixel);
    }
}

static void convert_24(const uint8_t *from, uint8_t *rgb, unsigned width, bool swap,
                       const struct vga_colours *colours)
{
    for (unsigned x = 0; x < width; x++, rgb += 3, from += 3) {
        rgb[0] = from[swap ? 0 : 2];
        rgb[1] = from[1];
        rgb[2] = from[swap ? 2 : 0];
    }
}

static void convert_32(const uint8_t *from, uint8_t *rgb, unsigned width, bool swap,
                       const struct vga_colours *colours)
{
    for (unsigned x = 0; x < width; x++, rgb += 3) {
        uint32_t pixel;
        memcpy(&pixel, from + 4 * x, 4);
        pixel = swap ? __builtin_bswap32(pixel) : pixel;
        rgb[0] = (uint8_t)(pixel >> 16);
        rgb[1] = (uint8_t)(pixel >> 8);
        rgb[2] = (uint8_t)pixel;
    }
}

static convert_fn *converter(unsigned depth)
{
    switch (depth) {
    case 15: return convert_15;
    case 16: return convert_16;
    case 24: return convert_24;
    case 32: return convert_32;
    default: return convert_8;
    }
}

void mb_vbe_draw(const struct vga *vga, const struct vga_colours *colours, uint8_t *rgb)
{
    const uint16_t *vbe = vga->s.vbe;
    convert_fn *convert = converter(vbe[VBE_DEPTH]);
    uint32_t line = bytes_of(vga, vbe[VBE_VIRTUAL_WIDTH]);
    const uint8_t *from = vga->vram + line * vbe[VBE_Y] + bytes_of(vga, vbe[VBE_X]);
    for (unsigned y = 0; y < vbe[VBE_HEIGHT]; y++, from += line, rgb += 3 * vbe[VBE_WIDTH])
        convert(from, rgb, vbe[VBE_WIDTH], vga->s.big_endian, colours);
}
