package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	client "github.com/parley-voice/parley/client/go"
)

// Place a call, follow it, and keep its sound.
func Example() {
	ctx := context.Background()
	parley, err := client.New("http://127.0.0.1:8080", os.Getenv("PARLEY_API_KEY"))
	if err != nil {
		log.Fatal(err)
	}
	agent, err := client.Union[client.AgentRef](os.Args[1]) // an agent's id, or a whole agent for this call only
	if err != nil {
		log.Fatal(err)
	}
	from, once := "+15551234567", "order 4711" // sent again with the same key, the call is placed once
	call, err := parley.CreateCallWithResponse(ctx, &client.CreateCallParams{IdempotencyKey: &once},
		client.CreateCallDto{FromNumber: &from, ToNumber: "+15557654321", Agent: agent})
	var problem *client.Problem
	switch {
	case errors.As(err, &problem) && problem.Code == "too_many_calls":
		log.Fatalf("%d of %d calls run: try again in %v", problem.Limit.Current, problem.Limit.Max, problem.RetryAfter)
	case err != nil:
		log.Fatal(err)
	}
	for event, err := range parley.Events(ctx, call.JSON201.Id, 0) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.Type, event.Payload)
	}
	f, err := os.Create("call.mp3")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	if _, err := parley.Recording(ctx, call.JSON201.Id, "mp3", f); err != nil {
		log.Fatal(err)
	}
}

// All agents that speak Spanish, however many pages they fill.
func ExampleAPI_Agents() {
	parley, err := client.New("http://127.0.0.1:8080", os.Getenv("PARLEY_API_KEY"))
	if err != nil {
		log.Fatal(err)
	}
	for agent, err := range parley.Agents(context.Background(), client.List{Filters: map[string]any{"language": "es"}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(agent.Id)
	}
}
