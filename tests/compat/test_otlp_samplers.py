"""OpenTelemetry's remote samplers of X-Ray, unmodified, against the server and against the agent before it."""

import json
import os
import shutil
import sys

import pytest
from fluoro import ROOT, Process
from test_agent import agent  # noqa: F401, a fixture
from test_otlp import node_client
from waiting import eventually

# Rates of the two paths, as samplers print them: of five, none or all.
NOTHING, EVERYTHING = 0, 5


def rule(name, path, rate):
    anything = ["ServiceName", "ServiceType", "Host", "HTTPMethod", "ResourceARN"]
    return {
        **dict.fromkeys(anything, "*"),
        "RuleName": name,
        "URLPath": path,
        "Priority": 1,
        "FixedRate": rate,
        "ReservoirSize": 0,
        "Version": 1,
    }


def last(sampler):
    """What was sampled of each path in the last half second."""
    found = [line for line in list(sampler.output) if line.startswith("{")]
    return json.loads(found[-1]) if found else {}


def are_all(samplers, drop):
    return all(last(sampler) == {"/keep": EVERYTHING, "/drop": drop} for sampler in samplers.values())


def run(commands, agent, server, xray):
    """Each sampler by both doors: it heeds the rules, a change of them, and what it reports is counted."""
    xray.create_sampling_rule(SamplingRule=rule("keep", "/keep", 1))
    xray.create_sampling_rule(SamplingRule=rule("drop", "/drop", 0))
    samplers = {
        (command[0], door): Process([*command, url], environment)
        for command, environment in commands
        for door, url in {"server": server.url, "agent": f"http://127.0.0.1:{agent.port}"}.items()
    }
    eventually("samplers heed the rules", lambda: are_all(samplers, NOTHING))

    # They ask for targets every ten seconds, and learn from the answer that a rule was changed.
    xray.update_sampling_rule(SamplingRuleUpdate={"RuleName": "drop", "FixedRate": 1})
    eventually("samplers heed a change", lambda: are_all(samplers, EVERYTHING))

    # AWS's sampler for Python writes SampleCount, where all others write SampledCount.
    def is_counted():
        summaries = xray.get_sampling_statistic_summaries()["SamplingStatisticSummaries"]
        keep = next((summary for summary in summaries if summary["RuleName"] == "keep"), None)
        return keep and keep["RequestCount"] > 0 and keep["SampledCount"] == keep["RequestCount"]

    eventually("what they sampled is counted", is_counted)
    for sampler in samplers.values():
        sampler.child.terminate()
        sampler.child.wait(10)


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node")
def test_samplers_of_python_and_node_by_server_and_agent(agent, server, xray):
    packages = {"PYTHONPATH": os.pathsep.join([str(ROOT / ".venv/samplers"), os.environ.get("PYTHONPATH", "")])}
    commands = [
        ([sys.executable, ROOT / "tests/compat/otlp_sampler.py"], packages),
        (["node", node_client() / "sampler.mjs"], {}),
    ]
    run(commands, agent, server, xray)


@pytest.mark.clients
def test_the_sampler_of_java_by_server_and_agent(agent, server, xray):
    folder = ROOT / "tests/compat/otlp-java"
    run([(["java", "-cp", folder / "target/lib/*", folder / "Sampler.java"], {})], agent, server, xray)
