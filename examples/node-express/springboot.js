// The first service of the story: each request makes three HTTP calls to the second.

const { AWSXRay, serve, tracedApp } = require("./tracing");
const http = require("node:http");

const SPRINGBOOT2 = process.env.SPRINGBOOT2_URL ?? "http://localhost:8081";

const app = tracedApp("SpringBoot", (routes) => {
  routes.get("/", async (_request, response) => {
    const segment = AWSXRay.getSegment();
    segment.setUser("ada");
    segment.addAnnotation("tenant", "acme");
    segment.addMetadata("purpose", { words: ["hello", "wörld"] }, "story");
    const greetings = [];
    for (let number = 0; number < 3; number += 1) {
      greetings.push(await get(`${SPRINGBOOT2}/hello?number=${number}`));
    }
    response.send(greetings.join(""));
  });
});

function get(url) {
  return new Promise((resolve, reject) => {
    // family 4: with both, Node reports two failed attempts as one error without a message.
    const request = http.get(url, { family: 4 }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => (body += chunk));
      response.on("end", () => resolve(body));
      response.on("error", reject);
    });
    request.on("error", reject);
  });
}

serve(app, 8080);
