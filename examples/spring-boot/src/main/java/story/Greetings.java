package story;

import com.amazonaws.xray.proxies.apache.http.HttpClientBuilder;
import com.amazonaws.xray.spring.aop.XRayEnabled;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.http.client.HttpComponentsClientHttpRequestFactory;
import org.springframework.stereotype.Component;
import org.springframework.web.client.RestTemplate;

/** Asks the second service. */
@Component
@XRayEnabled
class Greetings {
    @Value("${SPRINGBOOT2_URL:http://localhost:8081}")
    private String springBoot2;

    /** Every call through it is a subsegment and carries the tracing header. */
    private final RestTemplate rest =
            new RestTemplate(new HttpComponentsClientHttpRequestFactory(HttpClientBuilder.create().build()));

    String collect(int count) {
        StringBuilder greetings = new StringBuilder();
        for (int number = 0; number < count; number++) {
            greetings.append(rest.getForObject(springBoot2 + "/hello?number={number}", String.class, number));
        }
        return greetings.toString();
    }
}
