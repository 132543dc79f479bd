/* What hard disks and packet devices do alike. SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "ata.h"

enum { PIO = 0x08, MULTIWORD = 0x20, ULTRA = 0x40, KIND = 0xF8 };   /* transfer modes */
enum { PIO_BEST = 4, MULTIWORD_BEST = 2, ULTRA_BEST = 5 };

/* Table 42 of clause 8.46: the kind in the upper bits, the mode in the lower three. */
bool mb_ata_set_mode(struct ata_drive *drive)
{
    uint8_t wanted = (uint8_t)drive->count, mode = wanted & (uint8_t)~KIND;
    switch (wanted & KIND) {
    case 0: return mode <= 1;                      /* default PIO mode */
    case PIO: return mode <= PIO_BEST;
    case MULTIWORD:
        if (mode > MULTIWORD_BEST)
            return false;
        break;
    case ULTRA:
        if (mode > ULTRA_BEST)
            return false;
        break;
    default: return false;
    }
    drive->mode = wanted;
    return true;
}

static uint16_t modes(const struct ata_drive *drive, unsigned kind, unsigned best)
{
    unsigned chosen = (drive->mode & KIND) == kind ? 0x100u << (drive->mode & 7) : 0;
    return (uint16_t)((1u << (best + 1)) - 1 + chosen);
}

void mb_ata_identify_modes(const struct ata_drive *drive, uint16_t *words)
{
    enum { CYCLE_NS = 120 };
    words[51] = words[52] = 0x0200;                /* old ways to say PIO mode 2 */
    words[53] |= 0x0006;                           /* words 64-70 and 88 are valid */
    words[63] = modes(drive, MULTIWORD, MULTIWORD_BEST);
    words[64] = 0x0003;                            /* PIO modes 3 and 4 */
    words[65] = words[66] = words[67] = words[68] = CYCLE_NS;
    words[88] = modes(drive, ULTRA, ULTRA_BEST);
}

/* Two characters a word, the first one in its upper half; padded with blanks. */
void mb_ata_put_text(uint16_t *words, unsigned count, const char *text)
{
    for (unsigned i = 0; i < 2 * count; i++) {
        uint16_t character = *text ? (uint8_t)*text++ : ' ';
        words[i / 2] = (uint16_t)(words[i / 2] << 8 | character);
    }
}

const char *mb_ata_serial(struct mb_dev *dev)
{
    const char *serial = mb_dev_param_str(dev, "serial");
    return serial && *serial ? serial : mb_dev_name(dev);
}

bool mb_ata_open(struct ata_drive *drive, struct mb_dev *dev, const char *path)
{
    unsigned flags = (mb_dev_param(dev, "readonly") ? MB_DISK_READONLY : 0) |
                     (mb_dev_param(dev, "snapshot") ? MB_DISK_SNAPSHOT : 0);
    char why[512];
    drive->disk = mb_disk_open(path, flags, why, sizeof why);
    if (!drive->disk)
        mb_dev_error(dev, "%s", why);
    return drive->disk != NULL;
}
