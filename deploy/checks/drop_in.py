#!/usr/bin/env python3
"""Checks that the agent's manifests are those that people run AWS's daemon with: only the image is another one.

    deploy/checks/drop_in.py FOLDER
"""

import sys
from pathlib import Path

import yaml

PORTS = [
    {"name": "xray-ingest", "containerPort": 2000, "hostPort": 2000, "protocol": "UDP"},
    {"name": "xray-tcp", "containerPort": 2000, "hostPort": 2000, "protocol": "TCP"},
]
CONTAINER = {
    "name": "xray-daemon",
    "command": ["/usr/bin/xray", "-c", "/aws/xray/config.yaml"],
    "resources": {
        "requests": {"cpu": "256m", "memory": "32Mi"},
        "limits": {"cpu": "512m", "memory": "64Mi"},
    },
    "ports": PORTS,
    "volumeMounts": [{"name": "config-volume", "mountPath": "/aws/xray", "readOnly": True}],
}
CONFIG = {
    "TotalBufferSizeMB": 24,
    "Socket": {"UDPAddress": "0.0.0.0:2000", "TCPAddress": "0.0.0.0:2000"},
    "Version": 2,
}


def main() -> None:
    objects = {}
    for path in Path(sys.argv[1]).glob("*.yaml"):
        for found in yaml.safe_load_all(path.read_text()):
            objects[found["kind"]] = found
    daemon_set = objects["DaemonSet"]["spec"]
    pod = daemon_set["template"]["spec"]
    container = dict(pod["containers"][0])
    container.pop("image")
    check("container", container, CONTAINER)
    check("strategy", daemon_set["updateStrategy"], {"type": "RollingUpdate"})
    check("account", pod["serviceAccountName"], objects["ServiceAccount"]["metadata"]["name"])
    check("volume", pod["volumes"], [{"name": "config-volume", "configMap": {"name": "xray-config"}}])
    check("configuration", yaml.safe_load(objects["ConfigMap"]["data"]["config.yaml"]), CONFIG)
    service = objects["Service"]
    check("service", service["metadata"]["name"], "xray-service")
    check("headless", service["spec"]["clusterIP"], "None")
    check("ports", sorted(port["protocol"] for port in service["spec"]["ports"]), ["TCP", "UDP"])


def check(what: str, found: object, expected: object) -> None:
    if found != expected:
        sys.exit(f"{what} of the agent's manifests: {found}, expected {expected}")


if __name__ == "__main__":
    main()
