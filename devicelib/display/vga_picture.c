/* What the VGA shows, as its CRTC scans it: text, and graphics whose pixels are bits of
 * planes, pairs of bits, or bytes. SPDX-License-Identifier: Apache-2.0
 *
 * A line is a row of colour numbers of the DAC, one for each dot. Whatever registers say,
 * lines are of at most 257 characters, and addresses wrap within a plane. */
#include "vga.h"

#define NS 1000000000u
enum { FIELD_HERTZ = 60, CURSOR_PHASE = 8, TEXT_PHASE = 16 };      /* fields on, and off */
enum { COLUMNS = MAX_WIDTH / 8 + 1, DOTS = 9, GLYPH_ROOM = 32 };
enum { PLANAR, PAIRS, BYTES };         /* how bits become pixels */

struct screen {
    const struct vga *vga;
    const uint8_t *crtc, *attribute;
    uint32_t mask;                     /* the last address of a plane */
    bool text, cursor_on, blinking_on;
    unsigned format, dots, columns, width, height;
    uint8_t palette[16];               /* DAC's numbers of the 16 colours */
    uint32_t address, pitch;           /* of the line, and from row to row, in characters */
    unsigned row, pan, repeat;         /* scan line of the row, first dot, lines so far */
    uint8_t line[COLUMNS * DOTS];
};

/* ---- what registers say ----------------------------------------------------------------- */
static unsigned dots_of(const struct vga *vga)
{
    bool text = !(vga->s.graphics[GFX_MISC] & MISC_GRAPHICS);
    return text && !(vga->s.sequencer[SEQ_CLOCKING] & CLOCKING_8_DOTS) ? 9 : 8;
}

static bool halved(const struct vga *vga)
{
    return !mb_vbe_on(vga) && vga->s.sequencer[SEQ_CLOCKING] & CLOCKING_HALF;
}

void mb_vga_size(const struct vga *vga, unsigned *width, unsigned *height)
{
    *width = mb_vga_columns(vga) * dots_of(vga) << halved(vga);
    *height = mb_vga_lines(vga);
    if (mb_vbe_on(vga)) {
        *width = vga->s.vbe[VBE_WIDTH];
        *height = vga->s.vbe[VBE_HEIGHT];
    }
}

/* The attribute controller's way from 16 colours to the DAC's 256. */
static void find_palette(struct screen *screen)
{
    const uint8_t *attribute = screen->attribute;
    unsigned select = attribute[ATTR_COLOUR_SELECT], high = (select & 0x0c) << 4;
    for (unsigned i = 0; i < 16; i++) {
        unsigned colour = attribute[i & attribute[ATTR_PLANES] & 0x0f];
        if (attribute[ATTR_MODE] & ATTR_SELECT_5_4)
            colour = (colour & 0x0f) | (select & 3) << 4;
        screen->palette[i] = (uint8_t)((colour & 0x3f) | high);
    }
}

/* Dots that the first character of a line is shifted out to the left. */
static unsigned find_pan(const struct screen *screen)
{
    unsigned pan = screen->attribute[ATTR_PAN] & 0x0f;
    if (screen->dots == 9)
        return pan >= 8 ? 0 : pan + 1;
    return screen->format == BYTES ? pan & 6 : pan & 7;
}

static void find_start(struct screen *screen)
{
    const uint8_t *crtc = screen->crtc;
    screen->address = (unsigned)crtc[CRTC_START] << 8 | crtc[CRTC_START + 1];
    screen->address += crtc[CRTC_PRESET_ROW] >> 5 & 3;
    screen->row = crtc[CRTC_PRESET_ROW] & 0x1f;
    screen->pitch = 2u * crtc[CRTC_OFFSET];
    screen->pan = find_pan(screen);
}

/* VBE's modes of 16 colours: one line after the other, in planes as long as they come. */
static void find_vbe_start(struct screen *screen)
{
    const uint16_t *vbe = screen->vga->s.vbe;
    screen->mask = VGA_VRAM_SPAN / 4 - 1;
    screen->text = false;
    screen->format = PLANAR;
    screen->dots = 8;
    screen->columns = vbe[VBE_WIDTH] / 8;
    screen->pitch = vbe[VBE_VIRTUAL_WIDTH] / 8;
    screen->address = screen->pitch * vbe[VBE_Y] + vbe[VBE_X] / 8;
    screen->pan = vbe[VBE_X] & 7;
    screen->row = 0;
}

