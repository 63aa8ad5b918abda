// The first service of the story: each request makes three HTTP calls to the second.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"example/tracing"

	"github.com/aws/aws-xray-sdk-go/v2/xray"
)

// Every call through it is a subsegment and carries the tracing header.
var client = xray.Client(&http.Client{Timeout: 5 * time.Second})

func main() {
	tracing.Serve("SpringBoot", "/{$}", http.HandlerFunc(greet), "8080")
}

func greet(response http.ResponseWriter, request *http.Request) {
	ctx := request.Context()
	segment := xray.GetSegment(ctx)
	segment.Lock()
	segment.User = "ada"
	segment.Unlock()
	xray.AddAnnotation(ctx, "tenant", "acme")
	words := map[string][]string{"words": {"hello", "wörld"}}
	xray.AddMetadataToNamespace(ctx, "story", "purpose", words)
	greetings := ""
	for number := range 3 {
		greeting, err := get(ctx, fmt.Sprintf("%s/hello?number=%d", springboot2(), number))
		if err != nil {
			http.Error(response, err.Error(), http.StatusInternalServerError)
			return
		}
		greetings += greeting
	}
	io.WriteString(response, greetings)
}

func get(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func springboot2() string {
	if url := os.Getenv("SPRINGBOOT2_URL"); url != "" {
		return url
	}
	return "http://localhost:8081"
}
