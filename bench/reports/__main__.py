"""`python -m bench.reports`."""

import sys

from bench.reports.cli import main

sys.exit(main())
