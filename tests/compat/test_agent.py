"""The agent `xray` between unmodified SDKs and the server."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from fluoro import HEADER, STOP_SECONDS, Process, Server, binary
from segments import documents, is_stored, segment, summaries
from waiting import eventually

CAPTURED = Path(__file__).parent / "data" / "captured"


def xray_binary():
    """$XRAY_BIN, else what lies beside the server's binary."""
    path = os.environ.get("XRAY_BIN") or Path(binary()).with_name("xray")
    assert Path(path).exists(), f"{path} does not exist: run `make build`, or set XRAY_BIN"
    return path


class Agent:
    """`xray` with the configuration that people have, on a port that was free."""

    def __init__(self, folder, server, environment=None, yaml=""):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        config = folder / "agent.yaml"
        config.write_text(
            f'TotalBufferSizeMB: 24\nEndpoint: "{server.url}"\nRegion: eu-west-1\nLocalMode: true\n{yaml}\nVersion: 2\n'
        )
        address = f"127.0.0.1:{self.port}"
        command = [xray_binary(), "-c", config, "-b", address, "-t", address]
        clean = {"HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true"}
        self.process = Process(command, {**clean, **(environment or {})})
        eventually("the agent's health", self.is_healthy)

    def is_healthy(self):
        return self.get("/healthz") is not None

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as response:
                return response.read().decode()
        except urllib.error.URLError:
            return None

    def send(self, *datagrams):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
            for datagram in datagrams:
                door.sendto(datagram, ("127.0.0.1", self.port))

    def stop(self):
        assert self.process.end(signal.SIGTERM, STOP_SECONDS) == 0
        output = "\n".join(self.process.output)
        assert "panicked" not in output and "[Error]" not in output, output

    def run_python(self, script):
        environment = {**os.environ, "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{self.port}"}
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def agent(tmp_path, server):
    agent = Agent(tmp_path, server)
    yield agent
    agent.stop()


def test_what_the_python_sdk_sends_to_the_agent_is_read_by_boto3(agent, server, xray):
    script = """
from aws_xray_sdk.core import xray_recorder
xray_recorder.configure(service="behind-the-agent", sampling=False)
with xray_recorder.in_segment("behind-the-agent") as segment:
    with xray_recorder.in_subsegment("work"):
        xray_recorder.put_annotation("tenant", "acme")
print(segment.trace_id)
"""
    trace_id = agent.run_python(script).strip()
    eventually("a segment through the agent", lambda: is_stored(xray, trace_id))
    [document] = documents(xray, trace_id)[trace_id]
    assert document["subsegments"][0]["annotations"] == {"tenant": "acme"}
    filtered = lambda: summaries(xray, server.window(), 'annotation[tenant] = "acme"')
    eventually("it is found by its annotation", lambda: [found["Id"] for found in filtered()] == [trace_id])


def test_the_python_sdk_samples_by_the_rules_that_the_agent_brings(agent):
    agent.run_python("""
import time
from aws_xray_sdk.core.daemon_config import DaemonConfig
from aws_xray_sdk.core.sampling.connector import ServiceConnector
config = DaemonConfig()
connector = ServiceConnector()
connector.setup_xray_client(ip=config.tcp_ip, port=config.tcp_port, client=None)
[rule] = connector.fetch_sampling_rules()
for _ in range(2):
    rule.increment_request_count()
    targets, modified = connector.fetch_sampling_target([rule])
assert targets['Default']['quota'] >= 1, targets
""")


def test_packets_of_real_sdks_pass_the_agent_unchanged(agent, xray):
    """Python's have a space after each colon, Node's have none: both come back as they were sent."""
    packets = [path.read_bytes() for path in sorted(CAPTURED.glob("*/*/*.udp"))]
    assert len(packets) > 20
    agent.send(*packets)
    sent = {}
    for packet in packets:
        document = json.loads(packet.split(b"\n", 1)[1])
        # One that is a subsegment needs its segment to be seen.
        if document.get("type") != "subsegment":
            sent[document["id"]] = document
    traces = sorted({document["trace_id"] for document in sent.values()})

    def found():
        read = documents(xray, *traces)
        return {document["id"]: document for trace in read.values() for document in trace}

    eventually("all captured segments through the agent", lambda: sent.keys() <= found().keys())
    assert {id: found()[id]["name"] for id in sent} == {id: document["name"] for id, document in sent.items()}


def test_one_bad_document_is_named_and_its_neighbours_arrive(tmp_path, server, xray):
    agent = Agent(tmp_path, server)
    good, bad = segment("neighbour"), segment("no-end")
    del bad["end_time"]
    agent.send(*(HEADER + json.dumps(document).encode() for document in (good, bad)), HEADER + b"\xff\xfe")
    eventually("the neighbour", lambda: is_stored(xray, good["trace_id"]))
    unprocessed = f"Unprocessed segment: id={bad['id']} trace_id={bad['trace_id']} code=MissingEndTime"
    eventually("the log names it", lambda: any(unprocessed in line for line in agent.process.output))
    assert agent.process.end(signal.SIGTERM, STOP_SECONDS) == 0


def test_a_server_that_asks_for_signatures_takes_what_the_agent_signs(tmp_path):
    data_dir = tmp_path / "data"
    command = [binary(), "keys", "--data-dir", data_dir, "--json", "create", "--name", "nodes", "--policy", "full"]
    key = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout)
    server = Server(data_dir, "--auth", "on").start()
    environment = {"AWS_ACCESS_KEY_ID": key["id"], "AWS_SECRET_ACCESS_KEY": key["secret_access_key"]}
    agent = Agent(tmp_path, server, environment, yaml="Compression: zstd")
    agent.send(*(HEADER + json.dumps(segment("signed")).encode() for _ in range(3)))
    eventually("the agent says that it was sent", lambda: 'outcome="sent"} 3' in agent.get("/metrics"))
    agent.run_python("""
from aws_xray_sdk.core.daemon_config import DaemonConfig
from aws_xray_sdk.core.sampling.connector import ServiceConnector
config = DaemonConfig()
connector = ServiceConnector()
connector.setup_xray_client(ip=config.tcp_ip, port=config.tcp_port, client=None)
assert connector.fetch_sampling_rules()
""")
    assert agent.process.end(signal.SIGTERM, STOP_SECONDS) == 0
    server.stop()


def test_documents_beyond_a_datagram_come_by_tcp_and_by_the_unix_socket(tmp_path, server, xray):
    path = tmp_path / "xray.sock"
    agent = Agent(tmp_path, server, yaml=f'Socket: {{UnixAddress: "{path}"}}')
    large = [segment(name, metadata={"d": {"blob": "x" * 300_000}}) for name in ("by-tcp", "by-unix-socket")]
    body = json.dumps({"TraceSegmentDocuments": [json.dumps(large[0])]}).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{agent.port}/TraceSegments", data=body, timeout=5) as response:
        assert json.load(response)["UnprocessedTraceSegments"] == []
    with socket.socket(socket.AF_UNIX) as door:
        door.connect(str(path))
        door.sendall(json.dumps(large[1]).encode() + b"\n")
    for sent in large:
        eventually(f"{sent['name']} in the server", lambda: is_stored(xray, sent["trace_id"]))
        [document] = documents(xray, sent["trace_id"])[sent["trace_id"]]
        assert document["metadata"] == sent["metadata"]
    agent.stop()
