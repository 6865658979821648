package provider

import (
	"fmt"
	"slices"
	"testing"
)

func TestRefusalsAreBounded(t *testing.T) {
	var r Refusals
	for i := range 10 * maxModels {
		r.Add(fmt.Sprint(i), "temperature")
		r.Add(fmt.Sprint(i), "temperature")
	}
	if len(r.fields) > maxModels || !slices.Equal(r.Of(fmt.Sprint(10*maxModels-1)), []string{"temperature"}) {
		t.Errorf("%d models", len(r.fields))
	}
}
