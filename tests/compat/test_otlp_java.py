"""OpenTelemetry's agent for Java on the example with X-Ray's SDK, of which nothing is changed."""

import json
import subprocess

import pytest
import story
from fluoro import ROOT
from receiver import given_back, parsed
from segments import by_name, documents, summaries
from test_otlp import otlp  # noqa: F401, a fixture
from waiting import eventually

pytestmark = pytest.mark.clients

AGENT = ROOT / "tests/compat/otlp-java/target/opentelemetry-javaagent.jar"
CLIENT, FIRST, SECOND = ("SpringBoot", "client"), ("SpringBoot", None), ("SpringBoot2", None)


@pytest.fixture
def services(otlp):
    """The first sends by gRPC, the second by HTTP, and each prints what it sends."""
    subprocess.run([ROOT / "scripts/java-clients"], check=True)
    ports = otlp.process.addresses()
    ways = {"grpc": f"http://{ports['otlp_grpc']}", "http/protobuf": f"http://{ports['otlp_http']}"}
    first, second = (
        {"OTEL_SERVICE_NAME": name, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol, "OTEL_EXPORTER_OTLP_ENDPOINT": ways[protocol]}
        for name, protocol in (("SpringBoot", "grpc"), ("SpringBoot2", "http/protobuf"))
    )
    of_both = {
        "JAVA_TOOL_OPTIONS": f"-javaagent:{AGENT}",
        "OTEL_TRACES_EXPORTER": "otlp,logging-otlp",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        # What X-Ray's own SDK sends goes nowhere.
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:1",
    }
    with story.told("spring-boot", otlp, first=first, second=second, **of_both) as services:
        yield services


def sent(services, trace_id):
    """What both printed, as `given_back` has it."""
    lines = [line for process in (services.first, services.second) for line in list(process.output)]
    found = [json.loads(line[line.index('{"resource"') :]) for line in lines if '{"resource"' in line]
    return parsed({"resourceSpans": found}, trace_id)


def the_trace(otlp, status):
    """The request's own: the agent traces what X-Ray's SDK asks EC2 at its start as well."""
    found = summaries(otlp.xray(), otlp.window(), f'http.status = {status} AND service("SpringBoot")')
    return found[0]["Id"] if found else None


def sent_segments(xray, trace_id):
    return [one for one in documents(xray, trace_id)[trace_id] if not one.get("inferred")]


def is_whole(segments):
    # The request's own span comes last; until then what it called is a segment of its service.
    return len(segments) == 4 and any("parent_id" not in one for one in segments)


def test_the_agent_for_java(otlp, services):
    xray = otlp.xray()
    assert services.get("/")[0] == 200
    trace_id = eventually("a trace of the agent's", lambda: the_trace(otlp, 200))
    both = eventually("all four segments", lambda: is_whole(found := sent_segments(xray, trace_id)) and found)
    assert sorted(one["name"] for one in both) == ["SpringBoot"] + ["SpringBoot2"] * 3
    [first] = [one for one in both if one["name"] == "SpringBoot"]
    assert first["http"]["request"]["method"] == "GET" and first["http"]["response"]["status"] == 200
    assert first["aws"]["xray"]["auto_instrumentation"] is True
    assert {one["http"]["request"]["url"].rpartition("/")[2] for one in both if one is not first} == {
        f"hello?number={number}" for number in range(3)
    }
    nodes, edges = by_name(xray.get_trace_graph(TraceIds=[trace_id])["Services"])
    assert set(nodes) == {CLIENT, FIRST, SECOND} and set(edges) == {(CLIENT, FIRST), (FIRST, SECOND)}
    assert edges[FIRST, SECOND]["SummaryStatistics"]["OkCount"] == 3
    back = given_back(otlp, trace_id)
    # A server's span for each of the four, and three calls, with what Spring does between them.
    assert len(back) >= 7 and back == sent(services, trace_id)

    services.stop_second()
    assert services.get("/")[0] == 500
    failed = eventually("a trace that failed", lambda: the_trace(otlp, 500))
    [first] = sent_segments(xray, failed)
    assert first["fault"] and first["http"]["response"]["status"] == 500
    [exception, *causes] = first["cause"]["exceptions"]
    assert exception["type"].endswith("ResourceAccessException")
    assert [one["type"] for one in causes][-1] == "java.net.ConnectException"
    frames = [(frame["label"], frame["path"]) for frame in exception["stack"]]
    assert ("story.SpringBoot.greet", "SpringBoot.java") in frames
    assert given_back(otlp, failed) == sent(services, failed)
