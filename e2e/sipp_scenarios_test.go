//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// sippRuns is how often each scenario is run, and how many of those must pass: all.
const sippRuns = 20

// together is how many scenarios run at once.
const together = 4

// account is whom the scenarios called auth prove themselves to be.
var account = parley.TrunkAccount{ID: "t1", Host: "127.0.0.1", Username: "alice", Password: "wonderland"}

// known is whoever comes from loopback.
var known = parley.TrunkAccount{ID: "t2", Host: "127.0.0.1", AllowedAddresses: []string{"127.0.0.0/8"}}

// mover may move calls.
var mover = parley.TrunkAccount{ID: "t3", Host: "127.0.0.1", AllowedAddresses: []string{"127.0.0.0/8"}, TrunkMoves: parley.TrunkMoves{AllowRefer: true}}

func moved(h *heard) bool {
	return h.byFar() && h.Kinds[leg.Referred] == 1 && h.Referral != nil && h.Referral.To == "elsewhere"
}

// A row says what a scenario needs besides its file. Most need nothing.
type row struct {
	name     string // when it is not the file's
	file     string
	tcp      bool
	accounts []parley.TrunkAccount
	want     func(*heard) bool // of each call
	calls    int               // how many each run makes; -1: as many as it likes
	wire     string            // what sipp has to have received, at least
	times    int               // so often in each run: sipp itself passes over what is repeated
}

func rows() []row {
	far := func(h *heard) bool { return h.byFar() }
	return []row{
		{file: "plain", want: far}, {file: "plain", name: "plain over TCP", tcp: true, want: far},
		{file: "late_offer", want: far}, {file: "late_offer", name: "late_offer over TCP", tcp: true, want: far},
		{file: "large", name: "large over TCP", tcp: true, want: far}, {file: "large", want: func(h *heard) bool {
			return h.byFar() && len(h.Ringing.Headers) == 40
		}},
		{file: "hold", want: held}, {file: "hold_inactive", want: held}, {file: "hold_zero", want: held}, {file: "update", want: held},
		{file: "ack_lost", wire: "SIP/2.0 200 OK", times: 3, want: far}, {file: "hung_up_lost", wire: "BYE sip:", times: 2}, {file: "cancel_race", calls: -1}, {file: "auth_reused", calls: 2, accounts: []parley.TrunkAccount{account}, want: far},
		{file: "auth", accounts: []parley.TrunkAccount{account}, want: func(h *heard) bool { return h.byFar() && h.Ringing.Trunk == "t1" }},
		{file: "auth_wrong", accounts: []parley.TrunkAccount{account}, calls: -1, want: never},
		{file: "auth_nobody", accounts: []parley.TrunkAccount{account}, calls: -1, want: never},
		{file: "auth_of_strangers", accounts: []parley.TrunkAccount{account}, calls: -1, want: never},
		{file: "options", calls: -1, want: never}, {file: "options_no_hops", calls: -1, want: never}, {file: "methods", calls: -1, want: never},
		{file: "method_case", calls: -1, want: never}, {file: "bye_unknown", calls: -1, want: never}, {file: "cancel_unknown", calls: -1, want: never},
		{file: "require_unknown", calls: -1, want: never}, {file: "sdp_bad", calls: -1, want: never}, {file: "sdp_type", calls: -1, want: never},
		{file: "uri_scheme", calls: -1, want: never}, {file: "no_contact", calls: -1, want: never},
		{file: "prack_lost", wire: "SIP/2.0 180", times: 2}, {file: "prack_unasked", want: far},
		{file: "info_digits", want: func(h *heard) bool { return h.byFar() && h.Digits == "7*2" }}, {file: "info_other", want: far},
		{file: "refer_taken", accounts: []parley.TrunkAccount{mover}, want: moved}, {file: "refer_no_news", accounts: []parley.TrunkAccount{mover}, want: moved},
		{file: "refer_bad", accounts: []parley.TrunkAccount{mover}, want: func(h *heard) bool { return h.byFar() && h.Kinds[leg.Referred] == 0 }},
		{file: "refer_declined", accounts: []parley.TrunkAccount{known}, want: func(h *heard) bool { return h.byFar() && h.Kinds[leg.Referred] == 0 }},
		{file: "refer_stranger", calls: -1, want: never}, {file: "replaces", want: far}, {file: "replaces_unknown", calls: -1, want: never},
		{file: "headers_told", want: func(h *heard) bool {
			x := h.Ringing.Headers
			return h.byFar() && x["X-Ticket"] == "4711" && strings.Contains(x["Diversion"], "4155550199") &&
				strings.Contains(x["P-Asserted-Identity"], "4155550123") && x["User-To-User"] == "48656c6c6f;encoding=hex"
		}},
		{file: "headers_folded", want: func(h *heard) bool { return h.byFar() && h.Ringing.Headers["X-Folded"] == "one two" }},
		{file: "tel", want: func(h *heard) bool {
			return h.byFar() && h.Ringing.To == "+14155550200" && h.Ringing.From == "+14155550100"
		}},
		{file: "uri_parameters", want: func(h *heard) bool { return h.byFar() && h.Ringing.To == "echo" }},
		{file: "referred_out", want: func(h *heard) bool { return h.Failed == nil }},
		{file: "referred_out_failed", want: func(h *heard) bool { return h.Failed != nil }},
		{file: "referred_out_refused", want: func(h *heard) bool { return h.Failed != nil }},
	}
}

