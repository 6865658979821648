package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parley-voice/parley/metrics/read"
)

// topRows is how many vendors and causes are shown at most.
const topRows = 8

// late20 is the bound of the pacer's histogram beyond which a packet has the next one on its heels.
const late20 = 0.02

// topLook is a sample and what there was before it.
type topLook struct {
	*topSample
	old   read.Values
	over  time.Duration // between the two
	lines []string
}

// topView shows a sample: rates and latencies of what there was since an earlier one, or since the server's start.
func topView(old, now *topSample) []string {
	l := &topLook{topSample: now}
	started := now.values.Sum("process_start_time_seconds", nil)
	up := now.at.Sub(time.UnixMilli(int64(started * 1000))).Round(time.Second)
	what := "since its start"
	if l.over = up; old != nil && now.at.After(old.at) {
		l.old, l.over = old.values, now.at.Sub(old.at)
		what = "the last " + l.over.Round(time.Second).String()
	}
	l.over = max(l.over, time.Millisecond)
	l.line("Parley at %s   %s   up %s   rates and latencies: %s", now.url, now.at.Format(time.TimeOnly), up, what)
	l.line("")
	l.process()
	l.traffic()
	l.sound()
	l.waits()
	l.vendors()
	l.company()
	l.running()
	return l.lines
}

