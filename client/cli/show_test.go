package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
)

// recorded is a call of half a second of sound.
func (d *desk) recorded() (id string) {
	d.t.Helper()
	id = d.call(func(c *parley.Call) { c.Recording, c.Status = "sound.wav", parley.Ended })
	f, err := d.blobs.Create("sound.wav")
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	rec, err := audio.NewRecorder(f)
	if err != nil {
		d.t.Fatal(err)
	}
	var frame audio.Frame
	for i := range 25 {
		if err := rec.AddLeft(time.Duration(i)*audio.FrameDur, &frame); err != nil {
			d.t.Fatal(err)
		}
	}
	if err := rec.Close(); err != nil {
		d.t.Fatal(err)
	}
	return id
}

func TestRecordings(t *testing.T) {
	d := newDesk(t)
	d.atWork()
	d.ids["call"] = d.recorded()
	d.ids["silent"] = d.call(func(c *parley.Call) {})
	if _, said, err := d.run("calls", "recording", "{call}", "-o", "call.wav"); err != nil || !strings.Contains(said, "bytes in call.wav") {
		t.Fatalf("%v %s", err, said)
	}
	wav, err := os.ReadFile("call.wav")
	if err != nil || !bytes.HasPrefix(wav, []byte("RIFF")) {
		t.Errorf("%d bytes, %v", len(wav), err)
	}
	out, _, err := d.run("calls", "recording", "{call}", "format=wav", "-o", "-")
	if err != nil || out != string(wav) {
		t.Errorf("the standard output got %d bytes of %d: %v", len(out), len(wav), err)
	}
	if _, _, err := d.run("calls", "recording", "{silent}", "-o", "call.wav"); err == nil || !strings.Contains(err.Error(), "the call has none") {
		t.Errorf("a call without a recording: %v", err)
	}
	if again, err := os.ReadFile("call.wav"); err != nil || !bytes.Equal(again, wav) {
		t.Error("a recording that is not there took the place of one that was")
	}
	if _, _, err := d.run("calls", "recording", "{call}", "-o", "no/folder.wav"); err == nil || !strings.Contains(err.Error(), "-o: ") {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestEventsOfACall(t *testing.T) {
	d := newDesk(t)
	d.atWork()
	d.ids["call"] = d.call(func(c *parley.Call) { c.Status = parley.Ended })
	for i, text := range []string{"hello", "\x1b[2Jbye"} {
		d.db.Log().Append(parley.Event{ID: uuid.NewString(), CallID: d.ids["call"], Type: parley.EventMessage, Time: time.Date(2026, 11, 24, 9, 30, i, 0, time.UTC),
			Payload: json.RawMessage(`{"text":` + quoted(text) + `}`)})
	}
	if err := d.db.Log().Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	out, _, err := d.run("calls", "events", "{call}")
	want := `09:30:00.000    1  event_message                     {"text":"hello"}
09:30:01.000    2  event_message                     {"text":"\u001b[2Jbye"}
`
	if err != nil || out != want {
		t.Errorf("%v\n%s", err, out)
	}
	out, _, err = d.run("calls", "events", "{call}", "after=1", "-o", "json")
	if err != nil || strings.Count(out, "\n") != 1 || !json.Valid([]byte(out)) || !strings.Contains(out, `"sequence":2`) {
		t.Errorf("%v\n%s", err, out)
	}
	out, _, err = d.run("calls", "events", "{call}", "-o", "yaml")
	if err != nil || strings.Count(out, "---\n") != 2 || !strings.Contains(out, "text: hello") {
		t.Errorf("%v\n%s", err, out)
	}
}

func quoted(s string) string { b, _ := json.Marshal(s); return string(b) }

// TestTextThatATerminalWouldObey: what callers, vendors and other people wrote reaches the terminal as letters.
func TestTextThatATerminalWouldObey(t *testing.T) {
	d := newDesk(t)
	d.atWork()
	d.file("evil.json", `{"label":"a\u001b]0;x\u0007b\u009bc\u202ed\ne\tf","content":"x"}`)
	if _, _, err := d.run("prompts", "create", "-f", "evil.json"); err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"table", "json", "yaml"} {
		out, _, err := d.run("prompts", "list", "-o", form)
		if err != nil || strings.ContainsAny(out, "\x1b\x07\u009b") || form != "yaml" && strings.Contains(out, "\u202e") {
			t.Errorf("%s: %v %q", form, err, out)
		}
		var page struct{ Items []struct{ Label string } }
		if form == "json" && (json.Unmarshal([]byte(out), &page) != nil || page.Items[0].Label != "a\x1b]0;x\x07b\u009bc\u202ed\ne\tf") {
			t.Errorf("the text has become another one: %q", page.Items)
		}
	}
}

func TestHelp(t *testing.T) {
	d := newDesk(t)
	for args, want := range map[string]string{
		"keys --help":                           "Who may use an environment.¦parley keys list ¦parley keys create [-f FILE] [name=value …]¦parley keys delete ID¦Examples:¦parley keys create label=",
		"keys -h":                               "parley keys list",
		"calls help":                            "parley calls say ID TEXT¦parley calls recording ID [name=value …] -o FILE¦parley calls dtmf ID DIGITS",
		"calls create --help":                   " *to_number  ¦ *agent  ¦an agent's id, or an agent¦continue | hangup¦--idempotency-key¦!--filter¦!-h, --help …¦parley calls create to_number=",
		"calls list --help":                     "Fields to filter and sort by:¦ ended_reason ¦--filter¦!--file¦parley calls list --filter",
		"agents create --help":                  "llm_temperature ¦number 0 to ¦true or false¦list of",
		"environments create --help":            "whole number 0 to 36500¦iso8601 | epoch",
		"voices create --help":                  "Types: voice_azure, ¦voice_local¦With type=voice_azure --help",
		"voices create type=voice_local --help": "Options of voice_local:¦0.5 to 2, how fast¦!Types:",
		"calls trace --help":                    "json | ladder | pcap¦.pcap is a capture",
		"sip --help":                            "parley sip trace CALL¦--pcap call.pcap",
		"sip trace --help":                      "parley sip trace CALL",
		"calls recording --help":                ".wav is the stereo master¦mp3 | wav",
		"numbers available --help":              "limit  ¦whole number 1 to 100",
		"numbers get --help":                    "parley numbers get ID|NUMBER [flags]",
	} {
		out, _, err := d.run(strings.Fields(args)...)
		if err != nil {
			t.Errorf("%s: %v", args, err)
		}
		expect(t, args, out, want)
	}
	out, _, err := d.run("calls", "mute", "--help")
	golden, e := os.ReadFile(goldenMute)
	if err != nil || e != nil || out != string(golden) {
		t.Errorf("%v %v: calls mute --help is not %s:\n%s", err, e, goldenMute, out)
	}
}
