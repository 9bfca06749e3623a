"""The modules that protoc makes of pluginsocket.proto are those of the file as it is now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path("kong_plugin_server/pluginsocket.proto")


@pytest.mark.parametrize("ending", ["py", "pyi"])
def test_the_generated_module_is_that_of_the_proto_file(
    root: Path, tmp_path: Path, ending: str
) -> None:
    distribution = root / "kong-plugin" / "server"
    made = SOURCE.with_name(f"pluginsocket_pb2.{ending}")
    options = [f"-I{distribution}", f"--python_out={tmp_path}", f"--pyi_out={tmp_path}"]

    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", *options, str(SOURCE)], check=True, cwd=tmp_path
    )

    # `make protobuf` brings it up to date.
    assert (tmp_path / made).read_text() == (distribution / made).read_text()
