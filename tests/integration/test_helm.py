"""The chart makes what Kubernetes takes, and the values for Kong's chart say what compose says."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

ROOT = Path(__file__).parents[2]
HELM = ROOT / "var" / "bin" / "helm"
HELM_FOLDER = ROOT / "deploy" / "helm"
CHART = HELM_FOLDER / "conversion-tracking"
VALUES = yaml.safe_load((HELM_FOLDER / "kong-values.yaml").read_text())
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
VERSION = (ROOT / "VERSION").read_text().strip()
# The oldest that the chart names, and the newest that the package knows.
KUBERNETES = ("1.29", "1.37")
# Resources of the Prometheus operator, which Kubernetes has no schema of.
OPERATORS = {"PrometheusRule", "ServiceMonitor"}
# Helm without a cluster believes in an old one.
OLDEST = ("--kube-version", KUBERNETES[0])
SECRET = ("--set", "existingSecret=conversion-tracking")
DESTINATIONS = '[ga4]\nplatform = "ga4"\napi_secret = "env:GA4_SECRET"\n'
EVERYTHING = (
    *SECRET,
    *("--set", "dashboard.enabled=true,dashboard.url=https://reports.example"),
    *("--set", "deliver.enabled=true,deliver.secretName=platforms,deliver.podAnnotations.team=ads"),
    *("--set", f"deliver.destinations={DESTINATIONS}"),
    *("--set", "queue.enabled=true,consumer.replicas=3,consumer.podAnnotations.team=data"),
    *("--set", "serviceMonitor.enabled=true,serviceMonitor.labels.release=prometheus"),
    *("--set", "prometheusRule.enabled=true,grafanaDashboard.enabled=true"),
    *("--set", "settings.CT_UNSIGNED_REQUESTS=refuse,settings.CT_DATABASE_POOL_SIZE=5"),
    *("--set-string", "settings.CT_TRACING=true"),
    *("--set", "settings.OTEL_EXPORTER_OTLP_ENDPOINT=http://otel:4318"),
    *("--set", "collector.spool.storageClass=fast,collector.nodeSelector.disk=ssd"),
    *("--set", f"image.digest=sha256:{'0' * 64}"),
    *("--set-json", 'networkPolicy.dashboard=[{"podSelector":{"matchLabels":{"app":"proxy"}}}]'),
    *("--set-json", 'imagePullSecrets=[{"name":"registry"}]'),
    *("--set-json", 'collector.tolerations=[{"operator":"Exists"}]'),
)
# With a queue, two of each, and a standby.
SCALED = (*SECRET, "--values", str(HELM_FOLDER / "scale-values.yaml"))
OPTIONS, IDS = (SECRET, SCALED, EVERYTHING), ("defaults", "scaled", "everything")

# .ci/run runs `make check-helm` first, so there Helm is built.
pytestmark = pytest.mark.skipif(
    not HELM.exists(), reason="Helm is not built: run `make helm`, which needs Go 1.26 or newer"
)


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Helm's exit code and words; no settings of the user's reach it."""
    return subprocess.run(
        [str(HELM), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={"HOME": "/nowhere"},
        check=False,
    )


def render(*options: str) -> list[dict[str, Any]]:
    """The resources that the chart makes."""
    done = helm("template", "collectors", str(CHART), *OLDEST, *options)
    assert done.returncode == 0, done.stderr
    return [resource for resource in yaml.safe_load_all(done.stdout) if resource]


def pods(resources: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The pods that resources make, by the resource's name."""
    return {
        resource["metadata"]["name"]: resource["spec"]["template"]["spec"]
        for resource in resources
        if resource["kind"] in {"Deployment", "Job", "StatefulSet"}
    }


def environment(pod: dict[str, Any]) -> dict[str, Any]:
    """The variables of a pod's container, each of which stands there once."""
    variables = pod["containers"][0]["env"]
    found = {one["name"]: one.get("value") or one["valueFrom"]["secretKeyRef"] for one in variables}
    assert len(found) == len(variables)
    return found


@pytest.mark.parametrize("options", OPTIONS, ids=IDS)
def test_helm_finds_nothing_wrong(options: tuple[str, ...]) -> None:
    done = helm("lint", "--strict", str(CHART), *options)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("options", OPTIONS, ids=IDS)
def test_kubernetes_takes_every_resource(options: tuple[str, ...], version: str) -> None:
    resources = render(*options, "--kube-version", version)
    assert len(resources) >= 5
    for resource in resources:
        if resource["kind"] not in OPERATORS:
            kubernetes_validate.validate(resource, version, strict=True)


def test_with_everything_there_is_a_resource_of_each_kind() -> None:
    kinds = sorted(resource["kind"] for resource in render(*EVERYTHING))
    assert kinds == [
        *("ConfigMap", "ConfigMap", "Deployment", "Deployment", "Deployment", "Job", "Job"),
        *("NetworkPolicy", "NetworkPolicy", "NetworkPolicy", "NetworkPolicy"),
        *("PodDisruptionBudget", "PodDisruptionBudget", "PrometheusRule"),
        *("Service", "Service", "Service", "Service"),
        *("ServiceMonitor", "ServiceMonitor", "ServiceMonitor", "StatefulSet"),
    ]


def test_every_pod_obeys_the_restricted_standard() -> None:
    found = pods(render(*EVERYTHING))
    assert len(found) == 6
    for pod in found.values():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            assert_restricted(container["securityContext"])
            assert container["resources"]["requests"]


def assert_restricted(context: dict[str, Any]) -> None:
    assert context["allowPrivilegeEscalation"] is False
    assert context["readOnlyRootFilesystem"] is True
    assert context["capabilities"] == {"drop": ["ALL"]}


def test_a_collector_is_what_kong_looks_for_and_has_a_volume_that_stays() -> None:
    kong_yml = yaml.safe_load((ROOT / "kong" / "kong.yml").read_text())
    targets = [target["target"] for one in kong_yml["upstreams"] for target in one["targets"]]
    resources = {resource["kind"]: resource for resource in render(*SECRET)}
    service, stateful = resources["Service"], resources["StatefulSet"]
    port = service["spec"]["ports"][0]["port"]
    assert targets == [f"{service['metadata']['name']}:{port}"]

    [container] = stateful["spec"]["template"]["spec"]["containers"]
    variables = environment(stateful["spec"]["template"]["spec"])
    assert container["ports"] == [{"name": "http", "containerPort": int(variables["CT_PORT"])}]
    [mount] = container["volumeMounts"]
    assert variables["CT_SPOOL_DIR"].startswith(mount["mountPath"] + "/")
    [claim] = stateful["spec"]["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == mount["name"]
    assert set(stateful["spec"]["persistentVolumeClaimRetentionPolicy"].values()) == {"Retain"}


def test_migrations_run_before_installs_and_upgrades_and_not_when_going_back() -> None:
    [job] = [resource for resource in render(*SECRET) if resource["kind"] == "Job"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"


def test_settings_reach_the_collector_and_secrets_come_from_the_secret_alone() -> None:
    found = pods(render(*EVERYTHING))
    collector = environment(found["collectors-collector"])
    assert collector["CT_UNSIGNED_REQUESTS"] == "refuse"
    assert collector["CT_DATABASE_POOL_SIZE"] == "5"
    assert collector["CT_TRACING"] == "true"
    assert collector["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://otel:4318"
    wanted = {"name": "conversion-tracking", "key": "database-url"}
    assert all(environment(pod)["CT_DATABASE_URL"] == wanted for pod in found.values())
    assert collector["CT_GATEWAY_SECRET"]["key"] == "gateway-secret"
    assert environment(found["collectors-dashboard"])["CT_DASHBOARD_TOKENS"]["name"]


def test_without_a_queue_no_pod_knows_of_one() -> None:
    found = pods(render(*SECRET))
    assert set(found) == {"collectors-collector", "collectors-migrate"}
    assert not any("QUEUE" in name for pod in found.values() for name in environment(pod))


def test_with_a_queue_collectors_and_consumers_share_it_and_its_streams_are_made_before() -> None:
    resources = render(*SCALED)
    found = pods(resources)
    users = ("collectors-collector", "collectors-consumer", "collectors-queue")
    for name in users:
        secret = {"name": "conversion-tracking", "key": "queue-url"}
        assert environment(found[name])["CT_QUEUE_URL"] == secret
    assert environment(found["collectors-queue"])["CT_QUEUE_SYSTEM_URL"]["key"] == (
        "queue-system-url"
    )
    hooks = {
        resource["metadata"]["name"]: resource["metadata"]["annotations"]["helm.sh/hook"]
        for resource in resources
        if resource["kind"] == "Job"
    }
    assert set(hooks.values()) == {"pre-install,pre-upgrade"}
    assert set(hooks) == {"collectors-migrate", "collectors-queue"}
    replicas = {
        resource["metadata"]["name"]: resource["spec"]["replicas"]
        for resource in resources
        if resource["kind"] in {"Deployment", "StatefulSet"}
    }
    assert replicas == {"collectors-collector": 2, "collectors-consumer": 2}


@pytest.mark.parametrize(
    ("part", "setting"), [("consumer", "CT_CONSUMER_PORT"), ("deliver", "CT_DELIVER_PORT")]
)
def test_prometheus_finds_a_part_where_it_shows_its_metrics(part: str, setting: str) -> None:
    resources = render(*EVERYTHING)
    pod = pods(resources)[f"collectors-{part}"]
    [container] = pod["containers"]
    port = int(environment(pod)[setting])
    assert container["ports"] == [{"name": "http", "containerPort": port}]
    labels = [
        resource["spec"]["selector"]["matchLabels"]
        for resource in resources
        if resource["kind"] == "ServiceMonitor"
    ]
    services = [
        resource["metadata"]["labels"] for resource in resources if resource["kind"] == "Service"
    ]
    for wanted in labels:
        assert sum(wanted.items() <= service.items() for service in services) == 1


def test_deliver_has_the_file_of_destinations_and_its_secrets_and_reaches_platforms() -> None:
    resources = render(*EVERYTHING)
    pod = pods(resources)["collectors-deliver"]
    [container] = pod["containers"]
    [held] = [
        r["data"]
        for r in resources
        if r["kind"] == "ConfigMap" and r["metadata"]["name"] == "collectors-deliver"
    ]
    assert held == {"destinations.toml": DESTINATIONS}
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert environment(pod)["CT_DESTINATIONS_FILE"] == f"{mounts['destinations']}/destinations.toml"
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert volumes["destinations"]["configMap"] == {"name": "collectors-deliver"}
    assert volumes["secrets"]["secret"] == {"secretName": "platforms"}
    assert container["envFrom"] == [{"secretRef": {"name": "platforms"}}]
    [policy] = [
        r["spec"]
        for r in resources
        if r["kind"] == "NetworkPolicy" and r["metadata"]["name"] == "collectors-deliver"
    ]
    [out] = policy["egress"]
    assert {(one["port"], one["protocol"]) for one in out["ports"]} == {
        (53, "UDP"),
        (53, "TCP"),
        (443, "TCP"),
        (5432, "TCP"),
    }


def test_other_destinations_start_deliver_again() -> None:
    def annotations(destinations: str) -> dict[str, str]:
        resources = render(*EVERYTHING, "--set", f"deliver.destinations={destinations}")
        [found] = [
            r["spec"]["template"]["metadata"]["annotations"]
            for r in resources
            if r["kind"] == "Deployment" and r["metadata"]["name"] == "collectors-deliver"
        ]
        return dict(found)

    assert annotations("[a]") == annotations("[a]") != annotations("[b]")


def test_the_servers_of_the_queue_are_set_as_those_in_compose() -> None:
    values = yaml.safe_load((HELM_FOLDER / "nats-values.yaml").read_text())
    written = (ROOT / "deploy" / "nats" / "nats.conf").read_text()
    config = values["config"]
    accounts = config["merge"]["accounts"]
    users = {name: account["users"][0]["user"] for name, account in accounts.items()}
    assert dict(re.findall(r"(\w+): \{.*users: \[ \{ user: (\w+),", written)) == users
    assert config["jetstream"]["merge"] == {"sync_interval": "always"}
    assert "sync_interval: always" in written
    assert f"system_account: {config['merge']['system_account']}" in written
    # The stream of consumers is in memory, of which the chart gives none by itself.
    assert config["jetstream"]["memoryStore"]["enabled"] is True
    assert config["cluster"]["replicas"] == 3


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("replicaCount=3", "replicaCount"),
        ("collector.replicas=0", "replicas"),
        ("settings.OWN_DOMAINS=a.example", "OWN_DOMAINS"),
        ("settings.CT_PORT=9000", "CT_PORT"),
        ("settings.CT_QUEUE_URL=nats://h", "CT_QUEUE_URL"),
        ("consumer.replicas=18", "replicas"),
        ("image.digest=latest", "digest"),
        ("collector.spool.size=lots", "size"),
        ("existingSecret=", "existingSecret"),
        ("deliver.enabled=true", "deliver.destinations"),
        ("deliver.replicas=0", "replicas"),
        ("settings.CT_DESTINATIONS_FILE=a.toml", "CT_DESTINATIONS_FILE"),
        ("networkPolicy.deliverPorts={0}", "deliverPorts"),
    ],
)
def test_what_the_chart_does_not_know_is_refused_by_name(option: str, said: str) -> None:
    done = helm("template", "collectors", str(CHART), *OLDEST, *SECRET, "--set", option)
    assert done.returncode != 0
    assert said in done.stderr


def test_the_chart_has_the_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (VERSION, VERSION)
    [side_car] = VALUES["deployment"]["initContainers"]
    assert side_car["image"].endswith(f":{VERSION}")


def test_the_manifests_are_what_the_chart_makes() -> None:
    written = (ROOT / "deploy" / "kubernetes" / "conversion-tracking.yaml").read_text()
    name = "conversion-tracking"
    done = helm("template", name, str(CHART), *OLDEST, *SECRET)
    assert written.endswith(done.stdout)


def test_rules_and_dashboard_are_those_of_the_other_deployments() -> None:
    resources = {resource["kind"]: resource for resource in render(*EVERYTHING)}
    alerts = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text())
    assert resources["PrometheusRule"]["spec"] == alerts
    dashboard = (ROOT / "deploy" / "grafana" / "conversion-tracking.json").read_text()
    [held] = resources["ConfigMap"]["data"].values()
    assert json.loads(held) == json.loads(dashboard)


def test_kong_has_the_same_settings_as_in_compose() -> None:
    ours = {f"KONG_{name.upper()}": value for name, value in VALUES["env"].items()}
    theirs = {
        name: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value).replace("$$", "$")
        for name, value in COMPOSE["services"]["kong"]["environment"].items()
    }
    # Kong's chart sets these itself, or has them elsewhere.
    of_the_chart = {
        *("CT_GATEWAY_SECRET", "KONG_ADMIN_GUI_LISTEN", "KONG_ADMIN_LISTEN"),
        *("KONG_DECLARATIVE_CONFIG", "KONG_PROXY_ACCESS_LOG", "KONG_PROXY_ERROR_LOG"),
        "KONG_PROXY_LISTEN",
    }
    assert set(theirs) - set(ours) <= of_the_chart
    assert ours == {name: theirs[name] for name in ours}
    assert list(VALUES["customEnv"]) == ["ct_gateway_secret"]
    assert (
        f"{VALUES['image']['repository']}:{VALUES['image']['tag']}"
        == (COMPOSE["services"]["kong"]["image"])
    )


def test_the_plugin_server_is_beside_kong_as_in_compose() -> None:
    deployment, plugin = VALUES["deployment"], COMPOSE["services"]["plugin"]
    [side_car] = deployment["initContainers"]
    *command, workers = plugin["command"]
    assert side_car["args"] == [*command, re.sub(r"\$\{\w+:-(\d+)\}", r"\1", workers)]
    assert side_car["startupProbe"]["exec"]["command"] == plugin["healthcheck"]["test"][1:]
    assert side_car["restartPolicy"] == "Always"  # it goes on beside Kong, and starts before it
    assert_restricted(side_car["securityContext"])
    socket = Path(VALUES["env"]["pluginserver_conversion_tracking_socket"]).parent
    shared = {mount["name"]: mount["mountPath"] for mount in side_car["volumeMounts"]}
    [kongs] = deployment["userDefinedVolumeMounts"]
    assert shared[kongs["name"]] == kongs["mountPath"] == str(socket)
    assert set(shared) == {volume["name"] for volume in deployment["userDefinedVolumes"]}
    assert VALUES["dblessConfig"]["configMap"] == "conversion-tracking-kong"