func (l *topLook) line(format string, args ...any) {
	l.lines = append(l.lines, strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

// row is a line of the sheet: what it is about, and the rest.
func (l *topLook) row(name, format string, args ...any) {
	l.line("%-11s %s", name, fmt.Sprintf(format, args...))
}

// added is what a counter was added to.
func (l *topLook) added(name string, labels read.Labels) float64 {
	return l.values.Since(l.old, name, labels)
}

// minutely is that by the minute.
func (l *topLook) minutely(name string, labels read.Labels) string {
	return count(l.added(name, labels) / l.over.Minutes())
}

func (l *topLook) histogram(name string, labels read.Labels) read.Histogram {
	return l.values.Histogram(l.old, name, labels)
}

func (l *topLook) process() {
	v := l.values
	l.row("process", "%.2f cores   %.0f MiB   %.0f goroutines   %.0f of %s files", l.added("process_cpu_seconds_total", nil)/l.over.Seconds(),
		v.Sum("process_resident_memory_bytes", nil)/(1<<20), v.Sum("go_goroutines", nil), v.Sum("process_open_fds", nil), count(v.Sum("process_max_fds", nil)))
	requests := l.histogram("parley_http_request_duration_seconds", nil)
	l.row("API", "%s requests a second   p99 %s   %s answered with 5xx", count(requests.Count/l.over.Seconds()), took(requests.Quantile(0.99)),
		count(l.added("parley_http_requests_total", read.Labels{"status": "5xx"})))
}

func (l *topLook) traffic() {
	ended := map[string]float64{}
	for _, r := range l.values.Rows("parley_calls_ended_total", "cause") {
		if n := l.added("parley_calls_ended_total", read.Labels{"cause": r[0]}); n > 0 {
			ended[r[0]] = n
		}
	}
	l.row("calls", "%.0f running   %.0f RTP ports   ended: %s", l.values.Sum("parley_calls_running", nil), l.values.Sum("parley_rtp_ports_in_use", nil), most(ended))
	l.room()
	total := l.histogram("parley_turn_latency_seconds", read.Labels{"stage": "total"})
	l.row("answers", "%s   p50 %s   p95 %s   p99 %s", count(total.Count), took(total.Quantile(0.5)), took(total.Quantile(0.95)), took(total.Quantile(0.99)))
	if total.Count > 0 {
		var parts []string
		for _, stage := range []string{"stt", "endpointing", "queue", "llm", "actions", "chunking", "tts", "playout"} {
			parts = append(parts, stage+" "+took(l.histogram("parley_turn_latency_seconds", read.Labels{"stage": stage}).Mean()))
		}
		l.row("", "mean: %s", strings.Join(parts, "  "))
	}
}

// room is what was measured of how many calls the node carries.
func (l *topLook) room() {
	v := l.values
	if !v.Has("parley_load_ratio") {
		return
	}
	carries, takes := "not known yet", "taken"
	if n := v.Sum("parley_calls_capacity", nil); n > 0 {
		carries = count(n) + " calls"
	}
	for _, r := range v.Rows("parley_calls_refused_now", "reason") {
		if v.Sum("parley_calls_refused_now", read.Labels{"reason": r[0]}) > 0 {
			takes = "refused: " + r[0]
		}
	}
	l.row("capacity", "%s   load %.0f %%   new calls are %s", carries, 100*v.Sum("parley_load_ratio", nil), printable(takes))
}

func (l *topLook) sound() {
	late := l.histogram("parley_pacer_late_seconds", nil)
	l.row("pacer", "%s packets   late by p50 %s   p99 %s   p99.9 %s   more than 20 ms: %s", count(late.Count), took(late.Quantile(0.5)), took(late.Quantile(0.99)),
		took(late.Quantile(0.999)), percent(late.Above(late20)))
	lost := func(way string) string {
		return percent(l.histogram("parley_media_lost_ratio", read.Labels{"direction": way}).Quantile(0.9))
	}
	l.row("media", "calls that are over, p90: lost in %s  out %s   jitter in %s", lost("in"), lost("out"), took(l.histogram("parley_media_jitter_seconds", read.Labels{"direction": "in"}).Quantile(0.9)))
	state := func(name, state string) float64 { return l.values.Sum(name, read.Labels{"state": state}) }
	l.row("trunks", "%.0f registered   %.0f not   addresses: %.0f up   %.0f down", state("parley_trunk_registrations", "registered"),
		state("parley_trunk_registrations", "unregistered"), state("parley_trunk_addresses", "up"), state("parley_trunk_addresses", "down"))
}

func (l *topLook) waits() {
	v := l.values
	if !v.Has("parley_calls_queued") {
		l.row("database", "does not answer within 2 s")
	} else {
		age := func(name string) string { return took(v.Sum(name, nil)) }
		l.row("queue", "%.0f calls, the first overdue %s   %.0f jobs, the first overdue %s", v.Sum("parley_calls_queued", nil), age("parley_calls_overdue_seconds"),
			v.Sum("parley_jobs_waiting", nil), age("parley_jobs_overdue_seconds"))
	}
	l.row("events", "on the disk after p50 %s   p99 %s   %.0f not handed to webhooks yet", took(l.histogram("parley_event_log_delay_seconds", nil).Quantile(0.5)),
		took(l.histogram("parley_event_log_delay_seconds", nil).Quantile(0.99)), v.Sum("parley_event_log_unread", nil))
	attempts := func(result string) string {
		return l.minutely("parley_webhook_attempts_total", read.Labels{"result": result})
	}
	l.row("webhooks", "a minute: %s delivered   %s to be tried again   %s given up", attempts("delivered"), attempts("pending"), attempts("failed"))
}

func (l *topLook) vendors() {
	l.line("")
	l.line("%-10s %-14s %9s %9s %9s %9s  %s", "SKILL", "VENDOR", "TURNS/MIN", "P50", "P95", "FAIL/MIN", "WHY")
	rows := append(l.values.Rows("parley_vendor_turns_total", "skill", "vendor"), l.values.Rows("parley_vendor_failures_total", "skill", "vendor")...)
	slices.SortFunc(rows, slices.Compare[[]string])
	rows = slices.CompactFunc(rows, slices.Equal[[]string])
	shown := 0
	for _, r := range rows {
		who := read.Labels{"skill": r[0], "vendor": r[1]}
		turns, fails := l.added("parley_vendor_turns_total", who), l.added("parley_vendor_failures_total", who)
		if turns+fails == 0 || shown == topRows {
			continue
		}
		shown++
		why := map[string]float64{}
		for _, reason := range l.values.Rows("parley_vendor_failures_total", "reason") {
			if n := l.added("parley_vendor_failures_total", read.Labels{"skill": r[0], "vendor": r[1], "reason": reason[0]}); n > 0 {
				why[reason[0]] = n
			}
		}
		h := l.histogram("parley_vendor_latency_seconds", who)
		reasons := ""
		if fails > 0 {
			reasons = most(why)
		}
		l.line("%-10s %-14s %9s %9s %9s %9s  %s", r[0], r[1], l.minutely("parley_vendor_turns_total", who), took(h.Quantile(0.5)), took(h.Quantile(0.95)),
			l.minutely("parley_vendor_failures_total", who), reasons)
	}
	if shown == 0 {
		l.line("nobody served a turn")
	}
}

// topSilent is how long a node may not have been heard of before that is said.
const topSilent = 10 * time.Second

// company are all nodes of the database, where there are several.
func (l *topLook) company() {
	if len(l.nodes) < 2 {
		return
	}
	l.line("")
	l.line("%-20s %-21s %-16s %-9s %-16s  %s", "NODE", "SIP", "VERSION", "CALLS", "ROLES", "STATE   (rates above are of the one at this URL)")
	for _, n := range l.nodes {
		calls, state := strconv.Itoa(n.Calls), "up "+max(0, l.at.Sub(n.Started)).Round(time.Second).String()
		if n.Most != nil {
			calls += "/" + strconv.Itoa(*n.Most)
		}
		if n.Draining {
			state = "draining"
		}
		if silent := l.at.Sub(n.Seen); silent > topSilent {
			state += ", not heard of for " + silent.Round(time.Second).String()
		}
		l.line("%-20s %-21s %-16s %-9s %-16s  %s", printable(n.Name), printable(n.Address), printable(n.Version), calls, printable(strings.Join(n.Roles, ",")), state)
	}
}

func (l *topLook) running() {
	l.line("")
	if l.note != "" {
		l.line("%s", printable(l.note))
		return
	}
	l.line("%-36s  %-8s  %-8s  %-24s  %s   (%d run in this key's environment)", "CALL", "", "SINCE", "FROM", "TO", l.total)
	for _, c := range l.calls {
		way, since := "inbound", "–"
		if c.Outgoing {
			way = "outbound"
		}
		if c.Start != nil {
			since = l.at.Sub(*c.Start).Round(time.Second).String()
		}
		l.line("%-36s  %-8s  %-8s  %-24s  %s", printable(c.ID), way, since, printable(c.From), printable(c.To))
	}
}

// printable takes out what a terminal would act on: what comes over the wire may have been made to.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

// most are the greatest of some counts, with their names.
func most(counts map[string]float64) string {
	names := make([]string, 0, len(counts))
	for n := range counts {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	var out []string
	for _, n := range names[:min(len(names), topRows)] {
		out = append(out, count(counts[n])+" "+n)
	}
	return cmp.Or(strings.Join(out, "  "), "none")
}

// count writes a number with one place below ten, and thousands as k.
func count(n float64) string {
	switch {
	case math.IsNaN(n):
		return "–"
	case n >= 10_000_000:
		return fmt.Sprintf("%.0fM", n/1e6)
	case n >= 10_000:
		return fmt.Sprintf("%.0fk", n/1e3)
	case n < 10 && n != math.Trunc(n):
		return fmt.Sprintf("%.1f", n)
	}
	return fmt.Sprintf("%.0f", n)
}

// took writes seconds as they are read best.
func took(seconds float64) string {
	switch {
	case math.IsNaN(seconds):
		return "–"
	case seconds == 0:
		return "0"
	case seconds < 0.01:
		return fmt.Sprintf("%.1f ms", seconds*1000)
	case seconds < 1:
		return fmt.Sprintf("%.0f ms", seconds*1000)
	case seconds < 100:
		return fmt.Sprintf("%.1f s", seconds)
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Second).String()
}

func percent(share float64) string {
	if math.IsNaN(share) {
		return "–"
	}
	return fmt.Sprintf("%.2f %%", share*100)
}
