# SPDX-License-Identifier: Apache-2.0
"""A guest's screen, keyboard and mouse by RFB (RFC 6143), for VNC clients.

`Server(source, address)` listens on a thread of its own; what it serves is a `Source`:
a machine. (Of the libraries that serve RFB, LibVNCServer is under the GPL, and there is
none in Python that is kept.)

Omitted: encryption (it listens on this host's loopback address unless told otherwise;
ssh carries it further), clipboards, colour maps, sound.
"""

from machinebuilder.host.vnc.address import Address
from machinebuilder.host.vnc.server import Server
from machinebuilder.host.vnc.source import Source

__all__ = ["Address", "Server", "Source"]
