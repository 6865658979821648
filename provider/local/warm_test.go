package local

import "testing"

// A server that is stopped on its first start must not wait for the models, by way of a call that warmed its hearing.
func TestWarmDoesNotWaitForTheModels(t *testing.T) {
	l := &Local{modelReady: make(chan struct{})} // still being prepared
	if err := (&transcriber{l}).Warm(t.Context()); err != nil {
		t.Error(err)
	}
}
