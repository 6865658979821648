package main

import (
	"bytes"
	"flag"
	"io"
	"math"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the program says into docs/scale.md")

const (
	page        = "../../docs/scale.md"
	performance = "../../docs/performance.md"
	begin, end  = "<!-- go run ./bench/scale -->\n", "<!-- end -->\n"
)

func said(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if err := run(args, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestThePage: docs/scale.md says what the program says.
func TestThePage(t *testing.T) {
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(b), begin)
	was, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the page has no place for it")
	}
	want := said(t)
	if *update {
		if err := os.WriteFile(page, []byte(head+begin+want+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if was != want {
		t.Errorf("docs/scale.md is not what go run ./bench/scale says: go test ./bench/scale -run ThePage -update")
	}
}

// TestMeasured: every figure that is called measured is on the page of measurements.
func TestMeasured(t *testing.T) {
	b, err := os.ReadFile(performance)
	if err != nil {
		t.Fatal(err)
	}
	measured := 0
	for _, c := range costs {
		switch {
		case c.what == "" || c.value <= 0:
			t.Errorf("%+v is empty", c)
		case c.flag != "" && c.line != "" || c.flag == "" && c.line == "" && c.how == "":
			t.Errorf("%s: it is neither measured nor assumed nor reckoned", c.what)
		}
		if c.line == "" {
			continue
		}
		measured++
		if !strings.HasPrefix(c.says, number(c.value)) && c.how == "" {
			t.Errorf("%s: %v is not what it says, %s", c.what, c.value, c.says)
		}
		found := false
		for line := range strings.Lines(string(b)) {
			found = found || strings.HasPrefix(line, c.line) && strings.Contains(line, c.says)
		}
		if !found {
			t.Errorf("%s: no line of docs/performance.md begins with %q and has %s", c.what, c.line, c.says)
		}
	}
	if measured < 11 {
		t.Errorf("only %d costs are measured", measured)
	}
	if v := costs[setupCPU].value; v != 1.10/200*1000 {
		t.Errorf("a set-up's CPU is %v ms", v)
	}
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > want/1e6 {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// TestReckon holds the arithmetic against one that was done by hand.
func TestReckon(t *testing.T) {
	c := costs
	for i, v := range map[int]float64{callCPU: 1, setupCPU: 60, minutes: 1, turns: 6, cores: 2, busy: 50, callRows: 10, turnRows: 5, callWAL: 20, turnWAL: 10, callKept: 2, turnKept: 1,
		sound: 64, recorded: 50, quieter: 50, days: 10, spare: 20} {
		c[i].value = v
	}
	per, bound := oneNode(c) // one core of 1 % and 60 ms a minute each
	near(t, "calls of a node", per, math.Floor(1/0.011))
	if bound != "CPU" {
		t.Errorf("it is bound by %s", bound)
	}
	n := reckon(c, 600)
	near(t, "set-ups", n.setups, 10)
	near(t, "answers", n.answers, 60)
	near(t, "nodes", n.nodes, 7+2)
	near(t, "rows", n.rows, 10*10+60*5)
	near(t, "WAL", n.wal, 0.8)
	near(t, "kept a day", n.kept, 43200*80/1e6)
	near(t, "recording", n.record, 600*64*0.5/1000)
	near(t, "recordings", n.sounds, 19.2*43200*10/1e6)
	near(t, "streams", n.streams, 1800)
	near(t, "webhooks", n.webhooks, 10*3+60*2)
	near(t, "messages", n.messages, 10*16+60*28.7+9)
}

// TestWhatBindsANode: each part of a node can be the one that is too small.
func TestWhatBindsANode(t *testing.T) {
	for bound, i := range map[string]int{"CPU": cores, "memory": memory, "network": network, "disk": disk, "ports": ports} {
		c := costs
		c[i].value = 0.05
		if _, got := oneNode(c); got != bound {
			t.Errorf("with little %s it is bound by %s", bound, got)
		}
	}
}

// TestMoreNeedsMore: nothing gets less with more calls, and the parts that give out come first.
func TestMoreNeedsMore(t *testing.T) {
	var last need
	for calls := 1.0; calls < 1e8; calls *= 7 {
		n := reckon(costs, calls)
		for what, x := range map[string][2]float64{"nodes": {last.nodes, n.nodes}, "rows": {last.rows, n.rows}, "WAL": {last.wal, n.wal}, "messages": {last.messages, n.messages}, "sounds": {last.sounds, n.sounds}} {
			if x[1] < x[0] || x[1] <= 0 {
				t.Errorf("%v calls: %s %v after %v", calls, what, x[1], x[0])
			}
		}
		parts := n.parts(costs)
		for i := 1; i < len(parts); i++ {
			if parts[i].full > parts[i-1].full {
				t.Errorf("%v calls: %s comes before %s", calls, parts[i-1].name, parts[i].name)
			}
		}
		last = n
	}
}

func TestCommandLine(t *testing.T) {
	got := said(t, "--cores", "32", "--minutes", "1.5", "5,000", "50000")
	for _, want := range []string{"| a node's cores | 32 | `--cores` |", "| calls at once | 5,000 | 50,000 |", "| 5,000 calls | needed | then |"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if strings.Contains(got, "1,000,000 calls") {
		t.Error("sizes that were not asked for are shown")
	}
	for _, args := range [][]string{{"many"}, {"0"}, {"1e12"}, {"--minutes", "0"}, {"--cores", "-1"}, {"--cores", "NaN"}, {"--what"}} {
		if err := run(args, io.Discard, io.Discard); err == nil {
			t.Errorf("%q was carried out", args)
		}
	}
	if number(0.001) != "< 0.01" || number(0) != "0" || number(12.345) != "12.3" || number(1234567) != "1,230,000" || number(999) != "999" || number(100) != "100" {
		t.Error(number(0.001), number(0), number(12.345), number(1234567), number(999), number(100))
	}
}
