"""AWS's remote sampler for Python, asked for two paths ten times a second; prints how often each was sampled in the last half second."""

import json
import random
import sys
import time

from amazon.opentelemetry.distro.sampler.aws_xray_remote_sampler import AwsXRayRemoteSampler
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import SpanKind

sampler = AwsXRayRemoteSampler(Resource.create({"service.name": "sampled-python"}), endpoint=sys.argv[1], polling_interval=300)
print("ready http=none", flush=True)
while True:
    sampled = {}
    for _ in range(5):
        for path in ("/keep", "/drop"):
            attributes = {"url.path": path, "http.request.method": "GET", "server.address": "shop.example"}
            result = sampler.should_sample(None, random.getrandbits(128), "GET", SpanKind.SERVER, attributes)
            sampled[path] = sampled.get(path, 0) + (result.decision == Decision.RECORD_AND_SAMPLE)
        time.sleep(0.1)
    print(json.dumps(sampled), flush=True)
