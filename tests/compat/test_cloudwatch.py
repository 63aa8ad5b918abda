"""CloudWatch's alarms with boto3, the AWS CLI, a client of the query protocol and one of RPC v2 CBOR, all unmodified."""

import datetime
import json
import os
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

import boto3
import pytest
from segments import segment

# The rest of a minute, what is waited for after it, and a machine that has much else to do.
FIRED_WITHIN_SECONDS = 120

ALARM = {
    "AlarmName": "faults",
    "Namespace": "Fluoro",
    "MetricName": "FaultCount",
    "Dimensions": [{"Name": "ServiceName", "Value": "SpringBoot2"}],
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 0,
    "ComparisonOperator": "GreaterThanThreshold",
}


@pytest.fixture
def cloudwatch(server):
    return boto3.client(
        "cloudwatch",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def test_a_fault_is_an_alarm_within_seconds_of_the_end_of_its_minute(cloudwatch, xray):
    cloudwatch.put_metric_alarm(**ALARM, Tags=[{"Key": "team", "Value": "shop"}])
    cloudwatch.get_waiter("alarm_exists").wait(AlarmNames=["faults"])
    document = json.dumps(segment("SpringBoot2", fault=True))
    xray.put_trace_segments(TraceSegmentDocuments=[document])
    deadline = time.monotonic() + FIRED_WITHIN_SECONDS
    state = None
    while state != "ALARM":
        assert time.monotonic() < deadline, f"the alarm is {state}"
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=["faults"])["MetricAlarms"]
        state = alarm["StateValue"]
        time.sleep(0.2)
    assert alarm["StateReason"].startswith("Threshold Crossed: 1 datapoint [1.0 (")
    items = cloudwatch.describe_alarm_history(AlarmName="faults")["AlarmHistoryItems"]
    assert [item["HistoryItemType"] for item in items] == ["StateUpdate", "ConfigurationUpdate"]
    tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "shop"}]


def test_alarms_are_set_up_changed_and_deleted(cloudwatch):
    cloudwatch.put_metric_alarm(**ALARM)
    cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule='ALARM("faults")')
    cloudwatch.set_alarm_state(AlarmName="faults", StateValue="ALARM", StateReason="by hand")
    (both,) = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert both["StateValue"] == "ALARM"
    cloudwatch.disable_alarm_actions(AlarmNames=["faults"])
    pages = cloudwatch.get_paginator("describe_alarms").paginate(PaginationConfig={"PageSize": 1})
    (alarm,) = [alarm for page in pages for alarm in page["MetricAlarms"]]
    assert not alarm["ActionsEnabled"]
    with pytest.raises(cloudwatch.exceptions.ResourceNotFound):
        cloudwatch.set_alarm_state(AlarmName="none", StateValue="OK", StateReason="")
    cloudwatch.delete_alarms(AlarmNames=["both", "faults"])
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []


def metric(identifier, name, **more):
    stat = {"Metric": {"Namespace": "Fluoro", "MetricName": name}, "Period": 60, "Stat": "Sum"}
    return {"Id": identifier, "MetricStat": stat, "ReturnData": False, **more}


