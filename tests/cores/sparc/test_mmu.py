# SPDX-License-Identifier: Apache-2.0
"""The reference MMU: tables, faults, no-fault mode, probe, flush, bypass, boot mode."""

from __future__ import annotations

import pytest

from tests.cores.sparc.bare import (
    CODE,
    DATA,
    ET,
    G1,
    G2,
    G3,
    G4,
    HIGH,
    PROM,
    RESET,
    SUPERVISOR,
    TABLES,
    Bare,
    lda,
    set_psr,
    sta,
    write_mmu,
)
from tests.lockstep.sparc.program import NOP, memory, operate, set_register

CONTEXTS, LEVEL1, LEVEL2, LEVEL3 = (
    TABLES,
    TABLES + 0x400,
    TABLES + 0x800,
    TABLES + 0xC00,
)
READ_ONLY, READ_WRITE, ALL, SUPERVISOR_ALL = 0, 1, 3, 7
REFERENCED, MODIFIED = 0x20, 0x40
CONTROL, CONTEXT_TABLE, CONTEXT, STATUS, ADDRESS = 0, 0x100, 0x200, 0x300, 0x400
DATA_ACCESS, INSTRUCTION_ACCESS = 9, 1
PAGE_OF_4K, PAGE_OF_256K, PAGE_OF_16M = 0x0100_0000, 0x0104_0000, 0x0200_0000
UNMAPPED, PROTECTED = 0x0300_0000, 0x0100_1000
ENABLE, NO_FAULT = 1, 2


def pte(physical: int, access: int) -> int:
    return physical >> 4 & 0xFFFF_FF00 | access << 2 | 2


def pointer(physical: int) -> int:
    return physical >> 4 | 1


@pytest.fixture
def mapped(bare: Bare) -> Bare:
    """The first 16 MiB as they are; above, pages of each size."""
    bare.words(CONTEXTS, pointer(LEVEL1))
    bare.words(LEVEL1, pte(0, ALL), pointer(LEVEL2), pte(HIGH, ALL), 0)
    bare.words(LEVEL2, pointer(LEVEL3), pte(DATA + 0x4_0000, ALL))
    bare.words(
        LEVEL3, pte(DATA, ALL), pte(DATA + 0x1000, READ_ONLY), pte(DATA, SUPERVISOR_ALL)
    )
    return bare


def enabled(control: int = ENABLE) -> list[int]:
    return [*write_mmu(CONTEXT_TABLE, CONTEXTS >> 4), *write_mmu(CONTROL, control)]


def load(register: int, address: int) -> list[int]:
    return [*set_register(G1, address), memory(0x00, register, G1, 0)]


def store_to(address: int) -> list[int]:
    return [*set_register(G1, address), memory(0x04, G2, G1, 0)]


def test_pages_of_each_size_are_found(mapped: Bare) -> None:
    mapped.words(DATA + 0x10, 0x1111)
    mapped.words(DATA + 0x4_0000 + 0x2_0010, 0x2222)
    mapped.words(HIGH + 0x12_3450, 0x3333)
    mapped.run(
        enabled(),
        load(8, PAGE_OF_4K + 0x10),
        load(9, PAGE_OF_256K + 0x2_0010),
        load(10, PAGE_OF_16M + 0x12_3450),
    )
    assert mapped.r(8, 9, 10) == [0x1111, 0x2222, 0x3333]


def test_accesses_mark_the_entry(mapped: Bare) -> None:
    mapped.run(enabled(), load(8, PAGE_OF_4K))
    assert mapped.word(LEVEL3) == pte(DATA, ALL) | REFERENCED
    mapped.run(store_to(PAGE_OF_4K))
    assert mapped.word(LEVEL3) == pte(DATA, ALL) | REFERENCED | MODIFIED


def test_an_invalid_address_traps_with_its_status(mapped: Bare) -> None:
    assert mapped.run(enabled(), set_psr(SUPERVISOR | ET), load(8, UNMAPPED)) == RESET
    assert mapped.trap == DATA_ACCESS
    assert mapped.get("fault_address") == UNMAPPED
    assert mapped.get("fault_status") == 1 << 8 | 1 << 5 | 1 << 2 | 2


def test_a_store_to_a_read_only_page_is_a_protection_fault(mapped: Bare) -> None:
    mapped.run(enabled(), set_psr(SUPERVISOR | ET), store_to(PROTECTED))
    assert mapped.trap == DATA_ACCESS
    assert mapped.get("fault_status") == 3 << 8 | 5 << 5 | 2 << 2 | 2


def test_a_user_may_not_touch_a_supervisors_page(mapped: Bare) -> None:
    mapped.run(enabled(), set_psr(ET), load(8, PAGE_OF_4K + 0x2000))
    assert mapped.trap == DATA_ACCESS
    assert mapped.get("fault_status") == 3 << 8 | 3 << 2 | 2


