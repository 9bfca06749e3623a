"""Who has no queue does not load its client."""

import subprocess
import sys


def test_the_client_of_nats_is_loaded_by_no_command_before_it_is_used() -> None:
    code = "import sys, collector.cli, collector.api.app; sys.exit('nats' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