def test_metric_math_is_watched_and_read_in_pages(cloudwatch, xray):
    documents = [json.dumps(segment("shop", fault=fault)) for fault in (True, False, False, False)]
    xray.put_trace_segments(TraceSegmentDocuments=documents)
    queries = [
        {"Id": "percent", "Expression": "100 * faults / requests", "Label": "failing"},
        metric("faults", "FaultCount", ReturnData=True),
        metric("requests", "RequestCount"),
    ]
    conditions = {"Threshold": 20, "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1}
    watched = [{**query, "ReturnData": query["Id"] == "percent"} for query in queries]
    cloudwatch.put_metric_alarm(AlarmName="share", Metrics=watched, **conditions)
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["share"])["MetricAlarms"]
    assert alarm["Metrics"][0]["Expression"] == "100 * faults / requests"

    now = datetime.datetime.now(datetime.UTC)
    hour = datetime.timedelta(hours=1)

    def points(size):
        """What the pages of a size say of both."""
        pages = cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries, StartTime=now - hour, EndTime=now + hour, MaxDatapoints=size
        )
        found = {}
        for page in pages:
            assert sum(len(result["Values"]) for result in page["MetricDataResults"]) <= size
            for result in page["MetricDataResults"]:
                found.setdefault(result["Label"], []).extend(zip(result["Timestamps"], result["Values"], strict=True))
        return found

    deadline = time.monotonic() + FIRED_WITHIN_SECONDS
    while 25 not in [value for _, value in points(10_000).get("failing", [])]:
        assert time.monotonic() < deadline, points(10_000)
        time.sleep(0.2)
    whole = points(10_000)
    assert sum(value for _, value in whole["FaultCount"]) == 1
    # Later minutes may have come, and no datapoint is there twice.
    paged = points(7)
    assert set(whole["FaultCount"]) <= set(paged["FaultCount"])
    assert len(paged["FaultCount"]) == len(set(paged["FaultCount"]))

    for expression, why in [
        ("SEARCH('{Fluoro}', 'Sum')", "Fluoro does not search for metrics"),
        ("nobody + 1", "there is no query with the id nobody"),
        ("AVG(faults)", "it comes to one number"),
    ]:
        with pytest.raises(cloudwatch.exceptions.ClientError, match=why):
            asked = [{"Id": "e", "Expression": expression}, metric("faults", "FaultCount")]
            cloudwatch.get_metric_data(MetricDataQueries=asked, StartTime=now - hour, EndTime=now)


def aws(server, *arguments):
    """Runs the AWS CLI as people do, and gives what it printed."""
    command = [Path(sys.executable).with_name("aws"), "cloudwatch", *arguments, "--endpoint-url", server.url]
    environment = {**os.environ, **server.environment(), "AWS_PAGER": "", "AWS_DEFAULT_OUTPUT": "json"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout or "null")


def test_the_command_line_sets_an_alarm_up(server):
    aws(
        server,
        *"put-metric-alarm --alarm-name p99 --namespace AWS/X-Ray --metric-name ResponseTime".split(),
        *"--dimensions Name=ServiceName,Value=payments --extended-statistic p99 --period 60".split(),
        *"--evaluation-periods 3 --threshold 1.5 --comparison-operator GreaterThanThreshold".split(),
    )
    (alarm,) = aws(server, "describe-alarms")["MetricAlarms"]
    assert (alarm["ExtendedStatistic"], alarm["StateValue"]) == ("p99", "INSUFFICIENT_DATA")


def test_the_query_protocol_is_answered_in_xml(server):
    def ask(**fields):
        form = urllib.parse.urlencode({"Version": "2010-08-01", **fields}).encode()
        with urllib.request.urlopen(server.url + "/", form) as answer:
            return answer.read().decode()

    fields = {key: value for key, value in ALARM.items() if key != "Dimensions"}
    fields |= {"Dimensions.member.1.Name": "ServiceName", "Dimensions.member.1.Value": "SpringBoot2"}
    assert ask(Action="PutMetricAlarm", **fields).startswith("<PutMetricAlarmResponse xmlns=")
    text = ask(Action="DescribeAlarms", **{"AlarmNames.member.1": "faults"})
    assert "<MetricAlarms><member><AlarmName>faults</AlarmName>" in text
    assert "<Dimensions><member><Name>ServiceName</Name><Value>SpringBoot2</Value></member></Dimensions>" in text


def test_cbor_is_answered_in_cbor(server):
    # {"AlarmName": "raw", "AlarmRule": "TRUE"}, and {}.
    put = b"\xa2\x69AlarmName\x63raw\x69AlarmRule\x64TRUE"
    headers = {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"}
    path = "/service/GraniteServiceVersion20100801/operation/"

    def ask(operation, body):
        request = urllib.request.Request(server.url + path + operation, body, headers)
        with urllib.request.urlopen(request) as answer:
            assert answer.headers["smithy-protocol"] == "rpc-v2-cbor"
            return answer.read()

    assert ask("PutCompositeAlarm", put) == b"\xa0"
    assert b"MetricAlarms" in ask("DescribeAlarms", b"\xa0")
