"""`python -m bench.queue`."""

import sys

from bench.queue.cli import main

sys.exit(main())
