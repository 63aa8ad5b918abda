"""Rules, groups, tags, policies, switches and retrievals with boto3: every operation, with good and bad input."""

import json
import time

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from segments import segment, summaries
from test_clients import aws
from waiting import eventually

RULE = {
    "ResourceARN": "*",
    "Priority": 10,
    "FixedRate": 0.25,
    "ReservoirSize": 7,
    "ServiceName": "*",
    "ServiceType": "*",
    "Host": "*",
    "HTTPMethod": "*",
    "URLPath": "/cats/*",
    "Version": 1,
}
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "xray:*"}]}
)


@pytest.fixture
def unchecked(server):
    """A client that sends whatever it is given, so that the server is the judge."""
    return boto3.client(
        "xray",
        endpoint_url=server.url,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )


def refused(error, words, operation, **arguments):
    """The operation fails with that error of the model, and its message has the words."""
    with pytest.raises(ClientError) as caught:
        operation(**arguments)
    assert caught.value.response["Error"]["Code"] == error
    message = caught.value.response["Error"]["Message"]
    assert words in message
    return caught.value.response


def names(xray):
    pages = xray.get_paginator("get_sampling_rules").paginate()
    return [record["SamplingRule"]["RuleName"] for page in pages for record in page["SamplingRuleRecords"]]


def test_sampling_rules(server, xray):
    for name in ["cats", "Zebra"]:
        record = xray.create_sampling_rule(SamplingRule={"RuleName": name, **RULE}, Tags=[])["SamplingRuleRecord"]
        assert record["SamplingRule"]["FixedRate"] == 0.25
        assert abs(record["CreatedAt"].timestamp() - time.time()) < 60
    assert names(xray) == ["Zebra", "cats", "Default"]
    boost = {"MaxRate": 0.5, "CooldownWindowMinutes": 10}
    update = {"RuleName": "cats", "Priority": 3, "SamplingRateBoost": boost}
    updated = xray.update_sampling_rule(SamplingRuleUpdate=update)["SamplingRuleRecord"]["SamplingRule"]
    assert (updated["Priority"], updated["SamplingRateBoost"]) == (3, boost)
    deleted = xray.delete_sampling_rule(RuleARN=updated["RuleARN"])["SamplingRuleRecord"]
    assert deleted["SamplingRule"] == updated

    server.stop()
    server.start()
    assert names(server.xray()) == ["Zebra", "Default"], "after a restart"


def test_sampling_rules_that_do_not_fit(xray, unchecked):
    xray.create_sampling_rule(SamplingRule={"RuleName": "cats", **RULE})
    create, update = unchecked.create_sampling_rule, unchecked.update_sampling_rule
    exists = {"RuleName": "cats", **RULE}
    refused("InvalidRequestException", "Sampling rule already exists", create, SamplingRule=exists)
    refused("InvalidRequestException", "either sampling rule name or", create, SamplingRule=RULE)
    refused("ValidationException", "'samplingRule.priority'", create, SamplingRule={**exists, "Priority": 0})
    refused("ValidationException", "Member must not be null", create, SamplingRule={"RuleName": "dogs"})
    refused("ValidationException", "'samplingRule'", create)
    refused("InvalidRequestException", "version must be 1", create, SamplingRule={**exists, "Version": 2})
    refused("InvalidRequestException", "does not exist", update, SamplingRuleUpdate={"RuleName": "dogs"})
    default = {"RuleName": "Default", "Host": "x"}
    refused("InvalidRequestException", "Only the reservoir size", update, SamplingRuleUpdate=default)
    delete = unchecked.delete_sampling_rule
    refused("InvalidRequestException", "cannot be deleted", delete, RuleName="Default")
    for number in range(24):
        xray.create_sampling_rule(SamplingRule={"RuleName": f"rule-{number}", **RULE})
    refused("RuleLimitExceededException", "25", create, SamplingRule={"RuleName": "26th", **RULE})