func held(h *heard) bool { return h.byFar() && h.Kinds[leg.Held] == 1 && h.Kinds[leg.Resumed] == 1 }

func never(*heard) bool { return false }

// TestSippScenarios runs every file of sipp/ sippRuns times against a trunk: each run has to go as the file says, word for word, and
// the owner of the calls has to have been told what the row says. Files that call are run by sipp, those called out_… are dialled.
func TestSippScenarios(t *testing.T) {
	need(t, "sipp")
	files, err := filepath.Glob(filepath.Join("sipp", "*.xml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	all := rows()
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".xml")
		if !slices.ContainsFunc(all, func(r row) bool { return r.file == name }) && !strings.HasPrefix(name, "out_") {
			all = append(all, row{file: name})
		}
	}
	turn := make(chan struct{}, together)
	for _, r := range all {
		if r.name == "" {
			r.name = r.file
		}
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			turn <- struct{}{}
			defer func() { <-turn }()
			r.run(t)
		})
	}
}

func (r *row) run(t *testing.T) {
	d := open(t, r.accounts...)
	args := []string{d.Addr().String(), "-r", "40"}
	if r.tcp {
		args = append(args, "-t", "t1")
	}
	messages := runSipp(t, r.file, freePort(t), args...)
	if t.Failed() {
		return
	}
	if n := received(messages, r.wire); n < r.times*sippRuns {
		t.Errorf("%q came %d times, not %d", r.wire, n, r.times*sippRuns)
	}
	n := max(r.calls, 1) * sippRuns
	if r.calls < 0 {
		n = 0
	}
	calls := d.over(t, n)
	if r.calls >= 0 && len(calls) != n {
		t.Errorf("%d calls, not %d", len(calls), n)
	}
	for _, h := range calls {
		if r.want != nil && !r.want(h) {
			t.Errorf("a call: %v", h)
		}
	}
}

// received counts the messages to sipp that begin with start.
func received(log, start string) (n int) {
	for part := range strings.SplitSeq(log, "message received [") {
		_, m, _ := strings.Cut(part, "\n\n")
		if strings.HasPrefix(m, start) {
			n++
		}
	}
	return n
}

// mediaPort is where the next sipp takes its sound: it needs four ports.
var mediaPort atomic.Int64

// runSipp runs a scenario sippRuns times and returns the log of messages; it fails when one does not come, or one that does not belong.
func runSipp(t *testing.T, file string, port int, args ...string) string {
	t.Helper()
	path, err := filepath.Abs("sipp")
	if err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := t.TempDir()
	cmd := exec.CommandContext(ctx, "sipp", append([]string{"-sf", filepath.Join(path, file+".xml"), "-i", "127.0.0.1", "-mi", "127.0.0.1",
		"-p", fmt.Sprint(port), "-mp", fmt.Sprint(25000 + mediaPort.Add(4)%4000), "-m", fmt.Sprint(sippRuns), "-nostdin", "-trace_err", "-trace_msg",
		"-error_file", filepath.Join(dir, "errors.log"), "-message_file", filepath.Join(dir, "messages.log"), "-timeout", "40s", "-timeout_error"}, args...)...)
	cmd.Dir = path // of files that scenarios name
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		dump := exec.Command("sh", "-c", "head -c 3000 errors.log; head -c 6000 messages.log")
		dump.Dir = dir
		b, _ := dump.CombinedOutput()
		s := out.Bytes()
		t.Errorf("sipp %s: %v\n%s\n%s", file, err, b, s[max(0, len(s)-1500):])
	}
	b, err := os.ReadFile(filepath.Join(dir, "messages.log"))
	if err != nil {
		t.Error(err)
	}
	return string(b)
}
