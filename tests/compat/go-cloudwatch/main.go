// The alarms of CloudWatch with the unmodified SDK for Go, which speaks RPC v2 CBOR, in the order in which Terraform's provider
// calls them: create, read, plan, update, delete. The argument is the endpoint; what was read is printed as JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
)

const topic = "arn:aws:sns:us-east-1:000000000000:pages"

func main() {
	client := cloudwatch.New(cloudwatch.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(os.Args[1]),
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		Retryer:      aws.NopRetryer{},
	})
	seen := map[string]any{}
	steps := []func(context.Context, *cloudwatch.Client, map[string]any) error{metric, math, composite, mute, data, refusals}
	for _, step := range steps {
		if err := step(context.Background(), client, seen); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	json.NewEncoder(os.Stdout).Encode(seen)
}

// As the provider makes a `aws_cloudwatch_metric_alarm`: what it does not know is left out, not null.
func wanted() *cloudwatch.PutMetricAlarmInput {
	return &cloudwatch.PutMetricAlarmInput{
		AlarmName:          aws.String("errors"),
		AlarmDescription:   aws.String("made by Go"),
		ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		EvaluationPeriods:  aws.Int32(3),
		DatapointsToAlarm:  aws.Int32(2),
		Threshold:          aws.Float64(0.05),
		TreatMissingData:   aws.String("missing"),
		ActionsEnabled:     aws.Bool(true),
		AlarmActions:       []string{topic},
		MetricName:         aws.String("FaultRate"),
		Namespace:          aws.String("AWS/X-Ray"),
		Period:             aws.Int32(60),
		Statistic:          types.StatisticAverage,
		Dimensions:         []types.Dimension{{Name: aws.String("ServiceName"), Value: aws.String("shop")}},
		Tags:               []types.Tag{{Key: aws.String("team"), Value: aws.String("shop")}},
	}
}

func read(ctx context.Context, client *cloudwatch.Client, name string, kind types.AlarmType) (*cloudwatch.DescribeAlarmsOutput, error) {
	return client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}, AlarmTypes: []types.AlarmType{kind}})
}

// What a plan compares: everything that was asked for stands as it was asked for.
func isAsWanted(alarm types.MetricAlarm, input *cloudwatch.PutMetricAlarmInput) error {
	pairs := map[string][2]any{
		"AlarmDescription":   {*alarm.AlarmDescription, *input.AlarmDescription},
		"ComparisonOperator": {alarm.ComparisonOperator, input.ComparisonOperator},
		"EvaluationPeriods":  {*alarm.EvaluationPeriods, *input.EvaluationPeriods},
		"DatapointsToAlarm":  {*alarm.DatapointsToAlarm, *input.DatapointsToAlarm},
		"Threshold":          {*alarm.Threshold, *input.Threshold},
		"TreatMissingData":   {*alarm.TreatMissingData, *input.TreatMissingData},
		"ActionsEnabled":     {*alarm.ActionsEnabled, *input.ActionsEnabled},
		"AlarmActions":       {alarm.AlarmActions, input.AlarmActions},
		"Period":             {*alarm.Period, *input.Period},
		"Statistic":          {alarm.Statistic, input.Statistic},
		"Dimensions":         {alarm.Dimensions, input.Dimensions},
	}
	for member, pair := range pairs {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			return fmt.Errorf("%s is %v, and %v was asked for: the plan would not be empty", member, pair[0], pair[1])
		}
	}
	return nil
}

func metric(ctx context.Context, client *cloudwatch.Client, seen map[string]any) error {
	input := wanted()
	if _, err := client.PutMetricAlarm(ctx, input); err != nil {
		return fmt.Errorf("create: %w", err)
	}
	output, err := read(ctx, client, "errors", types.AlarmTypeMetricAlarm)
	if err != nil || len(output.MetricAlarms) != 1 {
		return fmt.Errorf("read after create: %d alarms, %w", len(output.MetricAlarms), err)
	}
	alarm := output.MetricAlarms[0]
	tags, err := client.ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: alarm.AlarmArn})
	if err != nil {
		return fmt.Errorf("tags: %w", err)
	}
	seen["tags"] = tags.Tags
	if err := isAsWanted(alarm, input); err != nil {
		return err
	}
	if time.Since(*alarm.AlarmConfigurationUpdatedTimestamp) > time.Minute {
		return fmt.Errorf("set up at %v", alarm.AlarmConfigurationUpdatedTimestamp)
	}
	// A change: all of it again, then the tags.
	input.Threshold, input.Tags = aws.Float64(0.1), nil
	if _, err := client.PutMetricAlarm(ctx, input); err != nil {
		return fmt.Errorf("update: %w", err)
	}
	if _, err := client.UntagResource(ctx, &cloudwatch.UntagResourceInput{ResourceARN: alarm.AlarmArn, TagKeys: []string{"team"}}); err != nil {
		return fmt.Errorf("untag: %w", err)
	}
	added := []types.Tag{{Key: aws.String("owner"), Value: aws.String("ann")}}
	if _, err := client.TagResource(ctx, &cloudwatch.TagResourceInput{ResourceARN: alarm.AlarmArn, Tags: added}); err != nil {
		return fmt.Errorf("tag: %w", err)
	}
	if output, err = read(ctx, client, "errors", types.AlarmTypeMetricAlarm); err != nil {
		return fmt.Errorf("read after update: %w", err)
	}
	if err := isAsWanted(output.MetricAlarms[0], input); err != nil {
		return err
	}
	state := &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("errors"), StateValue: types.StateValueAlarm, StateReason: aws.String("by hand")}
	if _, err := client.SetAlarmState(ctx, state); err != nil {
		return fmt.Errorf("set the state: %w", err)
	}
	history, err := client.DescribeAlarmHistory(ctx, &cloudwatch.DescribeAlarmHistoryInput{AlarmName: aws.String("errors"), HistoryItemType: types.HistoryItemTypeStateUpdate})
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	seen["history"] = *history.AlarmHistoryItems[0].HistorySummary
	return nil
}

