"""The bench for these tests."""

from machinebuilder.device.testing import bench

__all__ = ["bench"]
