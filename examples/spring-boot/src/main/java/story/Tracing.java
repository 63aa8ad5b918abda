package story;

import com.amazonaws.xray.AWSXRay;
import com.amazonaws.xray.AWSXRayRecorderBuilder;
import com.amazonaws.xray.javax.servlet.AWSXRayServletFilter;
import com.amazonaws.xray.plugins.EC2Plugin;
import com.amazonaws.xray.plugins.ECSPlugin;
import com.amazonaws.xray.strategy.DefaultStreamingStrategy;
import com.amazonaws.xray.strategy.IgnoreErrorContextMissingStrategy;
import com.amazonaws.xray.strategy.sampling.LocalizedSamplingStrategy;
import javax.servlet.Filter;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.web.context.WebServerInitializedEvent;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * What both services share: the X-Ray SDK, set up as its manual says.
 *
 * <p>Nothing here knows Fluoro. The SDK sends to AWS_XRAY_DAEMON_ADDRESS, or to 127.0.0.1:2000.
 */
@Configuration
@RestController
class Tracing {
    static {
        AWSXRayRecorderBuilder recorder = AWSXRayRecorderBuilder.standard()
                .withPlugin(new EC2Plugin())
                .withPlugin(new ECSPlugin())
                .withContextMissingStrategy(new IgnoreErrorContextMissingStrategy())
                .withStreamingStrategy(new DefaultStreamingStrategy(30));
        if (!"central".equals(System.getenv("SAMPLING"))) {
            // The rules of the file decide: health checks are never traced, all else always.
            recorder.withSamplingStrategy(
                    new LocalizedSamplingStrategy(Tracing.class.getResource("/sampling-rules.json")));
        }
        AWSXRay.setGlobalRecorder(recorder.build());
    }

    /** Makes a segment of each request. */
    @Bean
    FilterRegistrationBean<Filter> tracingFilter(@Value("${service.name}") String name) {
        FilterRegistrationBean<Filter> filter = new FilterRegistrationBean<>(new AWSXRayServletFilter(name));
        filter.addUrlPatterns("/*");
        return filter;
    }

    @GetMapping("/healthcheck")
    String healthcheck() {
        return "ok\n";
    }

    /** PORT=0 takes any free port; the line printed names it. */
    @EventListener
    void ready(WebServerInitializedEvent event) {
        System.out.println("ready http=127.0.0.1:" + event.getWebServer().getPort());
    }
}
