// The second service of the story: it greets, after a little work of its own.
package main

import (
	"context"
	"io"
	"net/http"
	"time"

	"example/tracing"

	"github.com/aws/aws-xray-sdk-go/v2/xray"
)

func main() {
	tracing.Serve("SpringBoot2", "/hello", http.HandlerFunc(hello), "8081")
}

func hello(response http.ResponseWriter, request *http.Request) {
	// The call takes longer than the service itself, so that the two times can be told apart.
	xray.Capture(request.Context(), "## greet", func(context.Context) error {
		time.Sleep(20 * time.Millisecond)
		return nil
	})
	io.WriteString(response, "Hello from SpringBoot2\n")
}
