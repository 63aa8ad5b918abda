"""The story's two services, run as the examples run them."""

import contextlib
import signal
import subprocess
import sys
import time
import urllib.request

from fluoro import ROOT, Process, fetch

LANGUAGES = ["python", "node"]


def command(language, service):
    if language == "python":
        return [sys.executable, ROOT / "examples" / "python-flask" / f"{service}.py"]
    subprocess.run([ROOT / "scripts" / "node-env"], check=True)
    return ["node", ROOT / "examples" / "node-express" / f"{service}.js"]


class Story:
    """`SpringBoot` calls `SpringBoot2` three times for each request."""

    def __init__(self, language, server, **environment):
        environment = {**server.environment(), "PORT": "0", **environment}
        self.second = Process(command(language, "springboot2"), environment)
        port = self.second.addresses()["http"].rsplit(":", 1)[1]
        # By name, because the SDK calls the edge's alias by the name that was called.
        environment["SPRINGBOOT2_URL"] = f"http://localhost:{port}"
        self.first = Process(command(language, "springboot"), environment)
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
