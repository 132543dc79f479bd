/* What the C files of the x86 core share. SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_X86_H
#define CORE_X86_H

#include "core.h"
#include "x86_state.h"

enum { X86_LINE_INTR = 0, X86_LINE_NMI = 1 };
enum x86_segment { ES, CS, SS, DS, FS, GS, LDTR, TR, X86_SEGMENTS };
enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

#define RFLAGS_FIXED 0x2u
#define RFLAGS_IF 0x200u

extern const struct mb_kvm_core x86_kvm;

/* Of a start-up message: real mode at vector * 4 KiB (SDM 3A, section 8.4.3). */
void x86_start_at(struct x86_state *s, unsigned vector);
/* Power-on values; INIT leaves the cache and floating-point state alone. */
void x86_reset(struct x86_state *s, bool init);

#endif
