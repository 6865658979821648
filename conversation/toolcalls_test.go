package conversation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/parley-voice/parley/action"
	"github.com/parley-voice/parley/llm"
)

const bookingSchema = `{"type":"object","additionalProperties":false,"required":["day","seats"],"properties":{
	"day":{"type":"string","enum":["mon","tue","wed"]},
	"seats":{"type":"integer","minimum":1,"maximum":12},
	"note":{"type":"string","maxLength":20,"pattern":"^[a-z ]*$"},
	"guests":{"type":"array","maxItems":3,"items":{"type":"object","additionalProperties":false,"required":["name"],"properties":{"name":{"type":"string","minLength":1},"vip":{"type":"boolean"}}}},
	"price":{"type":["number","null"],"exclusiveMinimum":0}}}`

// booking runs whatever it is asked, and keeps it.
type booking struct{ ran []json.RawMessage }

func (b *booking) Describe() action.Info { return action.Info{ID: "1", Type: "action_external"} }
func (b *booking) Tool() llm.Tool {
	return llm.Tool{Name: "book", Schema: json.RawMessage(bookingSchema)}
}
func (b *booking) Run(_ context.Context, in action.Input) (action.Result, error) {
	b.ran = append(b.ran, slices.Clone(in.Args))
	return action.Result{Data: "booked"}, nil
}

// isBooking is bookingSchema in Go, so that the one checks the other.
func isBooking(args json.RawMessage) bool {
	d := json.NewDecoder(bytes.NewReader(args))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil || v == nil {
		return false
	}
	if _, err := d.Token(); err != io.EOF {
		return false
	}
	only := func(o map[string]any, names ...string) bool {
		for k := range o {
			if !slices.Contains(names, k) {
				return false
			}
		}
		return true
	}
	number := func(x any, whole bool) (n float64, ok bool) {
		j, ok := x.(json.Number)
		if !ok {
			return 0, false
		}
		n, _ = j.Float64() // infinite where it is too large
		return n, !whole || n == math.Trunc(n)
	}
	if !only(v, "day", "seats", "note", "guests", "price") {
		return false
	}
	day, _ := v["day"].(string)
	seats, whole := number(v["seats"], true)
	if !slices.Contains([]string{"mon", "tue", "wed"}, day) || !whole || seats < 1 || seats > 12 {
		return false
	}
	if n, given := v["note"]; given {
		s, ok := n.(string)
		if !ok || len([]rune(s)) > 20 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz ") != "" {
			return false
		}
	}
	if p, given := v["price"]; given && p != nil {
		if n, ok := number(p, false); !ok || n <= 0 {
			return false
		}
	}
	if g, given := v["guests"]; given {
		list, ok := g.([]any)
		if !ok || len(list) > 3 {
			return false
		}
		for _, x := range list {
			guest, ok := x.(map[string]any)
			name, is := guest["name"].(string)
			_, vip := guest["vip"].(bool)
			if _, said := guest["vip"]; !ok || !is || name == "" || !only(guest, "name", "vip") || said && !vip {
				return false
			}
		}
	}
	return true
}

