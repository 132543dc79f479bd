"""Debian packages of another architecture, through the host's own apt and dpkg.

apt keeps its state in a private folder: nothing of the host's package database changes,
and no root is needed. Which archive is asked is what the host's sources.list says.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from machinebuilder.fetch import FetchError, Progress


class Apt:
    """apt for one foreign architecture, with its state in `work`."""

    def __init__(self, architecture: str, work: Path, progress: Progress) -> None:
        for tool in ("apt-get", "apt-cache", "dpkg"):
            if shutil.which(tool) is None:
                raise FetchError(
                    f"{tool} is not there; on a machine without Debian's tools, "
                    "get the images elsewhere and give them with --kernel and --initrd"
                )
        self.work = work
        self.progress = progress
        for folder in ("lists/partial", "archives/partial"):
            (work / folder).mkdir(parents=True)
        self.options = [
            f"-oAPT::Architecture={architecture}",
            f"-oAPT::Architectures={architecture}",
            f"-oDir::State::Lists={work}/lists",
            f"-oDir::Cache={work}",
            "-oAPT::Sandbox::User=root",
            "-oAcquire::Retries=3",
        ]

    def update(self) -> None:
        """Read the package lists."""
        self.progress("reading Debian's package lists")
        # Other sources of the host may have no index for this architecture: that is
        # no failure, a package that cannot be found is.
        self._run("apt-get", "-qq", "update", check=False)

    def newest(self, package: str) -> str:
        """The real package that a metapackage (linux-image-armmp) depends on."""
        text = self._run("apt-cache", "depends", package)
        for line in text.splitlines():
            kind, _, name = line.strip().partition("Depends: ")
            if not kind and name.startswith("linux-image"):
                return name
        raise FetchError(f"apt knows no kernel behind {package}; is there network?")

    def has(self, package: str) -> bool:
        """Can the package be had?"""
        text = self._run("apt-cache", "policy", package)
        return "Candidate:" in text and "Candidate: (none)" not in text

    def unpack(self, package: str) -> Path:
        """Download a package and unpack it; gives the folder."""
        self.progress(f"downloading {package}")
        self._run("apt-get", "-qq", "download", package)
        files = list(self.work.glob(f"{package}_*.deb"))
        if len(files) != 1:
            raise FetchError(f"apt did not give {package}")
        self.progress(f"unpacking {files[0].name}")
        root = self.work / "root" / package
        root.mkdir(parents=True)
        self._run("dpkg", "-x", str(files[0]), str(root))
        return root

    def _run(self, tool: str, *words: str, check: bool = True) -> str:
        options = [] if tool == "dpkg" else self.options
        done = subprocess.run(
            [tool, *options, *words],
            cwd=self.work,
            capture_output=True,
            text=True,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
        )
        if check and done.returncode != 0:
            said = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
            raise FetchError(f"{tool} failed: {said[0]}")
        return done.stdout
