package provider

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Refusals is which fields models have refused, learnt from their errors. It is shared by all calls of the process; the zero value
// is ready.
type Refusals struct {
	mu     sync.Mutex // guards fields
	fields map[string][]string
}

// maxModels is how many are remembered; more is somebody counting up names.
const maxModels = 256

// Of is what a model has refused so far.
func (f *Refusals) Of(model string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.fields[model])
}

// Add remembers that a model refused a field.
func (f *Refusals) Add(model, field string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fields == nil || len(f.fields) >= maxModels {
		f.fields = map[string][]string{}
	}
	if !slices.Contains(f.fields[model], field) {
		f.fields[model] = append(f.fields[model], field)
	}
}

// LeftOut is what a call is told of fields that its model does not accept.
func LeftOut(model string, fields []string) string {
	return fmt.Sprintf("%s does not accept %s: left out", model, strings.Join(fields, ", "))
}