static void find_phases(struct screen *screen)
{
    uint64_t ns = (uint64_t)mb_clock_ns(mb_dev_machine(screen->vga->dev));
    uint64_t field = ns / (NS / FIELD_HERTZ);
    screen->cursor_on = field / CURSOR_PHASE % 2 == 0;
    screen->blinking_on = field / TEXT_PHASE % 2 == 0;
}

static struct screen look(const struct vga *vga)
{
    unsigned format = vga->s.graphics[GFX_MODE] >> 5 & 3;
    struct screen screen = {
        .vga = vga, .crtc = vga->s.crtc, .attribute = vga->s.attribute, .mask = PLANE_SIZE - 1,
        .text = !(vga->s.graphics[GFX_MISC] & MISC_GRAPHICS),
        .format = format < BYTES ? format : BYTES, .dots = dots_of(vga),
        .columns = mb_vga_columns(vga),
    };
    mb_vga_size(vga, &screen.width, &screen.height);
    find_palette(&screen);
    find_phases(&screen);
    if (mb_vbe_on(vga))
        find_vbe_start(&screen);
    else
        find_start(&screen);
    return screen;
}

/* ---- memory ----------------------------------------------------------------------------- */
/* The CRTC's counter as an address of planes: in bytes, words or (packed) doublewords. */
static uint32_t plane_address(const struct screen *screen, uint32_t counter)
{
    uint8_t mode = screen->crtc[CRTC_MODE];
    if (mb_vbe_on(screen->vga))
        return counter & screen->mask;
    if (!(mode & CRTC_BYTES) && !(screen->crtc[CRTC_UNDERLINE] & UNDERLINE_DOUBLEWORD))
        counter = counter << 1 | (counter >> (mode & CRTC_WRAP_A15 ? 15 : 13) & 1);
    if (!(mode & CRTC_KEEP_A13))
        counter = (counter & ~0x2000u) | (screen->row & 1) << 13;
    if (!(mode & CRTC_KEEP_A14))
        counter = (counter & ~0x4000u) | (screen->row >> 1 & 1) << 14;
    return counter & screen->mask;
}

static const uint8_t *planes_at(const struct screen *screen, uint32_t counter)
{
    return screen->vga->vram + 4 * (size_t)plane_address(screen, counter);
}

/* ---- text ------------------------------------------------------------------------------- */
/* Fonts are in plane 2, eight of them; bit 3 of the attribute chooses between two. */
static uint8_t glyph_row(const struct screen *screen, uint8_t character, uint8_t attribute)
{
    unsigned map = screen->vga->s.sequencer[SEQ_FONT];
    unsigned font = (map & 3) | (map >> 2 & 4);
    if (attribute & 8)
        font = (map >> 2 & 3) | (map >> 3 & 4);
    uint32_t start = (font & 3) * 0x4000 + (font >> 2) * 0x2000;
    return screen->vga->vram[4 * (start + GLYPH_ROOM * character + screen->row) + 2];
}

static bool cursor_at(const struct screen *screen, uint32_t counter)
{
    const uint8_t *crtc = screen->crtc;
    uint32_t place = (unsigned)crtc[CRTC_CURSOR] << 8 | crtc[CRTC_CURSOR + 1];
    unsigned start = crtc[CRTC_CURSOR_START], end = crtc[CRTC_CURSOR_END] & 0x1f;
    return screen->cursor_on && !(start & CURSOR_OFF) && (counter & 0xffff) == place &&
           screen->row >= (start & 0x1f) && screen->row <= end;
}

static bool underlined(const struct screen *screen, uint8_t attribute)
{
    return screen->attribute[ATTR_MODE] & ATTR_MONO && (attribute & 0x77) == 1 &&
           screen->row == (screen->crtc[CRTC_UNDERLINE] & 0x1f);
}

/* The dots of one row of a character, the leftmost in bit 8. */
static unsigned glyph(const struct screen *screen, uint32_t counter, uint8_t character,
                      uint8_t attribute)
{
    unsigned bits = glyph_row(screen, character, attribute) << 1;
    bool joined = screen->attribute[ATTR_MODE] & ATTR_LINE_GRAPHICS;
    if (joined && (character & 0xe0) == 0xc0)
        bits |= bits >> 1 & 1;
    if (screen->attribute[ATTR_MODE] & ATTR_BLINK && attribute & 0x80 && !screen->blinking_on)
        bits = 0;
    return cursor_at(screen, counter) || underlined(screen, attribute) ? 0x1ff : bits;
}

