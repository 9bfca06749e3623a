"""One more origin in a kong.yml."""

from pathlib import Path

import yaml

from local.origins import allow_origin

ORIGIN = "http://localhost:4000"


def test_an_origin_that_is_there_changes_nothing(root: Path) -> None:
    text = (root / "kong/kong.yml").read_text()
    assert allow_origin(text, "http://localhost:5177") is text


def test_an_origin_is_added_and_all_else_stays(root: Path) -> None:
    text = (root / "kong/kong.yml").read_text()
    before, after = yaml.safe_load(text), yaml.safe_load(allow_origin(text, ORIGIN))
    [allowed] = [
        plugin["config"]["origins"]
        for service in after["services"]
        for plugin in service.get("plugins", [])
        if plugin["name"] == "conversion-tracking"
    ]
    assert allowed.pop() == ORIGIN
    assert after == before


def test_every_entry_of_the_plugin_gets_it() -> None:
    name = "conversion-tracking"
    services = [
        {"plugins": [{"name": "cors", "config": {}}, {"name": name, "config": {"origins": []}}]},
        {"plugins": [{"name": name, "config": {"origins": ["https://x.example"]}}]},
        {"name": "without plugins"},
    ]
    after = yaml.safe_load(allow_origin(yaml.safe_dump({"services": services}), ORIGIN))
    found = [p["config"] for s in after["services"] for p in s.get("plugins", [])]
    assert found == [{}, {"origins": [ORIGIN]}, {"origins": ["https://x.example", ORIGIN]}]
