"""OpenTelemetry's SDK for Python, unmodified, by gRPC and by HTTP; and one trace of it and of X-Ray's SDK."""

import json
import shutil
import subprocess
import time
from pathlib import Path

import grpc
import pytest
from fluoro import Server
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from segments import segment
from waiting import eventually


@pytest.fixture
def otlp(tmp_path):
    """A server with both ports of OTLP, each on a free one."""
    server = Server(tmp_path / "data", "--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0").start()
    yield server
    if server.is_running:
        server.stop()


def exporters(server):
    ports = server.process.addresses()
    for port in (ports["otlp_grpc"], ports["otlp_http"], server.http):
        for compression in (grpc.Compression.NoCompression, grpc.Compression.Gzip):
            exporter = GrpcExporter(endpoint=f"http://{port}", insecure=True, compression=compression)
            yield f"grpc, {compression} at {port}", exporter
        for compression in (Compression.NoCompression, Compression.Gzip):
            exporter = HttpExporter(endpoint=f"http://{port}/v1/traces", compression=compression)
            yield f"{compression} at {port}", exporter


def provider(exporter, name):
    provider = TracerProvider(resource=Resource.create({"service.name": name, "service.version": "7"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


def xray_id(span):
    digits = f"{span.get_span_context().trace_id:032x}"
    return f"1-{digits[:8]}-{digits[8:]}"


def found(xray, trace_id):
    traces = xray.batch_get_traces(TraceIds=[trace_id])["Traces"]
    segments = traces[0]["Segments"] if traces else []
    return [json.loads(segment["Document"]) for segment in segments]


def test_every_port_takes_every_protocol(otlp):
    xray = otlp.xray()
    for what, exporter in exporters(otlp):
        tracer = provider(exporter, "shop").get_tracer("compat", "1.0")
        with tracer.start_as_current_span("GET /cart", kind=SpanKind.SERVER) as server:
            server.set_attribute("http.request.method", "GET")
            server.add_event("looked up", {"items": 3})
            with tracer.start_as_current_span("SELECT cart", kind=SpanKind.CLIENT) as call:
                call.set_attribute("db.system.name", "postgresql")
                call.set_attribute("server.address", "db")
                call.record_exception(ValueError("no such cart"))
                call.set_status(Status(StatusCode.ERROR, "no such cart"))
        trace_id = xray_id(server)
        [shop] = [
            one
            for one in eventually(f"a span by {what}", lambda: len(found(xray, trace_id)) == 2 and found(xray, trace_id))
            if one["name"] == "shop"
        ]
        assert shop["service"] == {"version": "7"}, what
        [query] = shop["subsegments"]
        assert query["name"] == "postgresql@db" and query["fault"], what
        [exception] = query["cause"]["exceptions"]
        assert exception["type"] == "ValueError" and exception["message"] == "no such cart"
        status, body = otlp.get(f"/api/traces/{trace_id}/otlp")
        assert status == 200, body
        back = json.loads(body)
        spans = [one["scopeSpans"][0]["spans"][0] for one in back["resourceSpans"]]
        assert [span["name"] for span in spans] == ["SELECT cart", "GET /cart"]
        assert spans[1]["events"][0]["name"] == "looked up"
        assert int(spans[1]["startTimeUnixNano"]) == server.start_time


def node_client():
    """The folder of the client, installed; quick where it is already."""
    folder = Path(__file__).parent / "otlp-js"
    installed = folder / "node_modules/.package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (folder / "package-lock.json").stat().st_mtime:
        subprocess.run(["npm", "ci", "--silent", "--no-fund", "--no-audit"], cwd=folder, check=True, timeout=300)
    return folder


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node")
def test_the_sdk_for_node(otlp):
    xray = otlp.xray()
    command = ["node", "send.mjs", otlp.process.addresses()["otlp_grpc"]]
    sent = subprocess.run(command, cwd=node_client(), check=True, capture_output=True, text=True, timeout=60)
    for line in sent.stdout.splitlines():
        name, digits = line.split()
        trace_id = f"1-{digits[:8]}-{digits[8:]}"
        [server] = eventually(f"a span of Node by {name}", lambda: found(xray, trace_id))
        assert server["name"] == f"node-{name}" and server["fault"]
        [exception] = server["cause"]["exceptions"]
        assert exception["type"] == "TypeError"
        # Node calls itself nodejs, which the collector's exporter takes for no language that it knows.
        assert exception["stack"][0]["path"].endswith("send.mjs") and exception["stack"][0]["line"] > 0
    assert len(sent.stdout.splitlines()) == 4


def test_a_trace_of_both_sdks_is_one(otlp):
    xray = otlp.xray()
    web = segment("web")
    web["subsegments"] = [
        {**{key: web[key] for key in ("start_time", "end_time")}, "id": "00000000000000a1", "name": "shop", "namespace": "remote"}
    ]
    otlp.send_documents(web)
    context = SpanContext(
        int(web["trace_id"].replace("-", "")[1:], 16), 0xA1, is_remote=True, trace_flags=TraceFlags(1)
    )
    exporter = GrpcExporter(endpoint=f"http://{otlp.process.addresses()['otlp_grpc']}", insecure=True)
    tracer = provider(exporter, "shop").get_tracer("compat")
    parent = trace.set_span_in_context(NonRecordingSpan(context))
    # Internal, and a segment all the same: its parent is another service's.
    tracer.start_span("work", context=parent).end()
    names = eventually(
        "a trace of both", lambda: len(found(xray, web["trace_id"])) == 2 and found(xray, web["trace_id"])
    )
    assert {one["name"] for one in names} == {"web", "shop"}
    begin = time.time()
    edges = [
        (service["Name"], len(service["Edges"]))
        for service in xray.get_service_graph(StartTime=begin - 600, EndTime=begin + 60)["Services"]
        if service.get("Type") != "client"
    ]
    assert sorted(edges) == [("shop", 0), ("web", 1)]
