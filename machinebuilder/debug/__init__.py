# SPDX-License-Identifier: Apache-2.0
"""Debugging a guest with gdb over its remote serial protocol (docs/debugging.md).

packets.py      bytes <-> packets
target.py       what gdb asks of a stopped machine: registers, memory, threads
protocol.py     a packet -> its reply, or an order to run
link.py         the socket: one client, on the loopback interface
debugger.py     the loop that runs a machine on gdb's orders
"""
