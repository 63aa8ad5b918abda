"""A backend that reads OpenTelemetry's own messages; what it was sent is compared with what a server gives back."""

import base64
import gzip
import json
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from fluoro import fetch
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, TracesData


class Receiver:
    """A backend that decodes requests with OpenTelemetry's own messages, and answers as it is told."""

    def __init__(self):
        self.requests = []
        self.answers = []
        # A server that gets each request as it came, and whose answers are given.
        self.passes_to = None
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.read_body()
                status, headers, answer = 200, {}, b""
                if self.path == "/v1/traces":
                    receiver.requests.append((self.path, self.headers, decoded(self.headers, body)))
                    if receiver.answers:
                        status, headers, answer = receiver.answers.pop(0)
                if receiver.passes_to:
                    status, answer = receiver.pass_on(self.path, self.headers, body)
                self.send_response(status)
                for name, value in {"Content-Type": "application/x-protobuf", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def read_body(self):
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers["Content-Length"]))
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def log_message(self, *arguments):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.http.server_port}"
        self.url = f"http://{self.address}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def pass_on(self, path, headers, body):
        same = {name: headers[name] for name in ("Content-Type", "Content-Encoding") if name in headers}
        return fetch(urllib.request.Request(f"http://{self.passes_to}{path}", data=body, headers=same, method="POST"))

    def spans(self):
        """Each with the attributes of its resource, in the order of their coming."""
        return [
            (attributes(alone.resource), alone.scope_spans[0].spans[0])
            for _, _, request in list(self.requests)
            for alone in each_alone(request)
        ]

    def of_trace(self, trace_id):
        """Its spans as they came, each in a message of its own, ordered by their ids."""
        found = [alone for _, _, request in list(self.requests) for alone in each_alone(request)]
        return in_order(alone for alone in found if xray_id(alone) == trace_id)


def decoded(headers, body):
    if headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    return ExportTraceServiceRequest.FromString(body)


def attributes(message):
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in message.attributes}


def each_alone(message):
    for resource in message.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                # A status without code and message says what none says; only some SDKs write it.
                if not span.status.ByteSize():
                    span.ClearField("status")
                alone = ResourceSpans(resource=resource.resource, schema_url=resource.schema_url)
                alone.scope_spans.add(scope=scope.scope, schema_url=scope.schema_url, spans=[span])
                yield alone


def xray_id(alone):
    digits = alone.scope_spans[0].spans[0].trace_id.hex()
    return f"1-{digits[:8]}-{digits[8:]}"


def in_order(messages):
    return sorted(messages, key=lambda alone: alone.scope_spans[0].spans[0].span_id)


def given_back(server, trace_id):
    """What the server has of a trace, as `Receiver.of_trace` gives what was sent."""
    status, body = server.get(f"/api/traces/{trace_id}/otlp")
    assert status == 200, body
    return parsed(json.loads(body), trace_id)


def parsed(data, trace_id):
    """The spans of a trace in OTLP/JSON, each in a message of its own, ordered by their ids."""
    # OTLP writes ids in hexadecimal, where protobuf's JSON has base64.
    data = json.loads(json.dumps(data), object_hook=with_base64_ids)
    return in_order(alone for alone in each_alone(json_format.ParseDict(data, TracesData())) if xray_id(alone) == trace_id)


def with_base64_ids(members):
    for name in ("traceId", "spanId", "parentSpanId"):
        if name in members:
            members[name] = base64.b64encode(bytes.fromhex(members[name])).decode()
    return members


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.http.shutdown()
    receiver.http.server_close()