static void text_character(struct screen *screen, uint32_t counter, uint8_t *dots)
{
    const uint8_t *cell = planes_at(screen, counter);
    uint8_t attribute = cell[1], background = attribute >> 4;
    unsigned bits = glyph(screen, counter, cell[0], attribute);
    if (screen->attribute[ATTR_MODE] & ATTR_BLINK)
        background &= 7;
    uint8_t colours[2] = { screen->palette[background], screen->palette[attribute & 0x0f] };
    for (unsigned i = 0; i < screen->dots; i++)
        dots[i] = colours[bits >> (8 - i) & 1];
}

/* ---- graphics: four bytes are eight dots ------------------------------------------------ */
static void planar(const struct screen *screen, const uint8_t *planes, uint8_t *dots)
{
    for (unsigned i = 0; i < 8; i++) {
        unsigned bit = 7 - i;
        unsigned colour = (planes[0] >> bit & 1) | (planes[1] >> bit & 1) << 1 |
                          (planes[2] >> bit & 1) << 2 | (planes[3] >> bit & 1) << 3;
        dots[i] = screen->palette[colour];
    }
}

/* Four pixels from planes 0 and 2, then four from 1 and 3: two bits of each. */
static void pairs(const struct screen *screen, const uint8_t *planes, uint8_t *dots)
{
    for (unsigned i = 0; i < 8; i++) {
        const uint8_t *half = planes + i / 4;
        unsigned shift = 6 - 2 * (i % 4);
        dots[i] = screen->palette[(half[0] >> shift & 3) | (half[2] >> shift & 3) << 2];
    }
}

static void bytes(const struct screen *screen, const uint8_t *planes, uint8_t *dots)
{
    for (unsigned i = 0; i < 8; i++)
        dots[i] = planes[i / 2];
}

static void graphics_character(struct screen *screen, uint32_t counter, uint8_t *dots)
{
    const uint8_t *planes = planes_at(screen, counter);
    switch (screen->format) {
    case PLANAR: planar(screen, planes, dots); break;
    case PAIRS: pairs(screen, planes, dots); break;
    default: bytes(screen, planes, dots);
    }
}

/* ---- lines ------------------------------------------------------------------------------ */
/* One character more than is shown, since the first may be shifted out. */
static void scan(struct screen *screen)
{
    for (unsigned x = 0; x <= screen->columns; x++) {
        uint8_t *dots = screen->line + x * screen->dots;
        if (screen->text)
            text_character(screen, screen->address + x, dots);
        else
            graphics_character(screen, screen->address + x, dots);
    }
}

static void paint(const struct screen *screen, const struct vga_colours *colours, uint8_t *rgb)
{
    unsigned shift = halved(screen->vga);
    const uint8_t *from = screen->line + screen->pan;
    for (unsigned x = 0; x < screen->width; x++, rgb += 3)
        memcpy(rgb, colours->rgb[from[x >> shift]], 3);
}

/* The line compare splits the screen: what is below comes from the start of memory. */
static bool split_after(const struct screen *screen, unsigned y)
{
    const uint8_t *crtc = screen->crtc;
    unsigned line = crtc[CRTC_LINE_COMPARE] | (crtc[CRTC_OVERFLOW] & 0x10) << 4 |
                    (crtc[CRTC_MAX_SCAN] & 0x40) << 3;
    return y == line;
}

/* Gives whether the next line shows something else than this one. */
static bool next_line(struct screen *screen, unsigned y)
{
    uint8_t max_scan = screen->crtc[CRTC_MAX_SCAN];
    if (mb_vbe_on(screen->vga)) {
        screen->address += screen->pitch;
        return true;
    }
    if (split_after(screen, y)) {
        screen->address = screen->row = screen->repeat = 0;
        if (screen->attribute[ATTR_MODE] & ATTR_PAN_TOP)
            screen->pan = screen->dots == 9;
        return true;
    }
    if (max_scan & SCAN_DOUBLE && (screen->repeat ^= 1))
        return false;
    if (screen->row == (max_scan & 0x1f)) {
        screen->row = 0;
        screen->address += screen->pitch;
        return true;
    }
    screen->row = (screen->row + 1) & 0x1f;
    return screen->text || (screen->crtc[CRTC_MODE] & (CRTC_KEEP_A13 | CRTC_KEEP_A14)) !=
                               (CRTC_KEEP_A13 | CRTC_KEEP_A14);
}

void mb_vga_draw(const struct vga *vga, const struct vga_colours *colours, uint8_t *rgb)
{
    struct screen screen = look(vga);
    size_t size = 3 * (size_t)screen.width;
    bool fresh = true;
    for (unsigned y = 0; y < screen.height; y++, rgb += size) {
        if (fresh) {
            scan(&screen);
            paint(&screen, colours, rgb);
        } else {
            memcpy(rgb, rgb - size, size);
        }
        fresh = next_line(&screen, y);
    }
}
