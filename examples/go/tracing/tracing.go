// Package tracing is what both services share: the X-Ray SDK, set up as its manual says, and a web server.
//
// Nothing here knows Fluoro. The SDK sends to AWS_XRAY_DAEMON_ADDRESS, or to 127.0.0.1:2000.
package tracing

import (
	_ "embed"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/aws/aws-xray-sdk-go/v2/strategy/sampling"
	"github.com/aws/aws-xray-sdk-go/v2/xray"
)

//go:embed sampling-rules.json
var rules []byte

// Serve serves the handler at the path, and whatever is asked as segments called name, until the process is stopped.
// PORT=0 takes any free port; the line printed names it.
func Serve(name, path string, handler http.Handler, defaultPort string) {
	if os.Getenv("SAMPLING") != "central" {
		// The rules of the file decide: health checks are never traced, all else always.
		strategy, err := sampling.NewLocalizedStrategyFromJSONBytes(rules)
		if err != nil {
			log.Fatal(err)
		}
		if err := xray.Configure(xray.Config{SamplingStrategy: strategy}); err != nil {
			log.Fatal(err)
		}
	}
	routes := http.NewServeMux()
	routes.Handle(path, handler)
	routes.HandleFunc("/healthcheck", func(response http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(response, "ok")
	})

	port := os.Getenv("PORT")
	if port == "" {
		port = defaultPort
	}
	host := os.Getenv("HOST")
	if host == "" {
		host = "127.0.0.1"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("ready http=%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, xray.Handler(xray.NewFixedSegmentNamer(name), routes)))
}
