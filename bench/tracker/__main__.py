"""`python -m bench.tracker`."""

import sys

from bench.tracker.cli import main

sys.exit(main())
