"""The real binary as a test starts it, and the clients that talk to it."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]
HEADER = b'{"format":"json","version":1}\n'
# Promised to whoever runs Fluoro: after SIGTERM it has ended within this time.
STOP_SECONDS = 5
# Warnings that may come of the machine, or of a kill; any other line of that level fails the test.
EXPECTED_WARNINGS = [
    "UDP receive buffer",
    "cut what was being written when the process died",
]
# A virtual machine with an agent in it takes long on a busy machine.
START_SECONDS = 60


def binary() -> str:
    """$FLUORO_BIN, else what `make build` or `cargo build` left."""
    if "FLUORO_BIN" in os.environ:
        return os.environ["FLUORO_BIN"]
    for profile in ("release", "debug"):
        path = ROOT / "target" / profile / "fluoro"
        if path.exists():
            return str(path)
    raise FileNotFoundError("no fluoro binary: run `make build`, or set FLUORO_BIN")


def is_unexpected(line):
    is_loud = " WARN " in line or " ERROR " in line
    return is_loud and not any(expected in line for expected in EXPECTED_WARNINGS)


class Process:
    """A child process whose output is kept, and which says on a line where it listens."""

    # Every one that was started; a test that fails leaves some behind.
    started = []

    def __init__(self, command, env=None):
        self.command = [str(part) for part in command]
        self.output = []
        self.child = subprocess.Popen(
            self.command,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        Process.started.append(self)
        self._ready = threading.Event()
        self._addresses = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.child.stdout:
            self.output.append(line.rstrip("\n"))
            if line.startswith("ready "):
                self._addresses = dict(re.findall(r"(\S+?)=(\S+)", line))
                self._ready.set()
        # A process that has ended will not become ready any more.
        self._ready.set()

    def addresses(self):
        """What follows `ready`, such as {"http": "127.0.0.1:40001"}."""
        self._ready.wait(START_SECONDS)
        assert self._addresses, f"{self.command} did not become ready:\n" + "\n".join(self.output)
        return self._addresses

    def end(self, signal_number, seconds):
        """Sends the signal and gives the exit code."""
        if self.child.poll() is None:
            self.child.send_signal(signal_number)
        try:
            code = self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise AssertionError(f"{self.command} did not end within {seconds} s of signal {signal_number}")
        self._reader.join(seconds)
        return code


class Server:
    """`fluoro serve` on free ports."""

    def __init__(self, data_dir, *flags, environment=None):
        self.data_dir = data_dir
        self.flags = flags
        # Colours would stand between the words that a test looks for.
        self.environment_of_process = {"NO_COLOR": "1", **(environment or {})}
        self.process = None

    def start(self):
        self.started_at = time.time()
        arguments = ["--bind", "127.0.0.1:0", "--data-dir", self.data_dir]
        self.process = Process([binary(), "serve", *arguments, *self.flags], self.environment_of_process)
        addresses = self.process.addresses()
        self.http = addresses["http"]
        self.udp = addresses["udp"]
        return self

    def stop(self):
        """As a service manager stops it."""
        begin = time.monotonic()
        code = self.process.end(signal.SIGTERM, STOP_SECONDS)
        output = "\n".join(self.process.output)
        assert code == 0, f"exit code {code} after SIGTERM:\n{output}"
        assert "panicked" not in output, output
        unexpected = [line for line in self.process.output if is_unexpected(line)]
        assert not unexpected, "\n".join(unexpected)
        return time.monotonic() - begin

    def kill(self):
        """As a power cut stops it."""
        self.process.end(signal.SIGKILL, STOP_SECONDS)

    @property
    def is_running(self):
        return self.process is not None and self.process.child.poll() is None

    @property
    def url(self):
        return f"http://{self.http}"

    def environment(self):
        """For a traced application, or a client of AWS."""
        # Both doors are one address where the port was chosen; here the system chose two.
        daemon = self.udp if self.udp == self.http else f"tcp:{self.http} udp:{self.udp}"
        return {
            "AWS_XRAY_DAEMON_ADDRESS": daemon,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            # As the Java SDK has it: nobody listens on port 1.
            "IMDS_ENDPOINT": "127.0.0.1:1",
        }

    def xray(self):
        """An unmodified boto3 client."""
        return boto3.client(
            "xray",
            endpoint_url=self.url,
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=15),
        )

    def send(self, *datagrams):
        host, port = self.udp.rsplit(":", 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
            for datagram in datagrams:
                door.sendto(datagram, (host, int(port)))

    def send_documents(self, *documents):
        self.send(*(HEADER + json.dumps(document).encode() for document in documents))

    def post(self, path, body, headers=None):
        """Status and body of a plain HTTP request."""
        request = urllib.request.Request(self.url + path, data=body, headers=headers or {}, method="POST")
        return fetch(request)

    def get(self, path):
        return fetch(urllib.request.Request(self.url + path))

    def window(self):
        """From before the server's start to after now: everything it has seen. A bucket of a time series is stamped with its end,
        which is up to a minute ahead and must lie before the end of the window."""
        return {"StartTime": self.started_at - 60, "EndTime": time.time() + 120}


def fetch(request):
    try:
        with urllib.request.urlopen(request, timeout=15) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