func math(ctx context.Context, client *cloudwatch.Client, seen map[string]any) error {
	stat := func(id, name string) types.MetricDataQuery {
		metric := &types.Metric{Namespace: aws.String("Fluoro"), MetricName: aws.String(name)}
		return types.MetricDataQuery{Id: aws.String(id), ReturnData: aws.Bool(false), MetricStat: &types.MetricStat{Metric: metric, Period: aws.Int32(60), Stat: aws.String("Sum")}}
	}
	share := types.MetricDataQuery{Id: aws.String("share"), Expression: aws.String("100 * f / r"), Label: aws.String("failing"), ReturnData: aws.Bool(true)}
	input := &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("share"), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, EvaluationPeriods: aws.Int32(1),
		Threshold: aws.Float64(5), Metrics: []types.MetricDataQuery{share, stat("f", "FaultCount"), stat("r", "RequestCount")},
	}
	if _, err := client.PutMetricAlarm(ctx, input); err != nil {
		return fmt.Errorf("metric math: %w", err)
	}
	output, err := read(ctx, client, "share", types.AlarmTypeMetricAlarm)
	if err != nil {
		return fmt.Errorf("read metric math: %w", err)
	}
	seen["queries"] = len(output.MetricAlarms[0].Metrics)
	return nil
}

func composite(ctx context.Context, client *cloudwatch.Client, seen map[string]any) error {
	input := &cloudwatch.PutCompositeAlarmInput{AlarmName: aws.String("both"), AlarmRule: aws.String(`ALARM("errors") OR ALARM("share")`)}
	if _, err := client.PutCompositeAlarm(ctx, input); err != nil {
		return fmt.Errorf("composite: %w", err)
	}
	output, err := read(ctx, client, "both", types.AlarmTypeCompositeAlarm)
	if err != nil || len(output.CompositeAlarms) != 1 || len(output.MetricAlarms) != 0 {
		return fmt.Errorf("read composite: %w", err)
	}
	seen["composite"] = output.CompositeAlarms[0].StateValue
	return nil
}

func mute(ctx context.Context, client *cloudwatch.Client, seen map[string]any) error {
	schedule := &types.Schedule{Expression: aws.String("cron(0 2 * * *)"), Duration: aws.String("PT4H"), Timezone: aws.String("Europe/Berlin")}
	input := &cloudwatch.PutAlarmMuteRuleInput{
		Name: aws.String("nights"), Rule: &types.Rule{Schedule: schedule}, MuteTargets: &types.MuteTargets{AlarmNames: []string{"errors"}},
	}
	if _, err := client.PutAlarmMuteRule(ctx, input); err != nil {
		return fmt.Errorf("mute: %w", err)
	}
	output, err := client.GetAlarmMuteRule(ctx, &cloudwatch.GetAlarmMuteRuleInput{AlarmMuteRuleName: aws.String("nights")})
	if err != nil {
		return fmt.Errorf("read the mute rule: %w", err)
	}
	seen["mute"] = *output.Rule.Schedule.Expression
	_, err = client.DeleteAlarmMuteRule(ctx, &cloudwatch.DeleteAlarmMuteRuleInput{AlarmMuteRuleName: aws.String("nights")})
	return err
}

func data(ctx context.Context, client *cloudwatch.Client, seen map[string]any) error {
	now := time.Now()
	metric := &types.Metric{Namespace: aws.String("Fluoro"), MetricName: aws.String("RequestCount")}
	query := types.MetricDataQuery{Id: aws.String("r"), MetricStat: &types.MetricStat{Metric: metric, Period: aws.Int32(60), Stat: aws.String("Sum")}}
	input := &cloudwatch.GetMetricDataInput{MetricDataQueries: []types.MetricDataQuery{query}, StartTime: aws.Time(now.Add(-time.Hour)), EndTime: aws.Time(now)}
	output, err := client.GetMetricData(ctx, input)
	if err != nil {
		return fmt.Errorf("data: %w", err)
	}
	seen["data"] = output.MetricDataResults[0].StatusCode
	_, err = client.ListMetrics(ctx, &cloudwatch.ListMetricsInput{Namespace: aws.String("Fluoro")})
	return err
}

func refusals(ctx context.Context, client *cloudwatch.Client, seen map[string]any) error {
	_, err := client.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("nobody"), StateValue: types.StateValueOk, StateReason: aws.String("x")})
	var missing *types.ResourceNotFound
	if !errors.As(err, &missing) {
		return fmt.Errorf("an alarm that is not there: %w", err)
	}
	input := wanted()
	input.DatapointsToAlarm = aws.Int32(9)
	_, err = client.PutMetricAlarm(ctx, input)
	var refused smithy.APIError
	if !errors.As(err, &refused) {
		return fmt.Errorf("an alarm that cannot be: %w", err)
	}
	seen["refused"] = refused.ErrorCode() + ": " + refused.ErrorMessage()
	// Composite alarms first, for they are made of the others.
	for _, names := range [][]string{{"both"}, {"errors", "share"}} {
		if _, err := client.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: names}); err != nil {
			return fmt.Errorf("delete: %w", err)
		}
	}
	output, err := read(ctx, client, "errors", types.AlarmTypeMetricAlarm)
	if err != nil || len(output.MetricAlarms) != 0 {
		return fmt.Errorf("read after delete: %w", err)
	}
	return nil
}
