"""CloudWatch's alarms with an old boto3, which speaks the query protocol: run with it on PYTHONPATH and the endpoint as argument;
what was answered is printed as JSON."""

import json
import sys
from datetime import datetime, timedelta, timezone

import boto3
from botocore.exceptions import ClientError

cloudwatch = boto3.client(
    "cloudwatch",
    endpoint_url=sys.argv[1],
    region_name="us-east-1",
    aws_access_key_id="test",
    aws_secret_access_key="test",
)
seen = {"protocol": cloudwatch.meta.service_model.metadata["protocol"]}

cloudwatch.put_metric_alarm(
    AlarmName="old",
    AlarmDescription="<made> & read",
    Namespace="AWS/X-Ray",
    MetricName="ResponseTime",
    Dimensions=[{"Name": "ServiceName", "Value": "shop"}],
    ExtendedStatistic="p99",
    Period=60,
    EvaluationPeriods=3,
    DatapointsToAlarm=2,
    Threshold=0.5,
    ComparisonOperator="GreaterThanThreshold",
    AlarmActions=["arn:aws:sns:us-east-1:000000000000:pages"],
    Tags=[{"Key": "team", "Value": "shop"}],
)
(alarm,) = cloudwatch.describe_alarms(AlarmNames=["old"])["MetricAlarms"]
wanted = ["AlarmDescription", "ExtendedStatistic", "Dimensions", "Threshold", "DatapointsToAlarm", "ActionsEnabled", "AlarmActions", "OKActions"]
seen["alarm"] = {member: alarm[member] for member in wanted}
seen["age"] = (datetime.now(timezone.utc) - alarm["AlarmConfigurationUpdatedTimestamp"]).total_seconds()
seen["tags"] = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]

cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule='ALARM("old")')
cloudwatch.set_alarm_state(AlarmName="old", StateValue="ALARM", StateReason="by hand", StateReasonData='{"a": 1}')
pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmTypes=["CompositeAlarm", "MetricAlarm"], PaginationConfig={"PageSize": 1})
alarms = [one for page in pages for one in page["CompositeAlarms"] + page["MetricAlarms"]]
seen["states"] = {one["AlarmName"]: one["StateValue"] for one in alarms}
history = cloudwatch.describe_alarm_history(AlarmName="old", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
seen["history"] = history[0]["HistorySummary"]

now = datetime.now(timezone.utc)
stat = {"Metric": {"Namespace": "Fluoro", "MetricName": "RequestCount"}, "Period": 60, "Stat": "Sum"}
data = cloudwatch.get_metric_data(
    MetricDataQueries=[{"Id": "m", "MetricStat": stat}, {"Id": "twice", "Expression": "m * 2"}],
    StartTime=now - timedelta(hours=1),
    EndTime=now,
)
seen["data"] = [result["Id"] for result in data["MetricDataResults"]]

refusals = [
    lambda: cloudwatch.set_alarm_state(AlarmName="nobody", StateValue="OK", StateReason="x"),
    lambda: cloudwatch.describe_alarms(NextToken="made up"),
    lambda: cloudwatch.put_metric_data(Namespace="Own", MetricData=[{"MetricName": "x", "Value": 1}]),
]
seen["refusals"] = []
for refused in refusals:
    try:
        refused()
        seen["refusals"].append(None)
    except ClientError as error:
        seen["refusals"].append([error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]])

cloudwatch.disable_alarm_actions(AlarmNames=["old"])
cloudwatch.delete_alarms(AlarmNames=["both"])
cloudwatch.delete_alarms(AlarmNames=["old"])
seen["left"] = cloudwatch.describe_alarms()["MetricAlarms"]
print(json.dumps(seen))
