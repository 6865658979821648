package call

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/fetch"
)

// Limits of what context endpoints answer.
const (
	contextWithin = 2 * time.Second // both of a call, asked beside each other: the phone rings meanwhile
	contextBytes  = 64 << 10        // of an answer
	contextNames  = 200             // variables of an answer
	contextValue  = 8 << 10         // bytes of one
	contextLife   = time.Hour       // an answer is kept no longer, whatever it allows
	contextKept   = 10_000          // answers kept at once
)

// An asking is the questions to a call's context endpoints, and to the memory. The zero value asks nothing.
type asking struct {
	running sync.WaitGroup
	memory  parley.Memory // what earlier calls knew
	forgot  error         // nil: there is one
	told    [2]lore       // of the agent's and the prompt's
}

// lore is what one endpoint said: the payload of parley.EventContext, and the values.
type lore struct {
	parley.ContextAnswer
	values map[string]string
}

// ask begins to ask the agent's and the prompt's context endpoint about whoever is at the other end, each in a goroutine that ends
// within contextWithin.
func (s *Switchboard) ask(ctx context.Context, c *parley.Call, a *parley.Agent) *asking {
	q := &asking{}
	q.running.Go(func() { q.memory, q.forgot = s.recall(ctx, c, a) })
	if s.Fetch == nil {
		return q
	}
	begin := func(i int, field, at string) {
		if at != "" {
			q.running.Go(func() { q.told[i] = s.askOne(ctx, c, field, at) })
		}
	}
	begin(0, "context_endpoint", strings.TrimSpace(text(a.ContextEndpoint)))
	if a.Prompt != nil {
		begin(1, "prompt.context_endpoint", strings.TrimSpace(text(a.Prompt.ContextEndpoint)))
	}
	return q
}

func (s *Switchboard) askOne(ctx context.Context, c *parley.Call, field, at string) lore {
	began := time.Now()
	them := c.Them()
	key := contextKey{c.UserID, at, them}
	if values, ok := s.contexts.get(key, began); ok {
		return lore{parley.ContextAnswer{Field: field, Cached: true, Names: sorted(values)}, values}
	}
	t := lore{ContextAnswer: parley.ContextAnswer{Field: field}}
	ctx, cancel := context.WithTimeoutCause(ctx, contextWithin, fmt.Errorf("it did not answer within %v", contextWithin))
	defer cancel()
	res, err := s.Fetch.Do(ctx, fetch.Request{URL: about(at, them), Header: http.Header{"Accept": {"application/json"}}})
	t.TookMS = float64(time.Since(began).Microseconds()/100) / 10
	switch {
	case err != nil && ctx.Err() != nil:
		t.Error = context.Cause(ctx).Error()
	case err != nil:
		t.Error = err.Error()
	case res.Status != http.StatusOK:
		t.Status, t.Error = res.Status, fmt.Sprintf("it answered %d", res.Status)
	default:
		t.Status = res.Status
		if t.values, t.LeftOut, err = readContext(res.Body); err != nil {
			t.Error = err.Error()
			break
		}
		t.Names = sorted(t.values)
		if life := freshFor(res.Header); life > 0 && !c.Private {
			s.contexts.put(key, t.values, began, life)
		}
	}
	return t
}

// learn waits for the answers and lays them under the call's own context, or over it where that came from the caller: headers of an
// INVITE must not write over what the owner knows. The prompt's answer fills what the agent's does not say. It reports whether
// anything has been learnt.
func (s *Switchboard) learn(ctx context.Context, line *line, q *asking) bool {
	q.running.Wait()
	learnt := map[string]string{}
	asked := s.recalls(line, q)
	for _, t := range slices.Backward(q.told[:]) {
		maps.Copy(learnt, t.values)
	}
	for _, t := range q.told {
		if t.Field == "" {
			continue
		}
		asked = true
		line.facts.add(parley.EventContext, t.ContextAnswer)
		if t.Error != "" {
			line.facts.warn("context", t.Field+": "+t.Error+"; the call goes on without it")
		}
		if len(t.LeftOut) > 0 {
			line.facts.warn("context", t.Field+": left out: "+strings.Join(t.LeftOut, ", "))
		}
	}
	c := line.call
	known := maps.Clone(c.Context)
	if known == nil {
		known = map[string]string{}
	}
	for k, v := range learnt {
		if _, given := known[k]; !given || !c.IsOutgoing {
			known[k] = v
		}
	}
	if len(learnt) > 0 {
		c.Context = known
		s.keep(ctx, c.ID, func(row *parley.Call) error {
			row.Context = known
			return nil
		})
	}
	return asked
}

