"""The containers are pinned, limited and closed, and set like `make airflow`."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ml.settings import MlSettings
from orchestration.local_stack.airflow_environment import PLUGINS, Ports, airflow_environment
from orchestration.local_stack.folders import Folders
from orchestration.local_stack.secrets_file import Secrets
from orchestration.local_stack.settings_file import SECRETS, add_secrets
from orchestration.run.settings import ROOT, AlertSettings, Settings
from orchestration.run.stack_settings import ContainerSettings, ExploreSettings, StackSettings
from tests.support.stack.compose_file import fill_in, ours, passed_on, read_yaml, required, services

RANDOM = {name: f"random-{name}" for name in SECRETS}
EVERY = services(RANDOM)
OURS = ours(EVERY)
# What people open in a browser, and the API that the app asks.
PUBLISHED = {"api-server", "mlflow", "serving", "prometheus", "grafana"}
DOCKERFILE = ROOT / "Dockerfile"


def test_our_image_runs_each_of_our_services() -> None:
    airflow = {"api-server", "scheduler", "dag-processor", "triggerer"}
    assert set(OURS) == airflow | {"init", "source", "serving", "mlflow", "explore"}
    assert len({one["image"] for one in OURS.values()}) == 1


@pytest.mark.parametrize("name", EVERY)
def test_a_service_is_limited_restarted_and_can_gain_no_rights(name: str) -> None:
    service = EVERY[name]
    assert service["restart"] == ("no" if name == "init" else "unless-stopped")
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert service["pids_limit"] <= 500
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["options"]["max-size"]
    # PostgreSQL's image starts as root, gives the files to its user, and becomes that user
    assert service.get("cap_drop") == (None if name == "postgres" else ["ALL"])


@pytest.mark.parametrize("name", EVERY)
def test_a_service_that_goes_on_has_a_health_check(name: str) -> None:
    # `init` ends; the collector's image holds one program, and nothing that could ask it
    assert ("healthcheck" in EVERY[name]) == (name not in {"init", "otel-collector"})


@pytest.mark.parametrize("name", sorted(set(EVERY) - set(OURS)))
def test_an_image_of_others_is_pinned(name: str) -> None:
    assert re.search(r":v?\d+\.\d+(\.\d+)?(-\w+)?$", EVERY[name]["image"])


def test_only_pages_for_people_are_published_and_on_this_machine_alone() -> None:
    ports = {name: one["ports"] for name, one in EVERY.items() if "ports" in one}
    assert set(ports) == PUBLISHED
    assert all(port.startswith("127.0.0.1:") for some in ports.values() for port in some)


def test_every_secret_is_asked_for_and_none_has_a_default() -> None:
    assert required() == set(SECRETS)
    for name in SECRETS:
        with pytest.raises(KeyError, match=name):
            services(RANDOM | {name: ""})
    for service in EVERY.values():
        for key, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD$|_KEY$|SECRET$", key):
                assert value.startswith("random-"), key


def test_who_needs_no_secret_is_given_none() -> None:
    for name in ("source", "serving", "explore"):
        given = " ".join(map(str, EVERY[name]["environment"].values()))
        assert "random-" not in given, name
    for name in OURS:
        assert "random-POSTGRES_PASSWORD" not in str(EVERY[name]["environment"]), name


# What a container has a place of its own for, and what its image holds no program for.
ITS_OWN = {
    "DATA_DIR", "LAKE_URL", "API_URL", "BACKUP_DIR", "MEMORY_LIMIT", "MLFLOW_URL", "AS_OF",
    "MLFLOW_ARTIFACTS", "SERVING_HOST", "SERVING_PORT", "SERVING_DIR", "ALERT_RUNBOOKS", "TARGET",
    "LAKEHOUSE", "LAKEHOUSE_DATA", "SOURCE_HOST", "SOURCE_PORT", "SOURCE_AS_OF", "SOURCE_WORLD",
    "EXPLORE_HOST", "EXPLORE_PORT", "EXPLORE_URL",
}  # fmt: skip


def test_each_setting_that_is_documented_reaches_the_containers_that_read_it() -> None:
    example = (ROOT / ".env.example").read_text()
    documented = set(re.findall(r"^# (MOOVITAMIX_\w+)=", example, re.MULTILINE))
    documented -= {f"MOOVITAMIX_{name}" for name in ITS_OWN}
    # A program's client starts `moovitamix mcp` itself: no container runs it.
    elsewhere = re.compile("MOOVITAMIX_(STACK|SPARK|AGENT)_")
    documented = {one for one in documented if not elsewhere.match(one)}
    of_source = {one for one in documented if one.startswith("MOOVITAMIX_SOURCE_")}
    of_serving = {one for one in documented if one.startswith("MOOVITAMIX_SERVING_")}
    of_explore = {one for one in documented if one.startswith("MOOVITAMIX_EXPLORE_")}
    assert of_source
    assert of_serving
    assert of_explore
    of_serving |= {"MOOVITAMIX_TRACK_URI", "MOOVITAMIX_FEEDBACK_URL"}
    given = passed_on()
    assert given["source"] == of_source
    assert given["serving"] == of_serving
    assert given["explore"] == of_explore
    of_servers = of_source | of_explore | (of_serving - {"MOOVITAMIX_FEEDBACK_URL"})
    assert given["scheduler"] == documented - of_servers


def test_make_env_writes_what_is_missing_and_leaves_the_rest(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("MOOVITAMIX_API_URL=http://app\nPOSTGRES_PASSWORD=mine")
    assert set(add_secrets(file)) == set(SECRETS) - {"POSTGRES_PASSWORD"}
    secrets = dict(line.split("=", 1) for line in file.read_text().splitlines())
    assert set(secrets) == set(SECRETS) | {"MOOVITAMIX_API_URL"}
    assert secrets["POSTGRES_PASSWORD"] == "mine"
    assert len(set(secrets.values())) == len(secrets)
    assert file.stat().st_mode & 0o777 == 0o600
    assert add_secrets(file) == []


def test_volumes_are_named_and_files_are_there() -> None:
    read = read_yaml(ROOT / "docker-compose.yml")
    mounted = [volume for one in EVERY.values() for volume in one.get("volumes", [])]
    sources = {volume.split(":")[0] for volume in mounted}
    assert {one for one in sources if not one.startswith(".")} == set(read["volumes"])
    for one in sources:
        assert not one.startswith(".") or (ROOT / one).exists(), one


def test_airflow_is_set_as_by_make_airflow(tmp_path: Path) -> None:
    """But for addresses, folders and secrets, which are each one's own."""
    keys = {"fernet_key": "", "jwt_secret": "", "secret_key": ""}
    local = (
        airflow_environment(
            StackSettings(otlp_endpoint="http://collector:4318"),
            Folders(tmp_path),
            Secrets(keys, {}, are_new=False),
            Ports(1, 2, 3, 4, 5),
            "postgresql://",
        )
        | PLUGINS
    )
    contained = EVERY["api-server"]["environment"]
    its_own = re.compile(r"FOLDER|FILE|URL|KEY|SECRET|CONN|HOME|ENDPOINT|OTEL_ON")
    shared = {name for name in local if not its_own.search(name)}
    assert len(shared) > 10
    assert {name: local[name] for name in shared} == {name: contained.get(name) for name in shared}


