"""A disk that is really full: what is sent is refused and counted, questions are answered, and it recovers by itself."""

import json
import os
import re
import signal
import subprocess
import time

import pytest
from botocore.exceptions import ClientError
from fluoro import Process, Server, binary
from segments import is_stored, segment, summaries
from waiting import eventually

# The server keeps 32 MiB in reserve. What is left of the disk beside the ballast is full after some requests.
DISK_MIB = 80
BALLAST_MIB = 40
LARGE = "x" * 200_000
UNSHARE = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]


@pytest.fixture
def small_disk(tmp_path):
    """A server whose data directory is a small file system that its process alone sees; and the way to it."""
    data = tmp_path / "data"
    data.mkdir()
    mount = f"mount -t tmpfs -o size={DISK_MIB}m none {data}"
    if subprocess.run([*UNSHARE, mount], capture_output=True).returncode != 0:
        pytest.skip("no file system can be mounted here")
    server = Server(data)
    server.started_at = time.time()
    serve = f"{mount} && exec {binary()} serve --bind 127.0.0.1:0 --data-dir {data}"
    server.process = Process([*UNSHARE, serve], {"NO_COLOR": "1"})
    addresses = server.process.addresses()
    server.http, server.udp = addresses["http"], addresses["udp"]
    yield server, f"/proc/{server.process.child.pid}/root{data}"
    if server.is_running:
        server.process.end(signal.SIGKILL, 10)


def put(server, *sent):
    server.xray().put_trace_segments(TraceSegmentDocuments=[json.dumps(one) for one in sent])


def fill(server):
    """Sends until it is refused; gives the traces that were taken, and the refusal."""
    taken = []
    for _ in range(2_000):
        large = segment("large", metadata={"default": {"text": LARGE}})
        try:
            put(server, large)
        except ClientError as refusal:
            return taken, refusal.response
        taken.append(large["trace_id"])
    raise AssertionError("the disk is never full")


def udp_drops(server):
    _, text = server.get("/metrics")
    found = re.findall(r'^fluoro_ingest_refused_documents_total\{(.*)\} (\d+)$', text.decode(), re.MULTILINE)
    return sum(int(count) for labels, count in found if 'door="udp"' in labels and "disk_full" in labels)


def test_a_full_disk_refuses_what_comes_answers_what_is_asked_and_recovers(small_disk):
    server, data = small_disk
    before = segment("before")
    put(server, before)
    ballast = f"{data}/ballast"
    with open(ballast, "wb") as file:
        file.write(b"\0" * (BALLAST_MIB << 20))
    taken, refusal = fill(server)
    metadata = refusal["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == 503 and int(metadata["HTTPHeaders"]["retry-after"]) > 0, refusal
    assert taken, "there was room for some"

    server.send_documents(segment("dropped"))
    eventually("a counted drop of UDP", lambda: udp_drops(server) == 1)
    assert is_stored(server.xray(), before["trace_id"], *taken)
    assert summaries(server.xray(), server.window(), 'service("before")')

    os.remove(ballast)

    def is_taken():
        after = segment("after")
        try:
            put(server, after)
        except ClientError:
            return None
        return after["trace_id"]

    after = eventually("room again", is_taken)
    assert is_stored(server.xray(), before["trace_id"], after, *taken)
    report = subprocess.run([binary(), "store", "check", "--json", data], capture_output=True, text=True)
    assert json.loads(report.stdout)["damage"] == []
    server.process.end(signal.SIGTERM, 10)
    output = "\n".join(server.process.output)
    assert "the disk is full" in output and "the disk has room again" in output and "panicked" not in output, output
