# SPDX-License-Identifier: Apache-2.0
"""Virtio console (OASIS virtio 1.2, section 5.3): one port, hvc0 in Linux.

Omitted: more ports, the window's size, emergency write.
"""

from __future__ import annotations

from machinebuilder.device import Device


class VirtioConsole(Device):
    """A console that moves bytes by the buffer."""

    native = True
    sits_on = "virtio"
    host = "console"
