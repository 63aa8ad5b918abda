"""One trace of X-Ray's SDK and of AWS's distribution of OpenTelemetry, whichever begins, by the header that both pass on."""

import subprocess
import sys
import time
import urllib.request

import pytest
import story
from fluoro import ROOT, Process, fetch
from receiver import given_back, receiver  # noqa: F401, a fixture
from segments import by_name, documents, summaries
from waiting import eventually

pytestmark = pytest.mark.clients


def adot(language):
    """The command of a service that AWS's distribution traces, and its variables."""
    if language == "node":
        register = "@aws/aws-distro-opentelemetry-node-autoinstrumentation/build/src/register.js"
        folder = ROOT / "tests/compat/adot-js"
        return ["node", "--require", folder / "node_modules" / register, folder / "app.js"], {"OTEL_NODE_RESOURCE_DETECTORS": "env"}
    packages = str(ROOT / ".venv/adot")
    program = [sys.executable, ROOT / "tests/compat/adot_app.py"]
    variables = {
        "PYTHONPATH": packages,
        "OTEL_PYTHON_DISTRO": "aws_distro",
        "OTEL_PYTHON_CONFIGURATOR": "aws_configurator",
        "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "otel",
    }
    return [sys.executable, f"{packages}/bin/opentelemetry-instrument", *program], variables


def begin(services, server, receiver, language, name, **more):
    """Starts one of the two and gives its address."""
    environment = {**server.environment(), "PORT": "0", **more}
    command = story.command("python", name.lower())
    if name == "adot":
        command, variables = adot(language)
        environment |= {
            "OTEL_SERVICE_NAME": name,
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            **variables,
        }
    services.append(Process(command, environment))
    return services[-1].addresses()["http"]


def is_begun(segments):
    return any("parent_id" not in one for one in segments)


@pytest.fixture(scope="module")
def installed():
    subprocess.run([ROOT / "scripts/adot-env"], check=True)


@pytest.mark.parametrize("language", ["python", "node"])
@pytest.mark.parametrize("names", [("SpringBoot", "adot"), ("adot", "SpringBoot2")], ids=["xray-first", "adot-first"])
def test_one_trace_of_xrays_sdk_and_of_adot(installed, server, xray, receiver, language, names):
    receiver.passes_to = server.http
    services = []
    second = begin(services, server, receiver, language, names[1])
    port = second.rsplit(":", 1)[1]
    first = begin(services, server, receiver, language, names[0], SPRINGBOOT2_URL=f"http://localhost:{port}")
    status, body = fetch(urllib.request.Request(f"http://{first}/"))
    assert status == 200, body

    def of_both():
        ids = [one["Id"] for one in summaries(xray, server.window(), f'service("{names[0]}")')]
        found = documents(xray, *ids)
        # The request's own span comes last; until then what it called is a segment of its service.
        sent = ((id, [one for one in all if not one.get("inferred")]) for id, all in found.items())
        return next(((id, all) for id, all in sent if len(all) == 4 and is_begun(all)), None)

    trace_id, segments = eventually(f"one trace, {names[0]} first, of {language}", of_both)
    assert sorted(one["name"] for one in segments) == sorted([names[0]] + [names[1]] * 3)
    # X-Ray's ids begin with the time, and AWS's distribution makes such.
    assert abs(int(trace_id[2:10], 16) - time.time()) < 600
    nodes, edges = by_name(xray.get_trace_graph(TraceIds=[trace_id])["Services"])
    client, caller, callee = (names[0], "client"), (names[0], None), (names[1], None)
    assert set(nodes) == {client, caller, callee} and set(edges) == {(client, caller), (caller, callee)}
    assert edges[caller, callee]["SummaryStatistics"]["OkCount"] == 3
    # What AWS's distribution sent comes back as it was; the rest is what X-Ray's SDK sent.
    back = given_back(server, trace_id)
    of_adot = [one for one in back if one.scope_spans[0].scope.name != "fluoro.xray"]
    assert of_adot and of_adot == receiver.of_trace(trace_id)
    assert len(back) > len(of_adot)
    for process in services:
        process.child.terminate()
        process.child.wait(10)