def test_clients_that_report_share_a_rule(xray):
    xray.create_sampling_rule(SamplingRule={"RuleName": "cats", **RULE})

    def report(client):
        document = {
            "RuleName": "cats",
            "ClientID": client,
            "Timestamp": time.time(),
            "RequestCount": 10,
            "SampledCount": 1,
            "BorrowCount": 1,
        }
        unknown = {**document, "RuleName": "dogs"}
        return xray.get_sampling_targets(SamplingStatisticsDocuments=[document, unknown])

    first = report("a" * 24)
    [target] = first["SamplingTargetDocuments"]
    assert target["FixedRate"] == 0.25 and "ReservoirQuota" not in target
    [unprocessed] = first["UnprocessedStatistics"]
    assert (unprocessed["RuleName"], unprocessed["Message"]) == ("dogs", "Unknown rule")
    assert first["LastRuleModification"].timestamp() > time.time() - 60
    [target] = report("a" * 24)["SamplingTargetDocuments"]
    assert (target["ReservoirQuota"], target["Interval"]) == (7, 10)
    assert xray.get_sampling_statistic_summaries()["SamplingStatisticSummaries"] is not None


def test_groups(server, xray):
    made = xray.create_group(GroupName="failing", FilterExpression="fault")["Group"]
    documents = [segment("good"), segment("bad", fault=True)]
    server.send_documents(*documents)
    eventually("a datagram in GetTraceSummaries", lambda: len(summaries(xray, server.window())) == 2)
    by_name = {**server.window(), "GroupName": "failing"}
    graph = xray.get_service_graph(**by_name)
    assert {service["Name"] for service in graph["Services"]} == {"bad"}
    assert graph["ContainsOldGroupVersions"] is False
    [found] = summaries(xray, server.window(), 'group.name = "failing"')
    assert found["Id"] == documents[1]["trace_id"]
    series = xray.get_time_series_service_statistics(**{**by_name, "EndTime": time.time() + 120})
    counts = [point["EdgeSummaryStatistics"]["TotalCount"] for point in series["TimeSeriesServiceStatistics"]]
    assert sum(counts) == 1

    insights = {"InsightsEnabled": True, "NotificationsEnabled": False}
    changed = xray.update_group(
        GroupARN=made["GroupARN"], FilterExpression="ok", InsightsConfiguration=insights
    )["Group"]
    assert changed == {**made, "FilterExpression": "ok", "InsightsConfiguration": insights}
    assert xray.get_service_graph(**by_name)["ContainsOldGroupVersions"] is True
    server.stop()
    server.start()
    xray = server.xray()
    assert xray.get_group(GroupName="failing")["Group"] == changed, "after a restart"
    graph = xray.get_service_graph(**{**by_name, "EndTime": time.time() + 60})
    assert {service["Name"] for service in graph["Services"]} == {"bad"}
    listed = [group["GroupName"] for page in xray.get_paginator("get_groups").paginate() for group in page["Groups"]]
    assert listed == ["Default", "failing"]
    xray.delete_group(GroupName="failing")
    refused("InvalidRequestException", "Group not found", xray.get_service_graph, **by_name)


def test_groups_that_do_not_fit(xray, unchecked):
    create = unchecked.create_group
    xray.create_group(GroupName="failing", FilterExpression="fault")
    again = {"GroupName": "failing", "FilterExpression": "fault"}
    refused("InvalidRequestException", "failing already exists", create, **again)
    refused("InvalidRequestException", "Filter Expression is empty", create, GroupName="empty")
    refused("InvalidRequestException", "Error Location: line 1", create, GroupName="x", FilterExpression="(")
    refused("ValidationException", "'groupName'", create, FilterExpression="ok")
    refused("ValidationException", "less than or equal to 32", create, **{**again, "GroupName": "x" * 33})
    refused("InvalidRequestException", "Filter Expression is empty", unchecked.update_group, GroupName="failing")
    refused("InvalidRequestException", "cannot be deleted", unchecked.delete_group, GroupName="Default")
    refused("InvalidRequestException", "Group not found", unchecked.get_group, GroupName="Failing")
    refused("InvalidRequestException", "both", unchecked.get_group, GroupName="a", GroupARN="b")