// recalls takes what a memory says.
func (s *Switchboard) recalls(line *line, q *asking) bool {
	if q.forgot != nil {
		if !parley.IsNotFound(q.forgot) {
			line.facts.warn("memory", "what is known of the other end could not be read; the call goes on without it")
			s.Logger.Error("reading a memory", "call", line.id, "error", q.forgot)
		}
		return false
	}
	line.facts.add(parley.EventMemory, map[string]any{"facts": q.memory.Facts, "summary": q.memory.Summary, "agent_id": q.memory.AgentID, "updated_at": q.memory.Updated.UTC().Format(time.RFC3339)})
	return true
}

// about is the address of what an endpoint knows about a number.
func about(at, number string) string {
	u, err := url.Parse(at)
	if err != nil {
		return at // refused where it is fetched
	}
	q := u.Query()
	q.Set("phone_number", number)
	u.RawQuery = q.Encode()
	return u.String()
}

// readContext reads a flat JSON object of strings, numbers and booleans. Null is no value; what cannot be a variable is left out.
func readContext(body []byte) (values map[string]string, leftOut []string, err error) {
	if len(body) > contextBytes {
		return nil, nil, fmt.Errorf("its answer is longer than %d bytes", contextBytes)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var given map[string]any
	if err := d.Decode(&given); err != nil || given == nil {
		return nil, nil, errors.New(`its answer must be a flat JSON object such as {"name": "Ada"}`)
	}
	values = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		var v string
		switch x := given[name].(type) {
		case nil:
			continue
		case string:
			v = x
		case json.Number:
			v = x.String()
		case bool:
			v = strconv.FormatBool(x)
		default:
			leftOut = append(leftOut, cut(name)+" (neither text, number nor boolean)")
			continue
		}
		switch {
		case !parley.IsVariable(name) || len(name) > 100:
			leftOut = append(leftOut, cut(name)+" (no name of a variable)")
		case len(v) > contextValue:
			leftOut = append(leftOut, fmt.Sprintf("%s (longer than %d bytes)", name, contextValue))
		case len(values) == contextNames:
			leftOut = append(leftOut, fmt.Sprintf("%s (more than %d variables)", name, contextNames))
		default:
			values[name] = v
		}
	}
	if n := len(leftOut); n > 10 {
		leftOut = append(leftOut[:10], fmt.Sprintf("and %d more", n-10))
	}
	return values, leftOut, nil
}

// cut shortens a name that somebody else chose.
func cut(name string) string {
	if len(name) <= 40 {
		return name
	}
	n := 40
	for !utf8.RuneStart(name[n]) {
		n--
	}
	return name[:n] + "…"
}

// freshFor is how long an answer may be given again (RFC 9111 §5.2.2): its max-age, unless it says that it is not to be kept.
func freshFor(h http.Header) time.Duration {
	var life time.Duration
	for d := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(d)), "=")
		switch name {
		case "no-store", "no-cache":
			return 0
		case "max-age":
			n, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
			if err != nil {
				return 0
			}
			life = min(time.Duration(n)*time.Second, contextLife)
		}
	}
	return life
}

func sorted(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// contexts are the answers that may be given again. Its methods may be called from any goroutine.
type contexts struct {
	mu   sync.Mutex // guards kept
	kept map[contextKey]keptContext
}

type contextKey struct{ env, endpoint, number string }

type keptContext struct {
	values map[string]string // read only
	until  time.Time
}

func (c *contexts) get(k contextKey, now time.Time) (map[string]string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.kept[k]
	if ok && now.After(e.until) {
		delete(c.kept, k)
		ok = false
	}
	return e.values, ok
}

// put keeps an answer. Where there is no room, what is over goes, and then whatever comes first.
func (c *contexts) put(k contextKey, values map[string]string, now time.Time, life time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		c.kept = map[contextKey]keptContext{}
	}
	if len(c.kept) >= contextKept {
		maps.DeleteFunc(c.kept, func(_ contextKey, e keptContext) bool { return now.After(e.until) })
	}
	for old := range c.kept {
		if len(c.kept) < contextKept {
			break
		}
		delete(c.kept, old)
	}
	c.kept[k] = keptContext{values, now.Add(life)}
}
