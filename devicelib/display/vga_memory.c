/* The VGA's window on its memory at 0xa0000: four planes behind latches, or bytes in a row.
 * Byte n of plane p is vram[4 * n + p]. SPDX-License-Identifier: Apache-2.0 */
#include "vga.h"

enum { NOTHING = 0xff, BANK_SHIFT = 16, EVEN_PLANES = 0x05, ODD_PLANES = 0x0a };

/* One byte for each plane of a mask of four bits. */
static uint32_t spread(unsigned planes)
{
    static const uint32_t bytes[16] = {
        0x00000000, 0x000000ff, 0x0000ff00, 0x0000ffff, 0x00ff0000, 0x00ff00ff, 0x00ffff00,
        0x00ffffff, 0xff000000, 0xff0000ff, 0xff00ff00, 0xff00ffff, 0xffff0000, 0xffff00ff,
        0xffffff00, 0xffffffff };
    return bytes[planes & 0x0f];
}

static uint32_t in_all(uint8_t value)
{
    return value * 0x01010101u;
}

/* Where the window's bytes are, by the graphics controller's memory map; false: elsewhere. */
static bool decode(const struct vga *vga, uint32_t *offset)
{
    static const struct { uint32_t start, size; } maps[4] = {
        { 0, 0x20000 }, { 0, 0x10000 }, { 0x10000, 0x8000 }, { 0x18000, 0x8000 } };
    unsigned map = vga->s.graphics[GFX_MISC] >> 2 & 3;
    uint32_t address = *offset - maps[map].start;
    if (!(vga->s.output & OUTPUT_RAM) || address >= maps[map].size)
        return false;
    if (map == 1 && mb_vbe_on(vga))
        address += (uint32_t)vga->s.vbe[VBE_BANK] << BANK_SHIFT;
    *offset = address;
    return true;
}

static bool chain_4(const struct vga *vga)
{
    return vga->s.sequencer[SEQ_MEMORY] & MEMORY_CHAIN_4;
}

static bool odd_even(const struct vga *vga)
{
    return !(vga->s.sequencer[SEQ_MEMORY] & MEMORY_SEQUENTIAL);
}

/* All memory in VBE's modes, 256 KiB in the VGA's. */
static uint32_t last_byte(const struct vga *vga)
{
    return mb_vbe_on(vga) ? VGA_VRAM_SPAN - 1 : 4 * PLANE_SIZE - 1;
}

static uint8_t *four(const struct vga *vga, uint32_t address)
{
    if (vga->s.graphics[GFX_MISC] & MISC_CHAIN_ODD_EVEN)
        address &= ~1u;
    return vga->vram + (4 * address & last_byte(vga));
}

/* ---- reading ---------------------------------------------------------------------------- */
/* Read mode 1: bits of pixels whose colour is the one to compare with. */
static uint8_t compare(const struct vga *vga)
{
    const uint8_t *graphics = vga->s.graphics;
    uint32_t other = (vga->s.latch ^ spread(graphics[GFX_COMPARE])) &
                     spread(graphics[GFX_DONT_CARE]);
    other |= other >> 16;
    return (uint8_t)~(other | other >> 8);
}

uint8_t mb_vga_window_read(struct vga *vga, uint32_t offset)
{
    unsigned plane = vga->s.graphics[GFX_READ_MAP] & 3;
    uint8_t mode = vga->s.graphics[GFX_MODE];
    if (!decode(vga, &offset))
        return NOTHING;
    if (mb_vbe_linear(vga) || chain_4(vga))
        return vga->vram[offset & last_byte(vga)];
    memcpy(&vga->s.latch, four(vga, offset), 4);
    if (mode & MODE_COMPARE)
        return compare(vga);
    if (mode & MODE_ODD_EVEN)
        plane = (plane & 2) | (offset & 1);
    return (uint8_t)(vga->s.latch >> 8 * plane);
}

/* ---- writing ---------------------------------------------------------------------------- */
static uint8_t rotated(const struct vga *vga, uint8_t value)
{
    unsigned by = vga->s.graphics[GFX_ROTATE] & 7;
    return (uint8_t)(value >> by | value << (8 - by));
}

static uint32_t combine(const struct vga *vga, uint32_t value)
{
    switch (vga->s.graphics[GFX_ROTATE] >> 3 & 3) {
    case 1: return value & vga->s.latch;
    case 2: return value | vga->s.latch;
    case 3: return value ^ vga->s.latch;
    default: return value;
    }
}

/* What a byte of the CPU's becomes in the four planes: write modes 0 to 3. */
static uint32_t to_planes(const struct vga *vga, uint8_t value)
{
    const uint8_t *graphics = vga->s.graphics;
    uint32_t set = spread(graphics[GFX_SET_RESET]), new;
    uint8_t mask = graphics[GFX_BIT_MASK];
    switch (graphics[GFX_MODE] & 3) {
    case 0:
        new = in_all(rotated(vga, value));
        new ^= (new ^ set) & spread(graphics[GFX_ENABLE_SET_RESET]);
        break;
    case 1:
        return vga->s.latch;
    case 2:
        new = spread(value);
        break;
    default:
        mask &= rotated(vga, value);
        new = set;
    }
    uint32_t bits = in_all(mask);
    return (combine(vga, new) & bits) | (vga->s.latch & ~bits);
}

static void write_planes(struct vga *vga, uint32_t address, uint8_t value)
{
    unsigned enabled = vga->s.sequencer[SEQ_MAP_MASK];
    if (odd_even(vga))
        enabled &= address & 1 ? ODD_PLANES : EVEN_PLANES;
    uint8_t *bytes = four(vga, address);
    uint32_t old, planes = spread(enabled);
    memcpy(&old, bytes, 4);
    uint32_t new = (to_planes(vga, value) & planes) | (old & ~planes);
    memcpy(bytes, &new, 4);
}

void mb_vga_window_write(struct vga *vga, uint32_t offset, uint8_t value)
{
    if (!decode(vga, &offset))
        return;
    if (mb_vbe_linear(vga))
        vga->vram[offset & last_byte(vga)] = value;
    else if (!chain_4(vga))
        write_planes(vga, offset, value);
    else if (vga->s.sequencer[SEQ_MAP_MASK] >> (offset & 3) & 1)
        vga->vram[offset & last_byte(vga)] = value;
}
