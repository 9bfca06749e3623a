"""One more origin in a kong.yml."""

from pathlib import Path

import yaml

from local.origins import allow_origin, tracking_plugins

ORIGIN = "http://localhost:4000"


def test_an_origin_that_is_there_changes_nothing(root: Path) -> None:
    text = (root / "kong/kong.yml").read_text()
    assert allow_origin(text, "https://ainative.studio") is text


def test_an_origin_is_added_and_all_else_stays(root: Path) -> None:
    text = (root / "kong/kong.yml").read_text()
    before, after = yaml.safe_load(text), yaml.safe_load(allow_origin(text, ORIGIN))
    plugins = tracking_plugins(after)
    assert len(plugins) == 3
    for plugin in plugins:
        allowed = plugin["config"]["origins"]
        assert allowed.count(ORIGIN) == 1
        plugin["config"] = {**plugin["config"], "origins": [o for o in allowed if o != ORIGIN]}
    assert after == before


def test_every_entry_of_the_plugin_gets_it() -> None:
    name = "conversion-tracking"
    services = [
        {"plugins": [{"name": "cors", "config": {}}, {"name": name, "config": {"origins": []}}]},
        {"plugins": [{"name": name, "config": {"origins": ["https://x.example"]}}]},
        {"name": "without plugins"},
    ]
    routes = [{"plugins": [{"name": name, "config": {"origins": []}}]}]
    before = {"services": [*services, {"routes": routes}], "routes": routes}
    after = yaml.safe_load(allow_origin(yaml.safe_dump(before), ORIGIN))
    parents = [*after["services"], *after["services"][-1]["routes"], *after["routes"]]
    found = [p["config"] for parent in parents for p in parent.get("plugins", [])]
    added = {"origins": [ORIGIN]}
    assert found == [{}, added, {"origins": ["https://x.example", ORIGIN]}, added, added]
