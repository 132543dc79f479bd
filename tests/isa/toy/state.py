"""The toy's state: fields of every type, views, flags, features."""

from machinebuilder.isa import (
    Array,
    Features,
    Field,
    Flag,
    State,
    View,
    f32,
    f64,
    s8,
    s16,
    u1,
    u8,
    u16,
    u32,
    u64,
    v128,
)


class ToyState(State):
    r = Array(u32, 16)
    x = Array(u64, 8)
    n = Field(u1)
    z = Field(u1)
    c = Field(u1)
    v = Field(u1)
    bytes_ = Array(u8, 4)
    halves = Array(u16, 4)
    tiny = Array(s8, 4)
    small = Array(s16, 4)
    d = Array(u64, 8)
    q = View(v128, "d", 4)
    singles = View(f32, "d", 16)
    doubles = View(f64, "d", 8)
    features = Features("multiply", "divide")
    big_endian = Flag(1)
    mode = Flag(3)