def test_tags(xray, unchecked):
    tags = [{"Key": "stage", "Value": "prod"}, {"Key": "team", "Value": "a@b"}]
    record = xray.create_sampling_rule(SamplingRule={"RuleName": "cats", **RULE}, Tags=tags)
    arn = record["SamplingRuleRecord"]["SamplingRule"]["RuleARN"]
    assert xray.list_tags_for_resource(ResourceARN=arn)["Tags"] == tags
    xray.tag_resource(ResourceARN=arn, Tags=[{"Key": "stage", "Value": "test"}])
    xray.untag_resource(ResourceARN=arn, TagKeys=["team"])
    pages = xray.get_paginator("list_tags_for_resource").paginate(ResourceARN=arn)
    assert [tag for page in pages for tag in page["Tags"]] == [{"Key": "stage", "Value": "test"}]

    gone = arn.replace("cats", "dogs")
    answer = refused("ResourceNotFoundException", gone, unchecked.list_tags_for_resource, ResourceARN=gone)
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["ResourceName"]) == (404, gone)
    many = [{"Key": f"k{number}", "Value": ""} for number in range(51)]
    refused("TooManyTagsException", "50", unchecked.tag_resource, ResourceARN=arn, Tags=many)
    refused("ValidationException", "'tags'", unchecked.tag_resource, ResourceARN=arn)
    refused("ResourceNotFoundException", gone, unchecked.untag_resource, ResourceARN=gone, TagKeys=[])
    xray.delete_sampling_rule(RuleName="cats")
    refused("ResourceNotFoundException", arn, unchecked.list_tags_for_resource, ResourceARN=arn)


def test_resource_policies(xray, unchecked):
    policy = xray.put_resource_policy(PolicyName="p", PolicyDocument=POLICY)["ResourcePolicy"]
    assert (policy["PolicyRevisionId"], policy["PolicyDocument"]) == ("1", POLICY)
    assert xray.list_resource_policies()["ResourcePolicies"] == [policy]
    put, delete = unchecked.put_resource_policy, unchecked.delete_resource_policy
    stale = {"PolicyName": "p", "PolicyDocument": POLICY, "PolicyRevisionId": "0"}
    refused("InvalidPolicyRevisionIdException", "Another concurrent request", put, **stale)
    refused("MalformedPolicyDocumentException", "JSON", put, PolicyName="q", PolicyDocument="{")
    refused("LockoutPreventionException", "", put, PolicyName="q", PolicyDocument=POLICY.replace("Allow", "Deny"))
    refused("PolicySizeLimitExceededException", "5120", put, PolicyName="q", PolicyDocument=" " * 5121)
    refused("ValidationException", "pattern", put, PolicyName="q r", PolicyDocument=POLICY)
    refused("InvalidRequestException", "does not exist", delete, PolicyName="q")
    for number in range(4):
        xray.put_resource_policy(PolicyName=f"p{number}", PolicyDocument=POLICY)
    refused("PolicyCountLimitExceededException", "5", put, PolicyName="sixth", PolicyDocument=POLICY)
    xray.delete_resource_policy(PolicyName="p", PolicyRevisionId="1")
    assert len(xray.list_resource_policies()["ResourcePolicies"]) == 4


def test_encryption_is_not_pretended(xray, unchecked):
    config = {"Status": "ACTIVE", "Type": "NONE"}
    assert xray.get_encryption_config()["EncryptionConfig"] == config
    assert xray.put_encryption_config(Type="NONE")["EncryptionConfig"] == config
    put = unchecked.put_encryption_config
    refused("InvalidRequestException", "--encryption-key", put, Type="KMS", KeyId="alias/aws/xray")
    refused("ValidationException", "[NONE, KMS]", put, Type="AES")


