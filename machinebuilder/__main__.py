"""`python -m machinebuilder` is `mb`."""

import sys

from machinebuilder.cli.main import main

sys.exit(main())
