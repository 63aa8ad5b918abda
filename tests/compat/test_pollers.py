"""The SDKs' own sampling pollers, all at once: one rule, its reservoir shared among them, their statistics."""

import signal
import threading
import time
import urllib.request
from collections import Counter

import pytest
import story
from fluoro import Process, fetch
from segments import documents, summaries

# The SDKs as they call themselves.
SDKS = {
    "python": "X-Ray for Python",
    "node": "X-Ray for Node.js",
    "go": "X-Ray for Go",
    "spring-boot": "X-Ray for Java",
    "rust": "Fluoro for Rust",
}
SHARE = 3
RESERVOIR = SHARE * len(SDKS)
# More than its share, so that the reservoir decides.
REQUESTS_A_SECOND = 10
# Each SDK asks for targets every ten seconds, and learns its quota from the second answer on.
SECONDS = 40
# The last of them, in which every quota is known.
JUDGED_SECONDS = 8


def ask(url, until):
    """Sends requests at an even pace."""
    begin = time.monotonic()
    sent = 0
    while time.monotonic() < until:
        fetch(urllib.request.Request(url + "/healthcheck"))
        sent += 1
        time.sleep(max(0, begin + sent / REQUESTS_A_SECOND - time.monotonic()))


def ask_all(urls):
    until = time.monotonic() + SECONDS
    clients = [threading.Thread(target=ask, args=(url, until)) for url in urls]
    for client in clients:
        client.start()
    for client in clients:
        client.join()


def sampled_by(xray, window):
    """How many segments each rule made: {(SDK, rule, second): count}."""
    counts = Counter()
    found = documents(xray, *(summary["Id"] for summary in summaries(xray, window)))
    for [segment] in found.values():
        made_by = segment["aws"]["xray"]
        # Python and Go call it sampling_rule_name, Java and Node rule_name.
        rule = made_by.get("sampling_rule_name", made_by.get("rule_name"))
        counts[made_by["sdk"], rule, int(segment["start_time"])] += 1
    return counts


@pytest.mark.clients
def test_the_pollers_of_five_sdks_share_one_reservoir(server, xray):
    anything = ["ServiceName", "ServiceType", "Host", "HTTPMethod", "ResourceARN"]
    xray.create_sampling_rule(
        SamplingRule={
            **dict.fromkeys(anything, "*"),
            "RuleName": "story",
            "URLPath": "/health*",
            "Priority": 1,
            "FixedRate": 0,
            "ReservoirSize": RESERVOIR,
            "Version": 1,
        }
    )
    environment = {**server.environment(), "PORT": "0", "SAMPLING": "central"}
    services = [Process(story.command(language, "springboot"), environment) for language in SDKS]
    ask_all(["http://" + service.addresses()["http"] for service in services])
    ended_at = int(time.time())
    for service in services:
        service.end(signal.SIGTERM, 5)
    statistics = xray.get_sampling_statistic_summaries()["SamplingStatisticSummaries"]
    counts = sampled_by(xray, server.window())

    for second in range(ended_at - JUDGED_SECONDS, ended_at - 1):
        by_sdk = {language: counts[sdk, "story", second] for language, sdk in SDKS.items()}
        # Node's SDK reads the end of a quota as milliseconds, takes it for over, and borrows one a second.
        assert by_sdk == {**dict.fromkeys(SDKS, SHARE), "node": 1}
    # Only what came before an SDK had the rules; Go waits for them.
    others = sum(count for (_, rule, _), count in counts.items() if rule != "story")
    assert others <= 2 * len(SDKS)

    [summary] = [summary for summary in statistics if summary["RuleName"] == "story"]
    sent = 10 * REQUESTS_A_SECOND * len(SDKS)
    assert sent / 2 < summary["RequestCount"] < sent * 2
    assert 0 < summary["SampledCount"] <= 11 * RESERVOIR
