// What both services share: the X-Ray SDK, set up as its manual says, and a web server.
//
// Nothing here knows Fluoro. The SDK sends to AWS_XRAY_DAEMON_ADDRESS, or to 127.0.0.1:2000.

const path = require("node:path");
const AWSXRay = require("aws-xray-sdk");
const express = require("express");

if (process.env.SAMPLING !== "central") {
  // The rules of the file decide: health checks are never traced, all else always.
  AWSXRay.middleware.disableCentralizedSampling();
  AWSXRay.middleware.setSamplingRules(path.join(__dirname, "sampling-rules.json"));
}
// Every call over http is a subsegment and carries the tracing header.
AWSXRay.captureHTTPsGlobal(require("node:http"));

/// An Express application whose requests are segments called `name`; `addRoutes` fills it.
function tracedApp(name, addRoutes) {
  const app = express();
  app.use(AWSXRay.express.openSegment(name));
  app.get("/healthcheck", (_request, response) => response.send("ok\n"));
  addRoutes(app);
  app.use(AWSXRay.express.closeSegment());
  return app;
}

/// Serves until the process is stopped. PORT=0 takes any free port; the line printed names it.
function serve(app, defaultPort) {
  const host = process.env.HOST ?? "127.0.0.1";
  const server = app.listen(Number(process.env.PORT ?? defaultPort), host, () => {
    console.log(`ready http=${host}:${server.address().port}`);
  });
}

module.exports = { AWSXRay, serve, tracedApp };
