"""The story's two services, run as the examples run them."""

import contextlib
import signal
import subprocess
import sys
import time
import urllib.request

import pytest
from fluoro import ROOT, Process, fetch

# These are built from their registries, which takes a while the first time: `make test-clients` runs them.
BUILT = ["go", "spring-boot"]
LANGUAGES = ["python", "node", "rust", *(pytest.param(language, marks=pytest.mark.clients) for language in BUILT)]

HOST = "localhost"


def command(language, service):
    if language == "python":
        return [sys.executable, ROOT / "examples" / "python-flask" / f"{service}.py"]
    if language == "rust":
        subprocess.run([ROOT / "scripts" / "rust-clients"], check=True)
        return [ROOT / "target" / "debug" / service]
    if language == "go":
        subprocess.run([ROOT / "scripts" / "go-clients"], check=True)
        return [ROOT / "examples" / "go" / "bin" / service]
    if language == "spring-boot":
        subprocess.run([ROOT / "scripts" / "java-clients"], check=True)
        target = ROOT / "examples" / "spring-boot" / "target"
        main = {"springboot": "story.SpringBoot", "springboot2": "story.SpringBoot2"}[service]
        # Small, and quick to start.
        options = ["-Xmx128m", "-XX:TieredStopAtLevel=1"]
        return ["java", *options, "-cp", f"{target}/classes:{target}/lib/*", main]
    subprocess.run([ROOT / "scripts" / "node-env"], check=True)
    return ["node", ROOT / "examples" / "node-express" / f"{service}.js"]


class Story:
    """`SpringBoot` calls `SpringBoot2` three times for each request."""

    def __init__(self, language, server, first=None, second=None, **environment):
        """`first` and `second` are variables of the one and the other, the rest are of both."""
        environment = {**server.environment(), "PORT": "0", **environment}
        self.second = Process(command(language, "springboot2"), {**environment, **(second or {})})
        port = self.second.addresses()["http"].rsplit(":", 1)[1]
        # By name, because the SDK calls the edge's alias by the name that was called.
        environment["SPRINGBOOT2_URL"] = f"http://{HOST}:{port}"
        # The Go SDK calls a host by its port too.
        self.called = f"{HOST}:{port}" if language == "go" else HOST
        self.first = Process(command(language, "springboot"), {**environment, **(first or {})})
        self.url = "http://" + self.first.addresses()["http"]

    def get(self, path):
        """The status; and when the answer, and with it the segments, had been sent."""
        status, _ = fetch(urllib.request.Request(self.url + path))
        return status, time.monotonic()

    def stop_second(self):
        self.second.end(signal.SIGTERM, 5)

    def stop(self):
        self.first.end(signal.SIGTERM, 5)
        self.second.end(signal.SIGTERM, 5)


@contextlib.contextmanager
def told(language, server, **environment):
    story = Story(language, server, **environment)
    try:
        yield story
    finally:
        story.stop()
