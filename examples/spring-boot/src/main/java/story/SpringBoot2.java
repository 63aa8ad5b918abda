package story;

import com.amazonaws.xray.AWSXRay;
import com.amazonaws.xray.entities.Subsegment;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.annotation.Import;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** The second service of the story: it greets, after a little work of its own. */
@EnableAutoConfiguration
@Import(Tracing.class)
@RestController
public class SpringBoot2 {
    public static void main(String[] arguments) {
        new SpringApplicationBuilder(SpringBoot2.class)
                .properties("service.name=SpringBoot2", "PORT=8081")
                .run(arguments);
    }

    @GetMapping("/hello")
    String hello() throws InterruptedException {
        // The call takes longer than the service itself, so that the two times can be told apart.
        try (Subsegment subsegment = AWSXRay.beginSubsegment("## greet")) {
            Thread.sleep(20);
        }
        return "Hello from SpringBoot2\n";
    }
}
