# SPDX-License-Identifier: Apache-2.0
"""The engine's calls into Python (engine/callbacks.h), handed to who they are for.

Imported once, before the first machine is made.
"""

from __future__ import annotations

from typing import Any

from machinebuilder import native

ffi = native.engine().ffi
_from_handle = ffi.from_handle


@ffi.def_extern()  # type: ignore[untyped-decorator]
def mb_py_read(handle: Any, region: int, offset: int, size: int) -> int:
    return _from_handle(handle).on_read(region, offset, size)  # type: ignore[no-any-return]


@ffi.def_extern()  # type: ignore[untyped-decorator]
def mb_py_write(handle: Any, region: int, offset: int, value: int, size: int) -> None:
    _from_handle(handle).on_write(region, offset, value, size)


@ffi.def_extern()  # type: ignore[untyped-decorator]
def mb_py_input(handle: Any, port: int, index: int, level: int) -> None:
    _from_handle(handle).on_input(port, index, bool(level))


@ffi.def_extern()  # type: ignore[untyped-decorator]
def mb_py_ring(handle: Any, alarm: int) -> None:
    _from_handle(handle).on_ring(alarm)


@ffi.def_extern()  # type: ignore[untyped-decorator]
def mb_py_reset(handle: Any) -> None:
    _from_handle(handle).on_reset()


@ffi.def_extern()  # type: ignore[untyped-decorator]
def mb_py_send(handle: Any, data: Any, size: int) -> None:
    _from_handle(handle).sent(ffi.buffer(data, size)[:])


@ffi.def_extern()  # type: ignore[untyped-decorator]
def mb_py_ready(handle: Any) -> None:
    _from_handle(handle).ready()


@ffi.def_extern()  # type: ignore[untyped-decorator]
def mb_py_receive(handle: Any, data: Any, size: int) -> int:
    return _from_handle(handle).on_receive(ffi.buffer(data, size)[:])  # type: ignore[no-any-return]


@ffi.def_extern()  # type: ignore[untyped-decorator]
def mb_py_log(handle: Any, name: Any, text: Any) -> None:
    machine = _from_handle(handle)
    name_text = ffi.string(name).decode(errors="replace")
    machine.log(name_text, ffi.string(text).decode(errors="replace"))
