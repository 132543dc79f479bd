# SPDX-License-Identifier: Apache-2.0
"""What starting a PC is made of: kernels by their kind, what they are told, what
firmware is told, and the state in which a processor begins."""
