"""The other clients of X-Ray: the AWS CLI, the SDKs' sampling pollers, packets of real SDKs."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import story
from fluoro import ROOT
from segments import documents, entities, is_stored, segment, summaries
from waiting import eventually

CAPTURED = Path(__file__).parent / "data" / "captured"


def aws(server, *arguments):
    """Runs the AWS CLI as people do, and gives what it printed."""
    command = [Path(sys.executable).with_name("aws"), "xray", *arguments, "--endpoint-url", server.url]
    environment = {**os.environ, **server.environment(), "AWS_PAGER": "", "AWS_DEFAULT_OUTPUT": "json"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_aws_cli_reads_what_was_sent(server, xray):
    document = segment("cli", annotations={"tenant": "acme"})
    trace_id = document["trace_id"]
    server.send_documents(document)
    eventually("a datagram in BatchGetTraces", lambda: is_stored(xray, trace_id))
    eventually("a datagram in GetTraceSummaries", lambda: summaries(xray, server.window()))

    window = server.window()
    times = ["--start-time", str(window["StartTime"]), "--end-time", str(window["EndTime"])]
    services = aws(server, "get-service-graph", *times)["Services"]
    assert {(service["Name"], service.get("Type")) for service in services} == {("cli", None), ("cli", "client")}
    found = aws(server, "get-trace-summaries", *times, "--filter-expression", 'service("cli")')
    assert [summary["Id"] for summary in found["TraceSummaries"]] == [trace_id]
    [trace] = aws(server, "batch-get-traces", "--trace-ids", trace_id)["Traces"]
    [stored] = trace["Segments"]
    assert json.loads(stored["Document"])["annotations"] == {"tenant": "acme"}


def test_the_aws_cli_sends_segments(server, xray):
    good = segment("sent-by-cli")
    bad = segment("no-end")
    del bad["end_time"]
    answer = aws(
        server, "put-trace-segments", "--trace-segment-documents", json.dumps(good), json.dumps(bad)
    )
    [reject] = answer["UnprocessedTraceSegments"]
    assert (reject["Id"], reject["ErrorCode"]) == (bad["id"], "MissingEndTime")
    eventually("an acknowledged segment in BatchGetTraces", lambda: is_stored(xray, good["trace_id"]))


def test_every_operation_for_groups_and_rules_that_a_console_asks_first(xray):
    [group] = xray.get_groups()["Groups"]
    assert group["GroupName"] == "Default"
    rules = [record["SamplingRule"] for record in xray.get_sampling_rules()["SamplingRuleRecords"]]
    assert [rule["RuleName"] for rule in rules] == ["Default"]
    [default] = rules
    assert (default["Priority"], default["Version"], default["ResourceARN"]) == (10000, 1, "*")


@pytest.mark.parametrize("language", story.LANGUAGES)
def test_an_sdk_samples_by_the_rules_of_the_server(language, server, xray):
    """With central sampling, a segment names the rule that chose it: the server's, once the SDK has it."""

    def rules_that_sampled():
        services.get("/")
        ids = [summary["Id"] for summary in summaries(xray, server.window())]
        roots = [entity for trace in documents(xray, *ids).values() for entity in trace]
        names = [root["aws"]["xray"] for root in roots if "aws" in root]
        # Python calls it sampling_rule_name, Node rule_name.
        return "Default" in [name.get("sampling_rule_name", name.get("rule_name")) for name in names]

    with story.told(language, server, SAMPLING="central") as services:
        eventually(f"{language}: a segment sampled by the server's rule", rules_that_sampled)


def test_the_python_sdk_reports_statistics_and_takes_targets(server):
    script = """
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
target = targets['Default']
assert 0 <= target['rate'] <= 1, target
# The first report of a client gets no quota; the second does.
assert target['quota'] >= 1, target
assert target['TTL'] > time.time(), target
assert target['interval'] == 10, target
assert modified <= time.time()
"""
    run([sys.executable, "-c", script], server)


def test_the_node_sdk_reports_statistics_and_takes_targets(server):
    story.command("node", "springboot")
    script = """
const assert = require('node:assert');
const core = 'aws-xray-sdk-core/dist/lib/middleware/sampling/';
const connector = require(core + 'service_connector');
connector.fetchSamplingRules((error, rules) => {
  assert.ifError(error);
  assert.deepStrictEqual(rules.map((rule) => rule.getName()), ['Default']);
  rules[0].incrementRequestCount();
  connector.fetchTargets(rules, (error, targets) => {
    assert.ifError(error);
    assert(targets.Default.rate >= 0 && targets.Default.rate <= 1, JSON.stringify(targets));
  });
});
"""
    run(["node", "-e", script], server, cwd=ROOT / "examples" / "node-express")


def run(command, server, cwd=None):
    environment = {**os.environ, **server.environment()}
    done = subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def captured():
    return sorted(CAPTURED.glob("*/*/*.udp"))


def test_the_packets_of_real_sdks_are_taken_whole(server, xray):
    packets = [path.read_bytes() for path in captured()]
    assert len(packets) > 20
    sent = [json.loads(packet.split(b"\n", 1)[1]) for packet in packets]
    # Subsegments whose segment is not among the packets cannot be seen, in X-Ray as here.
    segments = {}
    for document in sent:
        if "type" not in document:
            segments.setdefault(document["trace_id"], set()).add(document["id"])
    server.send(*packets)

    def complete():
        found = documents(xray, *segments)
        ids = {trace_id: {document["id"] for document in trace} for trace_id, trace in found.items()}
        return found if all(ids.get(key, set()) >= segments[key] for key in segments) else None

    found = eventually("packets of real SDKs in BatchGetTraces", complete)
    streamed = next(document for document in sent if document["name"] == "stream-svc" and "type" not in document)
    folded = next(
        document for document in found[streamed["trace_id"]] if document["id"] == streamed["id"]
    )
    names = {entity["name"] for entity in entities(folded)}
    assert {f"work-{number}" for number in range(12)} <= names, "independent subsegments join their segment"


def test_no_document_of_a_real_sdk_is_rejected(xray):
    bodies = [path.read_bytes().split(b"\n", 1)[1].decode() for path in captured()]
    answer = xray.put_trace_segments(TraceSegmentDocuments=bodies)
    assert answer["UnprocessedTraceSegments"] == []


def test_the_pollers_requests_of_real_sdks_are_answered(server):
    for path in sorted(CAPTURED.glob("*/sampling-http-requests.json")):
        for request in json.loads(path.read_text()):
            status, body = server.post(
                request["path"], request["body"].encode(), {"Content-Type": "application/json"}
            )
            assert status == 200, (request["path"], body)
            assert json.loads(body)


def test_telemetry_of_a_daemon_is_taken(xray):
    now = time.time()
    counters = {"SegmentsReceivedCount": 3, "SegmentsSentCount": 3}
    xray.put_telemetry_records(TelemetryRecords=[{"Timestamp": now, **counters}], Hostname="node-1")
