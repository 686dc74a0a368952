"""The portal in containers: they run what the units run, and say no secret."""

import re
from configparser import RawConfigParser

import pytest
import yaml
from django.conf import settings

pytestmark = pytest.mark.once

PRODUCTION = settings.BASE_DIR / "docs" / "production"
COMPOSE = yaml.safe_load((PRODUCTION / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
OF_PORTAL = ("beat", "web", "worker")
PINNED = re.compile(r"[a-z]+:\d+\.\d+(\.\d+)?(-slim)?-bookworm")


def unit(name):
    """What the unit's service says."""
    parser = RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(PRODUCTION / f"simportal-{name}.service")
    return parser["Service"]


def test_containers_run_what_the_units_run_and_may_end_it_as_slowly():
    units = {name: unit(name) for name in OF_PORTAL}
    assert {name: (SERVICES[name]["command"], SERVICES[name]["stop_grace_period"]) for name in OF_PORTAL} == {
        name: (says["ExecStart"], f"{says['TimeoutStopSec']}s") for name, says in units.items()
    }
    assert {SERVICES[name]["env_file"] for name in OF_PORTAL} == {says["EnvironmentFile"] for says in units.values()}
    assert {says["WorkingDirectory"] for says in units.values()} == set(
        re.findall("^WORKDIR (.+)$", (PRODUCTION / "Dockerfile").read_text(), re.MULTILINE)
    )


def test_every_image_is_pinned_and_of_ours_somebody_says_the_version():
    images = {name: service["image"] for name, service in SERVICES.items()}
    ours = {name for name, image in images.items() if image == "simportal:${VERSION:?}"}
    base = re.findall("^FROM (.+)$", (PRODUCTION / "Dockerfile").read_text(), re.MULTILINE)
    assert ours == {*OF_PORTAL, "migrate"}
    assert [image for image in [*base, *images.values()] if not PINNED.fullmatch(image)] == [images["web"]] * len(ours)


def test_settings_come_from_files_that_are_in_no_repository_and_nothing_listens_to_the_world_but_nginx():
    files = [service.get("env_file", []) for service in SERVICES.values()]
    files = {file for named in files for file in (named if isinstance(named, list) else [named])}
    assert {file.rpartition("/")[0] for file in files} == {"/etc/simportal"}
    assert [name for name, service in SERVICES.items() if {"environment", "ports"} & {*service}] == []
    assert {service["network_mode"] for service in SERVICES.values()} == {"host"}
    assert SERVICES["postgres"]["command"] == "postgres -c listen_addresses=127.0.0.1"


def test_what_the_compose_file_brings_along_is_there():
    """Paths of the repository, from where the file stands."""
    volumes = [volume for service in SERVICES.values() for volume in service.get("volumes", [])]
    brought = [volume.partition(":")[0] for volume in volumes if volume.startswith("./")]
    assert sorted(brought) == ["./nginx.conf", "./roles.sql"]
    built = SERVICES["web"]["build"]
    paths = [*brought, built["context"], f"{built['context']}/{built['dockerfile']}", "Dockerfile.dockerignore"]
    assert [path for path in paths if not (PRODUCTION / path).exists()] == []