def test_code_that_is_not_mapped_traps(mapped: Bare) -> None:
    mapped.run(
        enabled(),
        set_psr(SUPERVISOR | ET),
        set_register(G1, UNMAPPED),
        operate(0x38, 0, G1, 0),
        NOP,
    )
    assert mapped.trap == INSTRUCTION_ACCESS
    assert mapped.word(0x804) == UNMAPPED


def test_without_faults_a_bad_store_is_only_recorded(mapped: Bare) -> None:
    mapped.run(
        enabled(ENABLE | NO_FAULT),
        set_psr(SUPERVISOR | ET),
        store_to(PROTECTED),
        set_register(G1, STATUS),
        lda(G3, G1, 4),
        lda(G4, G1, 4),
        set_psr(SUPERVISOR),
    )
    assert mapped.trap is None
    assert mapped.r(G3, G4) == [3 << 8 | 5 << 5 | 2 << 2 | 2, 0]
    assert mapped.word(DATA + 0x1000) == 0


@pytest.mark.parametrize(
    ("kind", "entry"),
    [
        (0, pte(DATA, ALL)),
        (1, pointer(LEVEL3)),
        (2, pointer(LEVEL2)),
        (3, pointer(LEVEL1)),
        (4, pte(DATA, ALL)),
    ],
)
def test_a_probe_gives_the_entry_of_a_level(
    mapped: Bare, kind: int, entry: int
) -> None:
    mapped.run(enabled(), set_register(G1, PAGE_OF_4K | kind << 8), lda(G3, G1, 3))
    assert mapped.r(G3) == [entry]


def test_a_probe_of_nothing_is_zero(mapped: Bare) -> None:
    mapped.run(enabled(), set_register(G1, UNMAPPED | 4 << 8), lda(G3, G1, 3))
    assert mapped.r(G3) == [0]


def test_a_flush_makes_a_changed_entry_seen(mapped: Bare) -> None:
    mapped.words(DATA, 0xAAAA)
    mapped.words(DATA + 0x5000, 0xBBBB)
    change = [
        *set_register(G1, LEVEL3),
        *set_register(G2, pte(DATA + 0x5000, ALL)),
        memory(0x04, G2, G1, 0),
        *set_register(G1, PAGE_OF_4K),
        sta(0, G1, 3),
    ]
    mapped.run(enabled(), load(8, PAGE_OF_4K), change, load(9, PAGE_OF_4K))
    assert mapped.r(8, 9) == [0xAAAA, 0xBBBB]


def test_contexts_have_their_own_tables(mapped: Bare) -> None:
    mapped.words(CONTEXTS + 4, pointer(LEVEL1 + 0x2000))
    mapped.words(LEVEL1 + 0x2000, pte(0, ALL), 0, pte(DATA, ALL))
    mapped.words(DATA, 0xAAAA)
    mapped.words(HIGH, 0xBBBB)
    mapped.run(
        enabled(),
        load(8, PAGE_OF_16M),
        write_mmu(CONTEXT, 1),
        load(9, PAGE_OF_16M),
        write_mmu(CONTEXT, 0),
        load(10, PAGE_OF_16M),
    )
    assert mapped.r(8, 9, 10) == [0xBBBB, 0xAAAA, 0xBBBB]


def test_the_bypass_reaches_36_bits(bare: Bare) -> None:
    bare.words(HIGH + 0x100, 0x1234_5678)
    bare.run(
        set_register(G1, HIGH + 0x100 & 0xFFFF_FFFF),
        lda(G3, G1, 0x23),
        set_register(G2, 0xCAFE_F00D),
        operate(0x00, G1, G1, 4),
        sta(G2, G1, 0x23),
    )
    assert bare.r(G3) == [0x1234_5678]
    assert bare.word(HIGH + 0x104) == 0xCAFE_F00D


def test_the_control_register_names_the_chip(bare: Bare) -> None:
    bare.run(set_register(G1, CONTROL), lda(G3, G1, 4))
    assert bare.r(G3) == [0x0400_0000]


def test_boot_mode_fetches_from_the_prom_until_it_is_left() -> None:
    machine = Bare(boot=True)
    machine.words(PROM + 0x40, operate(0x02, G3, 0, 7), 0x91D0_2000, NOP)
    machine.words(0x40, operate(0x02, G3, 0, 9), 0x91D0_2000, NOP)
    machine.set("pc", 0x40)
    machine.lib.mb_machine_run(machine.machine, 1000)
    assert machine.r(G3) == [7]
    machine.close()


def test_nothing_answers_and_the_mmu_is_off(bare: Bare) -> None:
    bare.run(
        set_psr(SUPERVISOR | ET),
        operate(0x02, 8, 0, 5),
        load(8, 0x6000_0000),
        set_psr(SUPERVISOR),
    )
    assert bare.trap is None
    assert bare.r(8) == [0]
    assert bare.get("pc") > CODE