def test_each_setting_of_ours_is_one_that_is_read() -> None:
    known = {
        f"{one.model_config.get('env_prefix')}{field.upper()}"
        for one in (
            AlertSettings,
            ContainerSettings,
            ExploreSettings,
            MlSettings,
            Settings,
            StackSettings,
        )
        for field in one.model_fields
    }
    profiles = (ROOT / "profiles.yml").read_text()
    known |= set(re.findall(r"env_var\('(MOOVITAMIX_\w+)'", profiles))
    given = {name for service in OURS.values() for name in service["environment"]}
    assert {name for name in given if name.startswith("MOOVITAMIX_")} <= known


def test_docker_compose_accepts_the_file() -> None:
    program = shutil.which("docker-compose")
    if not program:
        pytest.skip("docker-compose is not installed (Debian: apt-get install docker-compose)")
    for profile in ([], ["--profile", "ops"]):
        checked = subprocess.run(
            [program, "--file", str(ROOT / "docker-compose.yml"), *profile, "config", "--quiet"],
            env=os.environ | RANDOM,
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.returncode == 0, checked.stderr


def test_the_linter_has_nothing_to_say_about_the_dockerfile() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    checked = subprocess.run([linter, DOCKERFILE], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, "")


def test_the_image_is_slim_pinned_and_of_no_root() -> None:
    text = DOCKERFILE.read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert len(bases) == 2
    assert all(re.fullmatch(r"python:3\.11\.\d+-slim-\w+", base) for base in bases)
    last = text.rpartition("FROM ")[2]
    assert re.search(r"^USER (?!0$)\d+$", last, re.MULTILINE)
    assert "gcc" not in last


def test_the_image_holds_what_runs_and_nothing_else() -> None:
    copied = {
        word
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE.read_text(), re.MULTILINE)
        for word in line.split()
    }
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    }
    # of the repository only what names the commit, and that may be missing (an export)
    git = {one for one in allowed if one.startswith(".git/")}
    assert git == {".git/HEAD", ".git/packed-refs", ".git/refs/heads"}
    copied.remove(".gi[t]")
    assert copied == allowed - git
    assert all((ROOT / one).exists() for one in copied)
    assert copied.isdisjoint({"tests", "bench", ".env", "data"})


def test_an_alert_of_prometheus_leads_to_a_page() -> None:
    rules = alert_rules()
    assert len(rules) > 5
    for rule in rules:
        assert (ROOT / rule["annotations"]["runbook"]).exists(), rule["alert"]
        assert rule["labels"]["severity"] in {"page", "warn"}


def test_prometheus_understands_its_rules() -> None:
    program = shutil.which("promtool")
    if not program:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")
    checked = subprocess.run(
        [program, "check", "rules", str(ROOT / "docker" / "alerts.yml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stderr


def test_the_dashboard_is_provisioned_with_its_source() -> None:
    board = json.loads((ROOT / "docker/grafana/dashboards/moovitamix.json").read_text())
    source = read_yaml(ROOT / "docker/grafana/provisioning/datasources/prometheus.yml")
    uid = source["datasources"][0]["uid"]
    assert board["panels"]
    assert {panel["datasource"]["uid"] for panel in board["panels"]} == {uid}


def test_variables_are_filled_in_as_docker_does() -> None:
    assert fill_in("${A}${B:-b}${C:?why}", {"A": "a", "C": "c"}) == "abc"
    with pytest.raises(KeyError, match="why"):
        fill_in("${C:?why}", {})


def alert_rules() -> list[dict[str, Any]]:
    """Every rule of Prometheus."""
    groups = read_yaml(ROOT / "docker" / "alerts.yml")["groups"]
    return [rule for group in groups for rule in group["rules"]]
