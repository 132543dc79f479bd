# SPDX-License-Identifier: Apache-2.0
"""Names of processor features, and the bits of CPUID that say them.

Intel SDM volume 2A, CPUID; AMD APM volume 3, appendix E. Names are those that users of
other emulators know.
"""

from __future__ import annotations

EAX, EBX, ECX, EDX = range(4)

Place = tuple[int, int, int]
"""Leaf, subleaf, register."""

LAYOUT: dict[Place, str] = {
    # A name for each bit from 0 up; `-` has none.
    (0x1, 0, EDX): """
        fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 pn
        clflush - ds acpi mmx fxsr sse sse2 ss ht tm ia64 pbe
    """,
    (0x1, 0, ECX): """
        sse3 pclmulqdq dtes64 monitor ds-cpl vmx smx est tm2 ssse3 cid - fma cx16
        xtpr pdcm - pcid dca sse4.1 sse4.2 x2apic movbe popcnt tsc-deadline aes
        xsave osxsave avx f16c rdrand hypervisor
    """,
    (0x7, 0, EBX): """
        fsgsbase tsc-adjust - bmi1 hle avx2 - smep bmi2 erms invpcid rtm - - mpx -
        avx512f avx512dq rdseed adx smap avx512ifma - clflushopt clwb intel-pt
        avx512pf avx512er avx512cd sha-ni avx512bw avx512vl
    """,
    (0x7, 0, ECX): """
        - avx512vbmi umip pku ospke waitpkg avx512vbmi2 - gfni vaes vpclmulqdq
        avx512vnni avx512bitalg - avx512-vpopcntdq - la57 - - - - - rdpid - -
        cldemote - movdiri movdir64b - - pks
    """,
    (0x7, 0, EDX): """
        - - avx512-4vnniw avx512-4fmaps fsrm - - - avx512-vp2intersect - - - - -
        serialize - - - - - - - - avx512-fp16 - - spec-ctrl stibp flush-l1d
        arch-capabilities core-capability ssbd
    """,
    (0x7, 1, EAX): "- - - - avx-vnni avx512-bf16",
    (0xD, 1, EAX): "xsaveopt xsavec xgetbv1 xsaves",
    (0x8000_0001, 0, EDX): """
        - - - - - - - - - - - syscall - - - - - - - - nx - mmxext - - fxsr-opt
        pdpe1gb rdtscp - lm 3dnowext 3dnow
    """,
    (0x8000_0001, 0, ECX): """
        lahf-lm cmp-legacy svm extapic cr8legacy abm sse4a misalignsse 3dnowprefetch
        osvw ibs xop skinit wdt - lwp fma4 tce - nodeid-msr - tbm topoext
        perfctr-core perfctr-nb
    """,
    (0x8000_0008, 0, EBX): """
        clzero - xsaveerptr - - - - - - wbnoinvd - - ibpb - amd-ibrs amd-stibp - - -
        - - - - - amd-ssbd virt-ssbd amd-no-ssb
    """,
}  # fmt: skip

FEATURES: dict[str, tuple[Place, int]] = {
    name: (place, bit)
    for place, names in LAYOUT.items()
    for bit, name in enumerate(names.split())
    if name != "-"
}
"""Name -> place and bit."""

SHARED_WITH_LEAF_1 = 0x0183_F3FF
"""Bits of 0x8000_0001 EDX that repeat leaf 1 EDX on AMD's processors."""
