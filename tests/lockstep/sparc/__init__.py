# SPDX-License-Identifier: Apache-2.0
"""Lock-step of SPARC V8.

A case is a program: a prologue loads all registers from a page of memory, random
instructions run, an epilogue stores everything to the page. So an engine needs nothing
but memory and a place to start, and what is compared is memory.
"""
