package story;

import com.amazonaws.xray.AWSXRay;
import com.amazonaws.xray.entities.Segment;
import java.util.List;
import java.util.Map;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.annotation.Import;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** The first service of the story: each request makes three HTTP calls to the second. */
@EnableAutoConfiguration
@Import({Tracing.class, Inspector.class, Greetings.class})
@RestController
public class SpringBoot {
    private final Greetings greetings;

    SpringBoot(Greetings greetings) {
        this.greetings = greetings;
    }

    public static void main(String[] arguments) {
        new SpringApplicationBuilder(SpringBoot.class)
                .properties("service.name=SpringBoot")
                .run(arguments);
    }

    @GetMapping("/")
    String greet() {
        Segment segment = AWSXRay.getCurrentSegment();
        segment.setUser("ada");
        segment.putAnnotation("tenant", "acme");
        segment.putMetadata("story", "purpose", Map.of("words", List.of("hello", "wörld")));
        return greetings.collect(3);
    }
}
