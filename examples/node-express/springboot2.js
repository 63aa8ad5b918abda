// The second service of the story: it greets, after a little work of its own.

const { AWSXRay, serve, tracedApp } = require("./tracing");

const app = tracedApp("SpringBoot2", (routes) => {
  routes.get("/hello", (_request, response) => {
    // The call takes longer than the service itself, so that the two times can be told apart.
    AWSXRay.captureAsyncFunc("## greet", (subsegment) => {
      setTimeout(() => {
        subsegment.close();
        response.send("Hello from SpringBoot2\n");
      }, 20);
    });
  });
});

serve(app, 8081);
