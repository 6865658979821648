package google

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// thinkingConfig bounds what a model thinks before it answers: by tokens up to 2.5, by level from 3 on, never by both
// (https://ai.google.dev/gemini-api/docs/thinking).
type thinkingConfig struct {
	Budget *int   `json:"thinkingBudget,omitempty"`
	Level  string `json:"thinkingLevel,omitempty"`
}

var family = regexp.MustCompile(`^gemini-(?:(\d{1,3})(?:\.(\d{1,3}))?-|[a-z-]+-latest$)`)

// generation is which Gemini a model is, 250 for 2.5, and whether it is a Pro, which always thinks. 0: none that is known.
func generation(model string) (n int, pro bool) {
	m := family.FindStringSubmatch(model)
	pro = strings.Contains(model, "-pro")
	switch {
	case m == nil:
		return 0, pro
	case m[1] == "":
		return 300, pro
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	return 100*major + min(minor, 9)*10, pro
}

// signs reports whether a model refuses tool calls of its own without their signatures.
func signs(model string) bool {
	n, _ := generation(model)
	return n >= 300
}

// budgets and levels are what Google itself takes reasoning_effort for (https://ai.google.dev/gemini-api/docs/openai).
var (
	budgets = map[string]int{"minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}
	levels  = map[string]string{"minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH"}
)

// thoughtFor is how much a model is to think. Callers wait: unless told otherwise it is as little as the model can.
func thoughtFor(model, effort string) *thinkingConfig {
	n, pro := generation(model)
	switch {
	case n >= 300:
		level, ok := levels[effort]
		if !ok {
			level = "MINIMAL"
		}
		if pro && level == "MINIMAL" {
			level = "LOW"
		}
		return &thinkingConfig{Level: level}
	case n >= 250:
		budget, ok := budgets[effort]
		if !ok && pro {
			budget = 128
		}
		return &thinkingConfig{Budget: &budget}
	}
	return nil
}

var aboutThinking = regexp.MustCompile(`(?i)\bthink|\bbudget\b`)

// without is the next less that a model may accept which has refused t: nil is nothing said of thinking.
func (t *thinkingConfig) without() *thinkingConfig {
	if t.Level == "MINIMAL" {
		return &thinkingConfig{Level: "LOW"}
	}
	return nil
}

// of names t for refusals.
func (t *thinkingConfig) of(model string) string { return model + " " + t.Level }

// thoughtless is what was refused, by address, model and level. Shared by all calls of the process.
var thoughtless refusals

const maxRefusals = 256 // remembered; more is somebody counting up names

type refusals struct {
	mu      sync.Mutex // guards refused
	refused map[string]bool
}

func (f *refusals) has(what string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.refused[what]
}

func (f *refusals) add(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refused == nil || len(f.refused) >= maxRefusals {
		f.refused = map[string]bool{}
	}
	f.refused[what] = true
}
