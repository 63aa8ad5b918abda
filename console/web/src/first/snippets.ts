// What to paste to send a first trace, with the addresses that this server really listens at.
import type { Listeners } from '../api/generated/Listeners';

export interface Snippet {
  id: string;
  title: string;
  /** What must be installed first; empty when nothing. */
  needs: string;
  text: string;
}

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1);
}

/** A program on this machine reaches a wildcard address by loopback. */
export function reachable(address: string): string {
  return address.replace(/^(0\.0\.0\.0|\[::\])(?=:)/, '127.0.0.1');
}

export function snippetsFor(listeners: Listeners): Snippet[] {
  const udp = reachable(listeners.udp);
  const http = reachable(listeners.http);
  const host = udp.slice(0, udp.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  const environment = `export AWS_XRAY_DAEMON_ADDRESS=${udp}`;
  return [
    {
      id: 'shell',
      title: 'Shell',
      needs: 'bash',
      // `env printf`: the builtin of bash flushes at the line break and would send two datagrams.
      text: `T="1-$(printf %08x $(date +%s))-$(od -An -N12 -tx1 /dev/urandom | tr -d ' \\n')"
S=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \\n'); E=$(date +%s.%3N)
env printf '{"format":"json","version":1}\\n{"name":"hello","id":"%s","trace_id":"%s","start_time":%s,"end_time":%s,"http":{"request":{"method":"GET","url":"http://hello/"},"response":{"status":200}}}' \\
  $S $T $(awk "BEGIN{printf \\"%.3f\\",$E-0.12}") $E > /dev/udp/${host}/${portOf(udp)}; echo "sent $T"`,
    },
    {
      id: 'python',
      title: 'Python',
      needs: 'pip install aws-xray-sdk',
      text: `${environment}
python3 - <<'END'
from aws_xray_sdk.core import xray_recorder

xray_recorder.configure(service="hello", sampling=False)
with xray_recorder.in_segment("hello") as segment:
    segment.put_http_meta("url", "http://hello/")
    with xray_recorder.in_subsegment("work"):
        xray_recorder.put_annotation("language", "python")
    print("sent", segment.trace_id)
END`,
    },
    {
      id: 'node',
      title: 'Node.js',
      needs: 'npm install aws-xray-sdk-core',
      text: `${environment}
node -e '
const xray = require("aws-xray-sdk-core");
const segment = new xray.Segment("hello");
segment.addAnnotation("language", "node");
segment.addNewSubsegment("work").close();
segment.close();
console.log("sent", segment.trace_id);
'`,
    },
    {
      id: 'java',
      title: 'Java',
      needs: 'com.amazonaws:aws-xray-recorder-sdk-core',
      text: `// ${environment}
import com.amazonaws.xray.AWSXRay;

public class Hello {
  public static void main(String[] args) {
    var segment = AWSXRay.beginSegment("hello");
    AWSXRay.createSubsegment("work", () -> segment.putAnnotation("language", "java"));
    AWSXRay.endSegment();
    System.out.println("sent " + segment.getTraceId());
  }
}`,
    },
    {
      id: 'go',
      title: 'Go',
      needs: 'go get github.com/aws/aws-xray-sdk-go/v2',
      text: `// ${environment}
package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-xray-sdk-go/v2/xray"
)

func main() {
	ctx, segment := xray.BeginSegment(context.Background(), "hello")
	xray.Capture(ctx, "work", func(ctx context.Context) error {
		return xray.AddAnnotation(ctx, "language", "go")
	})
	segment.Close(nil)
	fmt.Println("sent", segment.TraceID)
}`,
    },
    {
      id: 'aws',
      title: 'AWS CLI',
      needs: 'aws',
      text: `T="1-$(printf %08x $(date +%s))-$(od -An -N12 -tx1 /dev/urandom | tr -d ' \\n')"
S=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \\n'); E=$(date +%s)
aws xray put-trace-segments --endpoint-url http://${http} --region us-east-1 --trace-segment-documents \\
  "{\\"name\\":\\"hello\\",\\"id\\":\\"$S\\",\\"trace_id\\":\\"$T\\",\\"start_time\\":$E,\\"end_time\\":$E.12}"`,
    },
    {
      id: 'dotnet',
      title: '.NET',
      needs: 'dotnet add package AWSXRayRecorder.Core',
      text: `// ${environment}
using Amazon.XRay.Recorder.Core;

var recorder = AWSXRayRecorder.Instance;
recorder.BeginSegment("hello");
recorder.AddAnnotation("language", "dotnet");
recorder.TraceMethod("work", () => Thread.Sleep(20));
Console.WriteLine("sent " + recorder.GetEntity().TraceId);
recorder.EndSegment();`,
    },
    {
      id: 'ruby',
      title: 'Ruby',
      needs: 'gem install aws-xray-sdk',
      text: `${environment}
ruby -e '
require "aws-xray-sdk"
XRay.recorder.configure(name: "hello", sampling: false)
segment = XRay.recorder.begin_segment "hello"
XRay.recorder.capture("work") { |sub| sub.annotations.update language: "ruby" }
XRay.recorder.end_segment
puts "sent #{segment.trace_id}"
'`,
    },
    {
      id: 'daemon',
      title: 'Existing daemon',
      needs: 'the X-Ray daemon that you have, or the agent of Fluoro in its place',
      text: `# /etc/amazon/xray/cfg.yaml: SDKs go on as they are, the daemon sends here
Endpoint: "http://${http}"
Region: us-east-1
LocalMode: true
NoVerifySSL: true
Version: 2

# AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any xray -c /etc/amazon/xray/cfg.yaml`,
    },
  ];
}
