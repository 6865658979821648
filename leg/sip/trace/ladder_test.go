package trace

import (
	"bytes"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "write the golden files anew")

// read takes messages from a script: a line "@ ms in|out network local remote", and the message.
func read(t testing.TB, script string) (ms []Message) {
	t.Helper()
	for _, part := range strings.Split("\n"+script, "\n@ ")[1:] {
		line, raw, _ := strings.Cut(part, "\n")
		f := strings.Fields(line)
		at, err := strconv.ParseFloat(f[0], 64)
		if err != nil {
			t.Fatal(line)
		}
		m := Message{At: began.Add(time.Duration(at * float64(time.Millisecond))), Out: f[1] == "out", Network: f[2],
			Local: netip.MustParseAddrPort(f[3]), Remote: netip.MustParseAddrPort(f[4]),
			Raw: []byte(strings.ReplaceAll(raw+"\n", "\n", "\r\n"))}
		if len(f) > 5 {
			m.Skipped, _ = strconv.Atoi(strings.TrimPrefix(f[5], "skipped="))
		}
		ms = append(ms, m)
	}
	return ms
}

func scripts(t testing.TB) map[string][]Message {
	names, err := filepath.Glob("testdata/ladder/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatal("no scripts", err)
	}
	all := map[string][]Message{}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		script, _, _ := strings.Cut(string(b), "----------\n")
		all[name] = read(t, strings.TrimSuffix(script, "\n"))
	}
	return all
}

func TestLadders(t *testing.T) {
	for name, messages := range scripts(t) {
		var got bytes.Buffer
		if err := Ladder(&got, messages); err != nil {
			t.Fatal(err)
		}
		b, _ := os.ReadFile(name)
		script, want, _ := strings.Cut(string(b), "----------\n")
		if *update {
			if err := os.WriteFile(name, []byte(script+"----------\n"+got.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got.String() != want {
			t.Errorf("%s:\n%s", name, got.String())
		}
		sane(t, got.String())
	}
}

// sane: nothing that a terminal would obey, and no line that it would have to fold.
func sane(t *testing.T, s string) {
	t.Helper()
	for _, line := range strings.Split(s, "\n") {
		if n := utf8.RuneCountInString(line); n > ladderWidth {
			t.Errorf("%d columns: %s", n, line)
		}
		if !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x202e }) {
			t.Errorf("not for a terminal: %q", line)
		}
	}
}

func TestLadderOfNothing(t *testing.T) {
	var got strings.Builder
	if err := Ladder(&got, nil); err != nil || got.String() != "no messages\n" {
		t.Error(got.String(), err)
	}
}

func FuzzLadder(f *testing.F) {
	for _, messages := range scripts(f) {
		for _, m := range messages {
			f.Add(m.Raw, m.Raw)
		}
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		messages := []Message{
			{At: began, Network: "UDP", Local: us, Remote: them, Raw: Mask(a)},
			{At: began.Add(time.Second), Network: "TCP", Local: us, Remote: them, Out: true, Raw: Mask(b)},
		}
		if len(messages[0].Raw) != len(a) || len(messages[1].Raw) != len(b) {
			t.Fatal("masking changes the length")
		}
		var ladder, capture bytes.Buffer
		if Ladder(&ladder, messages) != nil || Pcap(&capture, messages) != nil {
			t.Fatal("not written")
		}
		sane(t, ladder.String())
	})
}