def test_the_switches_of_transaction_search(xray, unchecked):
    assert xray.get_trace_segment_destination()["Destination"] == "XRay"
    assert xray.update_trace_segment_destination(Destination="CloudWatchLogs")["Status"] == "ACTIVE"
    assert xray.get_trace_segment_destination()["Destination"] == "CloudWatchLogs"
    [rule] = xray.get_indexing_rules()["IndexingRules"]
    assert rule["Name"] == "Default"
    desired = {"Probabilistic": {"DesiredSamplingPercentage": 50.0}}
    updated = xray.update_indexing_rule(Name="Default", Rule=desired)["IndexingRule"]["Rule"]["Probabilistic"]
    assert updated == {"DesiredSamplingPercentage": 50.0, "ActualSamplingPercentage": 50.0}
    refused("ResourceNotFoundException", "other", unchecked.update_indexing_rule, Name="other", Rule=desired)
    above = {"Probabilistic": {"DesiredSamplingPercentage": 101}}
    refused("InvalidRequestException", "100", unchecked.update_indexing_rule, Name="Default", Rule=above)
    wrong = {"Destination": "Nowhere"}
    refused("ValidationException", "enum", unchecked.update_trace_segment_destination, **wrong)


def test_trace_retrieval(server, xray, unchecked):
    sent = [segment(f"service-{number}") for number in range(7)]
    server.send_documents(*sent)
    eventually("a datagram in GetTraceSummaries", lambda: len(summaries(xray, server.window())) == 7)
    ids = [document["trace_id"] for document in sent]
    token = xray.start_trace_retrieval(TraceIds=ids, **server.window())["RetrievalToken"]
    found = []
    next_token = {}
    while True:
        page = xray.list_retrieved_traces(RetrievalToken=token, TraceFormat="XRAY", **next_token)
        assert (page["RetrievalStatus"], page["TraceFormat"]) == ("COMPLETE", "XRAY")
        assert len(page["Traces"]) <= 5
        found += page["Traces"]
        if "NextToken" not in page:
            break
        next_token = {"NextToken": page["NextToken"]}
    assert [trace["Id"] for trace in found] == ids
    assert json.loads(found[0]["Spans"][0]["Document"])["name"] == "service-0"
    otel = xray.list_retrieved_traces(RetrievalToken=token, TraceFormat="OTEL")
    assert otel["TraceFormat"] == "OTEL"
    [span, *_] = otel["Traces"][0]["Spans"]
    assert json.loads(span["Document"])["spanId"] == span["Id"]
    graph = xray.get_retrieved_traces_graph(RetrievalToken=token)
    assert {f"service-{number}" for number in range(7)} == {one["Service"]["Name"] for one in graph["Services"]}
    xray.cancel_trace_retrieval(RetrievalToken=token)
    assert xray.list_retrieved_traces(RetrievalToken=token)["RetrievalStatus"] == "CANCELLED"
    for operation in [
        unchecked.list_retrieved_traces,
        unchecked.get_retrieved_traces_graph,
        unchecked.cancel_trace_retrieval,
    ]:
        refused("ResourceNotFoundException", "not found", operation, RetrievalToken="none")
    many = {"TraceIds": ids * 15, **server.window()}
    refused("ValidationException", "less than or equal to 100", unchecked.start_trace_retrieval, **many)


def test_the_aws_cli_manages_too(server):
    group = aws(server, "create-group", "--group-name", "cli", "--filter-expression", "fault")["Group"]
    assert group["FilterExpression"] == "fault"
    aws(server, "create-sampling-rule", "--cli-input-json", json.dumps({"SamplingRule": {"RuleName": "cli", **RULE}}))
    rules = aws(server, "get-sampling-rules")["SamplingRuleRecords"]
    assert [record["SamplingRule"]["RuleName"] for record in rules] == ["cli", "Default"]
