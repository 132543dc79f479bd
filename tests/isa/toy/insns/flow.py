"""Control flow: static and dynamic ifs, loops, tuples, branches, flags, helpers."""

from machinebuilder.isa import Leave, extern, s32, u8, u16, u32, u64

from .shapes import Numbered

insns = Numbered("w32")

PRIMES = (2, 3, 5, 7, 11, 13, 17, 19)
PAIRS = ((1, 10), (2, 20), (3, 30), (4, 40))


@insns.next()
def dynamic_if(cpu, a, b, c, imm):
    if cpu.r[b] > cpu.r[c]:
        result = cpu.r[b] - 1
        cpu.n = 1
        other = 5
    elif cpu.r[b] == cpu.r[c]:
        result = u32(imm)
        other = 5
    else:
        result = cpu.r[c] * 3
        cpu.z = cpu.c
        other = 5
    cpu.r[a] = result + other


@insns.next()
def nested(cpu, a, b, c, imm):
    total = cpu.r[b]
    if cpu.n:
        if imm & 1:
            total = total + imm
        if cpu.z:
            total = total ^ 0xFF
        else:
            cpu.r[c] = total
    cpu.r[a] = total


def classify(value, imm):
    if imm < 10:
        return value, 1
    if imm < 100:
        return value + imm, 2
    for i in range(3):
        if i == imm & 3:
            return value * imm, i
    return u32(0), imm


@insns.next()
def early_returns(cpu, a, b, imm):
    value, kind = classify(cpu.r[b], imm)
    cpu.r[a] = value + kind


@insns.next()
def loops(cpu, a, b, imm):
    total = 0
    count = 0
    for i in range(8):
        if (imm >> i) & 1:
            total = total + cpu.r[(b + i) & 15]
            count += PRIMES[i]
    cpu.r[a] = total + count


@insns.next()
def loops_swap(cpu, a, b, imm):
    x, y = cpu.r[a], cpu.r[b]
    p, q = 1, 0
    for i in range(imm & 7, 0, -1):
        x, y = y + i, x
        p, q = p + q, p
    cpu.r[a] = x - p
    cpu.r[b] = y


@insns.next()
def while_loop(cpu, a, imm):
    steps = 0
    n = imm + 1
    while n != 1 and steps < 200:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    cpu.r[a] = u32(steps) + PAIRS[imm & 3][1] * PAIRS[imm >> 2 & 3][0]


@insns.next()
def unrolled(cpu, a, b, *, kinds=(u8, u16, u32)):
    total = u32(0)
    for kind in kinds:
        total = total + u32(kind(cpu.r[b]))
    for shift, weight in ((1, 3), (2, 5)):
        total += (cpu.r[a] >> shift) * weight
    cpu.r[a] = total + u32(any(cpu.r[i] == 0 for i in range(4)))


@insns.next()
def typed_by_field(cpu, a, b, imm):
    wide = a >> 3
    value = get(cpu, b, wide)
    put(cpu, a, wide, value + imm)


def get(cpu, n, wide):
    return cpu.x[n & 7] if wide else cpu.r[n]


def put(cpu, n, wide, value):
    if wide:
        cpu.x[n & 7] = value
    else:
        cpu.r[n] = value


@insns("11000000 a:4 b:4 size:2 imm:14", asm="sized {imm:target}")
def typed_by_size(cpu, a, b, size, imm):
    kind = (u8, u16, u32, u64)[size]
    cpu.x[a & 7] = u64(kind(cpu.x[b & 7]) + imm)


def factory(step):
    def bump(cpu, a, imm, scale=3):
        cpu.r[a] = cpu.r[a] + step * scale + imm

    return bump


insns("11000001 a:4 imm:20", asm="bump {a}", name="bump1")(factory(1))
insns("11000010 a:4 imm:20", asm="bump {a}", name="bump2")(factory(100))


@insns.next()
def branches(cpu, b, imm):
    cpu.branch(cpu.pc + 4 + imm * 4)


@insns.next()
def branches_far(cpu, b):
    cpu.branch(cpu.r[b] & 0xFFFF_FFFC)


@insns.next()
def branches_if(cpu, b, imm):
    cpu.r[0] = cpu.r[0] + 1
    cpu.branch_if(s32(cpu.r[b]) < 0, cpu.pc + imm * 4)


@insns.next()
def switches(cpu, b, imm):
    cpu.mode = imm & 7
    cpu.r[b] = u32(cpu.mode + 10)
    if imm & 8:
        cpu.branch(cpu.pc + 100)


@insns.next()
def switches_by_value(cpu, b, imm):
    cpu.mode = cpu.r[b]
    cpu.big_endian = imm & 1
    cpu.branch(cpu.pc + 4 * imm)


@insns.next()
def switches_in_an_arm(cpu, b, imm):
    if cpu.r[b] > 100:
        cpu.mode = 5
        if imm & 1:
            cpu.branch(cpu.pc + 40)
    cpu.r[b] = cpu.r[b] + 1


@insns.next()
def undefines(cpu, a, b, imm):
    if imm & 1:
        cpu.undefined()
    assert imm & 1 == 0
    cpu.r[a] = cpu.r[b + imm - imm]


@insns.next()
def has_features(cpu, a):
    if cpu.has("divide"):
        cpu.r[a] = cpu.r[a] // 3
    if cpu.has("multiply"):
        cpu.r[a] = cpu.r[a] * 3
    cpu.end_block()


@extern(effects="pure")
def mix(cpu, a: u32, b: u8, c: u64) -> u64:
    return u64(a) * 3 + u64(b) * 5 + c


@extern(effects="writes")
def scramble(cpu, a: u32) -> None:
    cpu.r[3] = cpu.r[4] + a
    cpu.n = 1


@extern(effects="exits")
def trap(cpu, number: u32):
    cpu.r[14] = u32(cpu.pc)
    cpu.pc = int(number) * 8
    raise Leave


@insns.next()
def calls(cpu, a, b, imm):
    cpu.r[4] = cpu.r[b] + 1
    scramble(cpu, imm)
    cpu.x[a & 7] = mix(cpu, cpu.r[3], u8(cpu.r[b]), cpu.x[b & 7])


@insns.next()
def traps(cpu, b, imm):
    if cpu.n:
        trap(cpu, imm)
    cpu.r[b] = u32(7)
