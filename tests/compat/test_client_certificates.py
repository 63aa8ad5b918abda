"""Certificates of clients: who shows one may send and read, who shows none is told so."""

import json
import ssl
import subprocess
import urllib.error
import urllib.request

import boto3
import grpc
import pytest
from botocore.config import Config
from fluoro import HEADER, ROOT, Server
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.trace.export import SpanExportResult
from segments import is_stored, segment, summaries
from test_agent import Agent
from test_otlp import provider, xray_id
from waiting import eventually

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=30)


class Authority:
    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        openssl(folder, "req", "-x509", *KEY, "-keyout", f"{name}.key", "-out", f"{name}.crt", "-subj", f"/CN={name}")
        self.file = folder / f"{name}.crt"

    def sign(self, name):
        """The certificate and the key of a name, which is reached at this machine's addresses."""
        folder, by = self.folder, ["-CA", f"{self.name}.crt", "-CAkey", f"{self.name}.key", "-CAcreateserial"]
        openssl(folder, "req", "-new", *KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.crt", *by, "-extfile", "names")
        return folder / f"{name}.crt", folder / f"{name}.key"


class Guarded(Server):
    """A server that clients must show a certificate."""

    def __init__(self, folder):
        self.authority = Authority(folder, "authority")
        certificate, key = self.authority.sign("server")
        self.shown = self.authority.sign("client")
        flags = {"tls-cert": certificate, "tls-key": key, "tls-client-ca": self.authority.file}
        flags |= {"otlp-grpc": "127.0.0.1:0", "otlp-http": "127.0.0.1:0"}
        super().__init__(folder / "guarded", *(part for name, value in flags.items() for part in (f"--{name}", value)))

    @property
    def url(self):
        return f"https://{self.http}"

    def ask(self, path, shown=None):
        context = ssl.create_default_context(cafile=str(self.authority.file))
        if shown:
            context.load_cert_chain(*map(str, shown))
        try:
            with urllib.request.urlopen(self.url + path, context=context, timeout=15) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def xray(self):
        certificate, key = map(str, self.shown)
        return boto3.client(
            "xray",
            endpoint_url=self.url,
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            verify=str(self.authority.file),
            config=Config(retries={"total_max_attempts": 1}, client_cert=(certificate, key)),
        )


@pytest.fixture
def guarded(tmp_path, monkeypatch):
    # With one of these, requests heeds no file that a program names.
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)
    server = Guarded(tmp_path).start()
    yield server
    if server.is_running:
        server.stop()


def exporters(server, shown):
    """Of Python's SDK by gRPC and by HTTP, with a certificate or without."""
    ports = server.process.addresses()
    authority = server.authority.file
    pem = [path.read_bytes() for path in shown] if shown else [None, None]
    credentials = grpc.ssl_channel_credentials(authority.read_bytes(), pem[1], pem[0])
    by_http = dict(zip(("client_certificate_file", "client_key_file"), map(str, shown or ())))
    yield "grpc", GrpcExporter(endpoint=f"https://{ports['otlp_grpc']}", credentials=credentials)
    yield "http", HttpExporter(
        endpoint=f"https://{ports['otlp_http']}/v1/traces", certificate_file=str(authority), **by_http
    )


def test_who_shows_a_certificate_may_send_and_read(guarded):
    xray = guarded.xray()
    for what, exporter in exporters(guarded, guarded.shown):
        span = provider(exporter, "shop").get_tracer("compat").start_span("GET /cart")
        span.end()
        eventually(f"a span by {what}", lambda: is_stored(xray, xray_id(span)))
    assert guarded.ask("/api/session", guarded.shown)[0] == 200


def test_who_shows_none_is_told_so_and_may_do_nothing(guarded, caplog):
    for _, exporter in exporters(guarded, None):
        sent = []
        export = exporter.export
        exporter.export = lambda spans, export=export, sent=sent: sent.append(export(spans))
        provider(exporter, "shop").get_tracer("compat").start_span("GET /cart").end()
        assert sent == [SpanExportResult.FAILURE]
    assert "UNAUTHENTICATED" in caplog.text and "403" in caplog.text
    status, why = guarded.ask("/api/session")
    assert status == 403 and "--tls-client-ca" in why
    assert guarded.ask("/healthz") == (200, "ok\n")
    # One of somebody else's does not even get so far.
    other = Authority(guarded.authority.folder, "other").sign("stranger")
    with pytest.raises((OSError, urllib.error.URLError)):
        guarded.ask("/healthz", other)


def test_the_agent_shows_a_certificate_to_every_kind_of_upstream(tmp_path, server, guarded):
    ports = guarded.process.addresses()
    upstreams = {"xray": ports["http"], "otlp": ports["otlp_http"], "otlp-grpc": ports["otlp_grpc"]}
    certificate, key = guarded.shown
    files = f"  CAFile: {guarded.authority.file}\n  CertificateFile: {certificate}\n  KeyFile: {key}\n"
    for protocol, address in upstreams.items():
        folder = tmp_path / protocol
        folder.mkdir()
        yaml = f"Endpoints:\n- Endpoint: https://{address}\n  Protocol: {protocol}\n{files}"
        agent = Agent(folder, server, yaml=yaml)
        sent = segment("shop")
        agent.send(HEADER + json.dumps(sent).encode())
        eventually(f"a segment by {protocol}", lambda: is_stored(guarded.xray(), sent["trace_id"]))
        agent.stop()


def test_a_certificate_that_is_renewed_is_shown_without_a_restart(tmp_path, server, guarded):
    certificate, key = tmp_path / "shown.crt", tmp_path / "shown.key"

    def show(pair):
        for path, content in zip((key, certificate), (pair[1], pair[0])):
            path.write_bytes(content.read_bytes())

    show(Authority(tmp_path, "other").sign("stranger"))
    files = f"  CAFile: {guarded.authority.file}\n  CertificateFile: {certificate}\n  KeyFile: {key}\n"
    agent = Agent(tmp_path, server, yaml=f"Endpoints:\n- Endpoint: {guarded.url}\n{files}")
    sent = segment("shop")
    agent.send(HEADER + json.dumps(sent).encode())
    failed = f'upstream_errors_total{{upstream="1",endpoint="{guarded.url}",reason="other"}} 0'
    eventually("it is refused", lambda: failed not in agent.get("/metrics"))
    show(guarded.shown)
    eventually("a segment with the new one", lambda: is_stored(guarded.xray(), sent["trace_id"]))
    agent.process.end(15, 5)


@pytest.mark.clients
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_telemetrygen_with_a_certificate(guarded, protocol):
    subprocess.run([ROOT / "scripts/go-clients"], check=True)
    certificate, key = guarded.shown
    files = ["--mtls", "--ca-cert", guarded.authority.file, "--client-cert", certificate, "--client-key", key]
    where = ["--otlp-endpoint", guarded.process.addresses()[f"otlp_{protocol}"]]
    flags = ["--otlp-http"] if protocol == "http" else []
    command = [ROOT / "tests/compat/otlp-go/bin/telemetrygen", "traces", *where, *files, *flags]
    made = subprocess.run([*command, "--traces", "5", "--rate", "0"], capture_output=True, text=True, timeout=60)
    assert made.returncode == 0, made.stderr
    eventually("5 traces", lambda: len(summaries(guarded.xray(), guarded.window())) == 5)