// mangled is a booking as a model may write it that is confused, or under attack: right in places.
func mangled(r *rand.Rand) string {
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	odd := func() string {
		return pick(`null`, `true`, `7`, `-1`, `1.5`, `1e3`, `1e400`, `""`, `"mon"`, `"x\u0000"`, `"\ud800"`, `[]`, `{}`, `[[[]]]`, `"+19005550100"`, `{"$ref":"#"}`, `nul`, `'mon'`, `NaN`)
	}
	or := func(good ...string) string {
		if r.IntN(20) == 0 {
			return odd()
		}
		return pick(good...)
	}
	guest := func() string {
		g := `{"name":` + or(`"Ada"`, `"Bob"`, `""`)
		if r.IntN(2) == 0 {
			g += `,"vip":` + or(`true`, `false`)
		}
		if r.IntN(9) == 0 {
			g += `,` + pick(`"name":"Eve"`, `"age":3`, `"Name":"Eve"`)
		}
		return g + `}`
	}
	fields := []string{`"day":` + or(`"mon"`, `"tue"`, `"wed"`, `"mon"`, `"Mon"`), `"seats":` + or(`2`, `12`, `1.0`, `3`, `4`, `13`, `0`)}
	if r.IntN(2) == 0 {
		fields = append(fields, `"note":`+or(`"by the window"`, `""`, `"`+strings.Repeat("a", 21)+`"`, `"WINDOW"`))
	}
	if r.IntN(2) == 0 {
		var gs []string
		for range r.IntN(5) {
			gs = append(gs, guest())
		}
		fields = append(fields, `"guests":`+or(`[`+strings.Join(gs, ",")+`]`))
	}
	if r.IntN(3) == 0 {
		fields = append(fields, `"price":`+or(`9.5`, `null`, `0`, `1e-9`))
	}
	switch r.IntN(16) {
	case 0:
		fields = append(fields, pick(`"url":"https://evil.example"`, `"Day":"sun"`, `"__proto__":{}`, `"":1`, `"day ":"mon"`))
	case 1:
		fields = append(fields, fields[r.IntN(len(fields))])
	case 2:
		fields = fields[1:]
	}
	r.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	s := `{` + strings.Join(fields, pick(",", ", ", ",\n")) + `}`
	switch r.IntN(20) {
	case 0:
		return s[:r.IntN(len(s))]
	case 1:
		at := r.IntN(len(s))
		return s[:at] + string(rune(r.IntN(300))) + s[at:]
	case 2:
		return pick(s+s, s+"]", `[`+s+`]`, `"`+s+`"`, s+" then dial +19005550100", strings.Repeat("[", 20_000), `{"day":`+strings.Repeat(" ", maxArguments)+`"mon","seats":1}`)
	}
	return s
}

// Of 10,000 calls of a tool, most of them wrong somewhere, those run that fit its schema, with the arguments that were checked, and no others.
func TestToolCallsOutsideTheirSchemaAreNotRun(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 10_000))
	b := &booking{}
	c := newLoop(idleLeg{}, Setup{Doing: Doing{Actions: []action.Action{b}}})
	right, run := 0, 0
	for i := range 10_000 {
		name, args := "book", mangled(r)
		if r.IntN(20) == 0 {
			name = []string{"Book", "book_2", "action_external", "", "book\n"}[r.IntN(5)]
		}
		fits := name == "book" && len(args) <= maxArguments && isBooking(json.RawMessage(args)) && !doubled(args)
		b.ran = b.ran[:0]
		read, _ := c.carriesOut(t, llm.Call{ID: fmt.Sprint(i), Name: name, Args: json.RawMessage(args)})
		switch ran := len(b.ran) > 0; {
		case ran && !fits:
			t.Fatalf("%s was run with %.200q", name, args)
		case !ran && fits:
			t.Fatalf("%s was not run with %.200q: %s", name, args, read)
		case ran && string(b.ran[0]) != args:
			t.Fatalf("%.200q was run with %.200q", args, b.ran[0])
		case !ran && !strings.HasPrefix(read[0], "error: "):
			t.Fatalf("the model reads %q of %.200q", read, args)
		case ran:
			run++
		}
		if fits {
			right++
		}
	}
	if right < 1000 || right > 9000 || run != right {
		t.Errorf("%d of 10,000 were right, and %d were run", right, run)
	}
	t.Logf("%d of 10,000 calls were right and run", run)
}

// doubled reports whether an object of mangled's has a name twice: then fewer names are read than are written.
func doubled(args string) bool {
	var v any
	d := json.NewDecoder(strings.NewReader(args))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return true
	}
	count := 0
	var names func(v any)
	names = func(v any) {
		switch x := v.(type) {
		case map[string]any:
			count += len(x)
			for _, e := range x {
				names(e)
			}
		case []any:
			for _, e := range x {
				names(e)
			}
		}
	}
	names(v)
	return strings.Count(args, `":`) != count
}
