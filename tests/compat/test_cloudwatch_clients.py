"""CloudWatch's alarms with clients of the two other wire forms, unmodified: an old boto3 (query and XML), and the SDK for Go (RPC v2
CBOR) in the order in which Terraform's provider calls it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fluoro import ROOT

HERE = Path(__file__).parent
TAGS = [{"Key": "team", "Value": "shop"}]


def test_an_old_boto3_asks_by_the_query_protocol(server):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".venv" / "old")}
    command = [sys.executable, HERE / "old_client.py", server.url]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["protocol"] == "query"
    assert seen["alarm"] == {
        "AlarmDescription": "<made> & read",
        "ExtendedStatistic": "p99",
        "Dimensions": [{"Name": "ServiceName", "Value": "shop"}],
        "Threshold": 0.5,
        "DatapointsToAlarm": 2,
        "ActionsEnabled": True,
        "AlarmActions": ["arn:aws:sns:us-east-1:000000000000:pages"],
        "OKActions": [],
    }
    assert 0 <= seen["age"] < 60
    assert seen["tags"] == TAGS
    assert seen["states"] == {"old": "ALARM", "both": "ALARM"}
    assert seen["history"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"
    assert seen["data"] == ["m", "twice"]
    missing, token, refused = seen["refusals"]
    assert (missing, token) == (["ResourceNotFound", 404], ["InvalidNextToken", 400])
    assert refused[0] == "InvalidAction", "what is not there is refused, never taken and ignored"
    assert seen["left"] == []


@pytest.mark.clients
def test_the_sdk_for_go_asks_in_cbor_as_terraform_does(server):
    subprocess.run([ROOT / "scripts" / "go-clients"], check=True)
    done = subprocess.run(
        [HERE / "go-cloudwatch" / "bin" / "cloudwatch", server.url], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "tags": TAGS,
        "history": "Alarm updated from INSUFFICIENT_DATA to ALARM",
        "queries": 3,
        "composite": "ALARM",
        "mute": "cron(0 2 * * *)",
        "data": "Complete",
        "refused": "ValidationError: DatapointsToAlarm must be less than or equal to EvaluationPeriods",
    }
