"""Signatures of boto3, botocore and the AWS CLI, against a server that asks for them."""

import datetime
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import boto3
import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from fluoro import Server, binary, fetch
from segments import is_stored, segment
from waiting import eventually

REGION = "eu-west-1"
# What a cluster's nodes are allowed in AWS, as it is attached to their role.
NODES = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
            "Resource": ["*"],
        }
    ],
}


def keys(data_dir, *arguments):
    """Runs `fluoro keys`, and gives what it printed."""
    command = [binary(), "keys", "--data-dir", data_dir, "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def data_dir(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def full(data_dir):
    return keys(data_dir, "create", "--name", "full", "--policy", "full")


@pytest.fixture
def server(data_dir, full):
    server = Server(data_dir, "--auth", "on").start()
    yield server
    if server.is_running:
        server.stop()


def client(server, key, **changes):
    parameters = {
        "aws_access_key_id": key["id"],
        "aws_secret_access_key": key["secret_access_key"],
        "region_name": REGION,
        "endpoint_url": server.url,
        "config": Config(retries={"total_max_attempts": 1}),
    }
    return boto3.client("xray", **{**parameters, **changes})


def refusal(call, **parameters):
    """Status, name and text of the error that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response = caught.value.response
    error = response["Error"]
    return response["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error["Message"]


def test_a_right_key_reads_and_writes(server, full):
    xray = client(server, full)
    document = segment("signed", annotations={"city": "Zürich"})
    answer = xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(document, ensure_ascii=False)])
    assert answer["UnprocessedTraceSegments"] == []
    eventually("a signed segment in BatchGetTraces", lambda: is_stored(xray, document["trace_id"]))


def test_a_right_key_sets_alarms_and_topics_up(server, full):
    parameters = {"aws_access_key_id": full["id"], "aws_secret_access_key": full["secret_access_key"]}
    parameters |= {"region_name": REGION, "endpoint_url": server.url}
    assert boto3.client("cloudwatch", **parameters).describe_alarms()["MetricAlarms"] == []
    assert boto3.client("sns", **parameters).list_topics()["Topics"] == []
    wrong = {**parameters, "aws_secret_access_key": "wrong"}
    for service, call in [("cloudwatch", "describe_alarms"), ("sns", "list_topics")]:
        assert refusal(getattr(boto3.client(service, **wrong), call))[0] == 403


def test_wrong_keys_are_told_so_in_the_words_of_aws(server, full):
    assert refusal(client(server, full, aws_secret_access_key="wrong").get_groups) == (
        403,
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided. Check your AWS "
        "Secret Access Key and signing method. Consult the service documentation for details.",
    )
    unknown = (
        403,
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    )
    assert refusal(client(server, full, aws_access_key_id="AKIDEXAMPLE").get_groups) == unknown
    assert refusal(client(server, full, aws_session_token="left over").get_groups) == unknown
    anonymous = client(server, full, config=Config(signature_version=botocore.UNSIGNED))
    assert refusal(anonymous.get_groups) == (
        403,
        "MissingAuthenticationTokenException",
        "Missing Authentication Token",
    )


@pytest.mark.parametrize(
    ("minutes", "begin"), [(-6, "Signature expired: "), (6, "Signature not yet current: ")]
)
def test_a_skewed_clock_is_told_so(server, full, monkeypatch, minutes, begin):
    now = botocore.auth.get_current_datetime
    skewed = lambda *arguments: now(*arguments) + datetime.timedelta(minutes=minutes)  # noqa: E731
    monkeypatch.setattr(botocore.auth, "get_current_datetime", skewed)
    status, name, text = refusal(client(server, full).get_groups)
    assert (status, name) == (403, "InvalidSignatureException")
    assert text.startswith(begin), text


def test_the_nodes_policy_lets_a_daemon_send_and_nothing_else(server, data_dir, tmp_path):
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps(NODES))
    key = keys(data_dir, "create", "--name", "k8s-nodes", "--policy", policy)
    xray = client(server, key)
    document = segment("daemon")

    def is_heeded():
        try:
            return xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(document)])
        except ClientError as error:
            assert error.response["Error"]["Code"] == "UnrecognizedClientException"

    eventually("a new key to be heeded", is_heeded)
    record = {"Timestamp": 1, "SegmentsReceivedCount": 1}
    xray.put_telemetry_records(TelemetryRecords=[record])
    assert refusal(xray.batch_get_traces, TraceIds=[document["trace_id"]]) == (
        403,
        "AccessDeniedException",
        "User: arn:aws:iam::000000000000:user/k8s-nodes is not authorized to perform: xray:BatchGetTraces "
        "on resource: * because no identity-based policy allows the xray:BatchGetTraces action",
    )


def test_a_revoked_key_is_refused(server, data_dir, full):
    xray = client(server, full)
    xray.get_groups()
    keys(data_dir, "revoke", full["id"])

    def is_refused():
        try:
            xray.get_groups()
        except ClientError as error:
            return error.response["Error"]["Code"] == "UnrecognizedClientException"

    eventually("a revoked key to be refused", is_refused)


def test_a_presigned_url_is_all_that_its_holder_needs(server, full):
    url = client(server, full).generate_presigned_url("get_groups", HttpMethod="POST", ExpiresIn=600)
    # botocore signs it too.
    headers = {"Content-Type": "application/json"}
    status, body = post(url, b"", headers)
    assert (status, json.loads(body)["Groups"][0]["GroupName"]) == (200, "Default")
    wrong = [(url, b"{}"), (url.replace("/Groups", "/GetSamplingRules"), b"")]
    for changed, body in wrong:
        status, answer = post(changed, body, headers)
        assert (status, json.loads(answer)["__type"]) == (403, "InvalidSignatureException")


def test_a_presigned_url_may_leave_the_body_open_if_that_is_signed(server, full):
    headers = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
    request = AWSRequest("POST", f"{server.url}/Groups", headers=headers)
    credentials = Credentials(full["id"], full["secret_access_key"])
    botocore.auth.SigV4QueryAuth(credentials, "xray", REGION, expires=60).add_auth(request)
    assert post(request.url, b'{"NextToken":null}', headers)[0] == 200
    status, body = post(request.url, b"{}", {})
    assert (status, json.loads(body)["__type"]) == (403, "InvalidSignatureException")


def test_a_path_and_a_query_are_signed_as_botocore_spells_them(server, full):
    """No operation has such a URL, so the answer to one whose signature is right is that it is unknown."""
    credentials = Credentials(full["id"], full["secret_access_key"])
    for path in ["/a%20b/./c//d/../e", "/%E1%88%B4", "/x?b=2&a=%2F%20%C3%BC&a=1&empty=", "/~-._/"]:
        request = AWSRequest("POST", server.url + path, data=b"{}")
        botocore.auth.SigV4Auth(credentials, "xray", REGION).add_auth(request)
        status, body = post(server.url + path, b"{}", dict(request.headers))
        assert (status, b"UnknownOperationException" in body) == (200, True), (path, body)


def post(url, body, headers=None):
    return fetch(urllib.request.Request(url, data=body, headers=headers or {}, method="POST"))


def aws(server, key, *arguments):
    """Runs the AWS CLI with this key: what it printed, and its complaint."""
    command = [Path(sys.executable).with_name("aws"), "xray", *arguments, "--endpoint-url", server.url]
    environment = {
        **os.environ,
        **server.environment(),
        "AWS_ACCESS_KEY_ID": key["id"],
        "AWS_SECRET_ACCESS_KEY": key["secret_access_key"],
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_PAGER": "",
        "AWS_DEFAULT_OUTPUT": "json",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    return done.stdout, done.stderr


def test_the_aws_cli_signs_and_is_told_what_it_may_not(server, data_dir, full):
    printed, _ = aws(server, full, "get-groups")
    assert json.loads(printed)["Groups"][0]["GroupName"] == "Default"
    _, complaint = aws(server, {**full, "secret_access_key": "wrong"}, "get-groups")
    assert "(InvalidSignatureException) when calling the GetGroups operation" in complaint


def test_the_console_asks_for_a_token(server, data_dir):
    token = keys(data_dir, "create", "--console", "--name", "ana")["token"]
    assert server.get("/api/status")[0] == 401
    assert server.get("/metrics")[0] == 401
    assert server.get("/healthz")[0] == 200
    assert b"<form" in server.get("/signin")[1]

    def is_heeded():
        request = urllib.request.Request(server.url + "/api/status", headers={"Authorization": f"Bearer {token}"})
        return fetch(request)[0] == 200

    eventually("a new token to be heeded", is_heeded)
    status, body = server.post("/api/session", json.dumps({"token": token}).encode(), {"content-type": "application/json"})
    session = json.loads(body)
    assert (status, session["required"], session["name"]) == (200, True, "ana")
