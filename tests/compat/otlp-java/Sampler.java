// OpenTelemetry's remote sampler of X-Ray, asked for two paths ten times a second; prints how often each was sampled in the last half second.
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.context.Context;
import io.opentelemetry.contrib.awsxray.AwsXrayRemoteSampler;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.samplers.SamplingDecision;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

public final class Sampler {
  private static final int ROUNDS = 5;

  public static void main(String[] arguments) throws InterruptedException {
    Attributes service = Attributes.of(AttributeKey.stringKey("service.name"), "sampled-java");
    try (AwsXrayRemoteSampler sampler =
        AwsXrayRemoteSampler.newBuilder(Resource.create(service))
            .setEndpoint(arguments[0])
            .setPollingInterval(Duration.ofSeconds(300))
            .build()) {
      System.out.println("ready http=none");
      while (true) {
        int keep = 0;
        int drop = 0;
        for (int round = 0; round < ROUNDS; round++) {
          keep += isSampled(sampler, "/keep") ? 1 : 0;
          drop += isSampled(sampler, "/drop") ? 1 : 0;
          Thread.sleep(100);
        }
        System.out.printf("{\"/keep\": %d, \"/drop\": %d}%n", keep, drop);
      }
    }
  }

  private static boolean isSampled(AwsXrayRemoteSampler sampler, String path) {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    String id = String.format("%016x%016x", random.nextLong(1, Long.MAX_VALUE), random.nextLong());
    Attributes attributes =
        Attributes.of(
            AttributeKey.stringKey("url.path"), path,
            AttributeKey.stringKey("http.target"), path,
            AttributeKey.stringKey("http.request.method"), "GET",
            AttributeKey.stringKey("server.address"), "shop.example");
    return sampler
        .shouldSample(Context.root(), id, "GET", SpanKind.SERVER, attributes, List.of())
        .getDecision()
        .equals(SamplingDecision.RECORD_AND_SAMPLE);
  }
}
