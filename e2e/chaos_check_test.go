//go:build e2e && linux

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/parley-voice/parley/audio"
)

const (
	reconcileWithin = 30 * time.Second
	patience        = 2 * time.Minute // after which a round is given up
	endWithin       = 5 * time.Second // of a telephone's going the database knows it, when it can be reached
)

// column reads one column of text; of a database that does not answer, nothing and false.
func (c *chaos) column(q string) (all []string, ok bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	rows, err := c.db.QueryContext(ctx, q)
	if err != nil {
		return nil, false
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if rows.Scan(&s) != nil {
			return nil, false
		}
		all = append(all, s)
	}
	return all, rows.Err() == nil
}

const (
	over    = "c.status IN ('ended', 'error')"
	started = "c.status IN ('not_started', 'in_progress')"
)

// amiss is what is not yet as it is to be.
func (c *chaos) amiss(healed time.Time) (all []string) {
	for _, m := range c.nodes {
		if !c.ready(m.n) {
			all = append(all, placeNames[m.n]+" is not ready")
		}
	}
	lines := map[string]party{}
	for _, l := range c.w.all() {
		if l.call != "" {
			lines[l.call] = l
		}
		lines[l.id] = l
	}
	count := func(name, q string) {
		ids, ok := c.column(q)
		if !ok {
			all = append(all, "the database does not answer")
		}
		if len(ids) > 0 {
			all = append(all, fmt.Sprintf("%s: %d, such as %s", name, len(ids), ids[0]))
		}
	}
	rows, ok := c.column("SELECT c.id || ' ' || c.telephony_id FROM calls c WHERE c.status = 'in_progress'")
	if !ok {
		return append(all, "the database does not answer")
	}
	for _, r := range rows {
		id, sip, _ := strings.Cut(r, " ")
		l, there := lines[id]
		if !there {
			l, there = lines[sip]
		}
		switch {
		case there && !l.over.IsZero() && time.Since(l.over) > endWithin:
			all = append(all, fmt.Sprintf("call %s is in progress, and its telephone went (%s) %v ago", id, l.how, time.Since(l.over).Round(time.Second)))
		case !there && sip != "":
			all = append(all, fmt.Sprintf("call %s is in progress, and no telephone knows it", id))
		}
	}
	ended, ok := c.column("SELECT c.id || ' ' || c.telephony_id FROM calls c WHERE " + over)
	for _, r := range ended {
		id, sip, _ := strings.Cut(r, " ")
		for _, k := range []string{id, sip} {
			if l, there := lines[k]; there && l.over.IsZero() && !l.answered.IsZero() {
				all = append(all, fmt.Sprintf("call %s is over, and its telephone was not told", id))
			}
		}
	}
	if !ok {
		all = append(all, "the database does not answer")
	}
	ago := time.Now().Add(-3 * time.Second).UnixMicro()
	count("slots of calls that are over", "SELECT c.id FROM calls c WHERE c.slot AND "+over)
	count("ends that were not told of", fmt.Sprintf("SELECT c.id FROM calls c WHERE %s AND c.end_at < %d AND NOT EXISTS (SELECT 1 FROM events e WHERE e.call_id = c.id AND e.%s)", over, ago, terminal))
	count("lines of lives that are over", "SELECT l.id FROM lines l WHERE NOT EXISTS (SELECT 1 FROM nodes n WHERE n.run = l.run AND n.state <> 'gone')")
	count("duties of nodes that are gone", "SELECT d.name FROM duties d WHERE NOT EXISTS (SELECT 1 FROM nodes n WHERE n.id = d.node AND n.state = 'up')")
	count("calls that wait to be dialled", fmt.Sprintf("SELECT id FROM jobs WHERE kind = 'dial' AND state = 'ready' AND run_at < %d AND created_at < %d", ago, time.Now().Add(-10*time.Second).UnixMicro()))
	if events, ok := c.column(fmt.Sprintf("SELECT e.id FROM events e WHERE e.%s AND e.at < %d", terminal, ago)); ok {
		n := 0
		for _, id := range events {
			if c.hooks.with(id) == 0 {
				n++
			}
		}
		if n > 0 {
			all = append(all, fmt.Sprintf("webhooks that have not come: %d", n))
		}
	}
	if n := c.talking(); n < c.calls*8/10 {
		all = append(all, fmt.Sprintf("%d calls run of %d", n, c.calls))
	}
	return all
}

// reconcile waits until all is as it is to be, and says how long after the fault was over that was.
func (c *chaos) reconcile(what string, healed time.Time) time.Duration {
	told := false
	for {
		all := c.amiss(healed)
		took := time.Since(healed)
		if len(all) == 0 {
			return took
		}
		if took > reconcileWithin && !told {
			told = true
			c.t.Errorf("%s %s: not reconciled after %v:\n%s", time.Now().Format(time.TimeOnly), what, took.Round(time.Second), strings.Join(all, "\n"))
		}
		if took > patience {
			c.t.Fatalf("%s: not reconciled after %v:\n%s", what, took.Round(time.Second), strings.Join(all, "\n"))
		}
		time.Sleep(300 * time.Millisecond)
	}
}

// touches are the faults that touched a line, by whose.
func (c *chaos) touches(l *party) (whose map[string]bool, any bool) {
	whose = map[string]bool{}
	end := l.over
	if end.IsZero() {
		end = time.Now()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.periods {
		if p.from.After(end) || !p.to.IsZero() && p.to.Before(l.began) {
			continue
		}
		any = true
		if p.whose != "" && slices.Contains(p.nodes, l.node) {
			whose[p.whose] = true
		}
	}
	return whose, any
}

// judge looks at all calls that are over, once each: as their telephones knew them and as they are kept.
func (c *chaos) judge(what string) {
	fail := func(format string, args ...any) {
		c.t.Errorf("%s %s: %s", time.Now().Format(time.TimeOnly), what, fmt.Sprintf(format, args...))
	}
	c.w.mu.Lock()
	pulse := slices.Clone(c.w.pulse.hear.gaps)
	if c.w.pulse.hear.packets == 0 {
		fail("there is no pulse")
	}
	c.w.mu.Unlock()
	type row struct{ id, cause, agent string }
	rows := map[string]row{}
	all, ok := c.column("SELECT c.id || ' ' || c.telephony_id || ' ' || c.agent_id || ' ' || c.cause FROM calls c")
	if !ok {
		fail("the database does not answer")
		return
	}
	for _, s := range all {
		f := strings.Split(s, " ")
		r := row{f[0], f[3], f[2]}
		rows[f[0]], rows[f[1]] = r, r
	}
	var looked []string
	for _, l := range c.w.all() {
		if l.over.IsZero() || time.Since(l.over) < endWithin+time.Second {
			continue
		}
		looked = append(looked, l.id)
		whose, any := c.touches(&l)
		key := l.call
		if l.outgoing {
			key = l.id
		}
		r, there := rows[key]
		name := fmt.Sprintf("call %s (%s) of %s, %s %v after it began at %s", r.id, key, placeNames[l.node], l.how, l.over.Sub(l.began).Round(100*time.Millisecond), l.began.Format(time.TimeOnly))
		c.tally.calls++
		if l.answered.IsZero() {
			c.refused++
			if !any {
				fail("%s: it was not answered, and nothing was wrong", name)
			}
			continue
		}
		c.answered++
		c.causes[r.cause]++
		if !there {
			fail("%s: there is no such call", name)
			c.lost++
			continue
		}
		if whose[theirSound] || whose[theirEnd] {
			c.touched++
		}
		if !whose[theirSound] && !whose[theirEnd] {
			c.mu.Lock()
			asked := c.endedBy[r.id]
			c.mu.Unlock()
			if l.how != "hung up" && !(l.how == "bye" && asked) || r.cause != "caller_hung_up" && !asked {
				fail("%s: it ended as %s, and nothing was done to it", name, r.cause)
				c.noticed++
			}
		}
		if !whose[theirSound] {
			c.paced(fail, name, &l, pulse)
		}
		if r.agent == c.agent[0] && !whose[theirFiles] {
			c.plays(fail, name, r.id, &l)
		}
	}
	c.w.forget(looked)
	c.kept(fail)
	for _, m := range c.nodes {
		m.mu.Lock()
		for _, e := range m.ends {
			fail("%s", e)
		}
		m.ends = nil
		m.mu.Unlock()
	}
}

// bereaved: the calls of a node that is dead since then are over within 30 s, unless the database was away meanwhile.
func (c *chaos) bereaved(m *member, since time.Time) {
	id := m.id()
	left := fmt.Sprintf("SELECT c.id FROM calls c WHERE c.node = '%s' AND c.status = 'in_progress' AND c.created_at < %d", id, since.UnixMicro())
	for ; time.Since(since) < patience; time.Sleep(200 * time.Millisecond) {
		if calls, ok := c.column(left); ok && len(calls) == 0 {
			break
		}
	}
	took := time.Since(since)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.periods {
		if p.base && (p.to.IsZero() || p.to.After(since)) {
			return
		}
	}
	c.lostAfter = max(c.lostAfter, took)
	if took > 30*time.Second {
		c.t.Errorf("calls of %s, dead since %s, were over after %v", placeNames[m.n], since.Format(time.TimeOnly), took)
	}
}

// control is what is heard while nothing is wrong.
func (c *chaos) control() {
	packets, gaps := 0, 0
	var worst time.Duration
	for _, l := range c.w.all() {
		packets += l.hear.packets
		gaps += len(l.hear.gaps)
		for _, g := range l.hear.gaps {
			worst = max(worst, g.dur)
		}
	}
	c.w.mu.Lock()
	pulse := slices.Clone(c.w.pulse.hear.gaps)
	n := c.w.pulse.hear.packets
	c.w.mu.Unlock()
	var most time.Duration
	for _, g := range pulse {
		most = max(most, g.dur)
	}
	c.t.Logf("without faults: %d packets to calls, %d gaps of 60 ms and more, the longest %v; the machine's own pulse: %d packets, %d gaps, the longest %v",
		packets, gaps, worst.Round(time.Millisecond), n, len(pulse), most.Round(time.Millisecond))
}

// paced: packets came every 20 ms, unless those of the pulse did not either.
func (c *chaos) paced(fail func(string, ...any), name string, l *party, pulse []gap) {
	c.packets += l.hear.packets
	if l.hear.packets == 0 && l.over.Sub(l.answered) > time.Second {
		fail("%s: nothing was heard", name)
		return
	}
	for _, g := range l.hear.gaps {
		c.late++
		if slices.ContainsFunc(pulse, func(p gap) bool {
			return p.dur >= g.dur/2 && p.at.Add(-p.dur-500*time.Millisecond).Before(g.at) && p.at.Add(500*time.Millisecond).After(g.at.Add(-g.dur))
		}) {
			c.excused++
			continue
		}
		c.worst = max(c.worst, g.dur)
		if g.lost > 0 || g.dur > gapMost {
			c.noticed++
			fail("%s: a gap of %v and %d packets at %s", name, g.dur.Round(time.Millisecond), g.lost, g.at.Format("15:04:05.000"))
		}
	}
}

// gapMost is how long a call that is not touched may be without a packet, on a machine whose processes have other work.
const gapMost = 200 * time.Millisecond

// plays: the recording of a call is there, and as long as what its telephone heard.
func (c *chaos) plays(fail func(string, ...any), name, id string, l *party) {
	heard := l.hear.last.Sub(l.hear.first)
	for _, g := range l.hear.gaps { // what a node says that others took for dead meanwhile is not recorded any more
		if g.dur > 15*time.Second {
			heard = g.at.Add(-g.dur).Sub(l.hear.first)
			break
		}
	}
	if l.hear.packets == 0 || heard < 3*time.Second {
		return
	}
	var raw []byte
	code := 0
	for over := time.Now().Add(75 * time.Second); time.Now().Before(over); time.Sleep(200 * time.Millisecond) {
		node := nodePlaces[int(l.began.UnixNano())%3]
		if code = c.ask(node, "GET", "/v1/calls/recording?format=wav&id="+id, nil, "", &raw); code == 200 {
			break
		}
	}
	if code != 200 {
		fail("%s: its recording: %d %.200s", name, code, raw)
		return
	}
	w, err := audio.ReadWAV(bytes.NewReader(raw))
	if err != nil {
		fail("%s: its recording, %d bytes: %v", name, len(raw), err)
		return
	}
	c.played++
	is := time.Duration(len(w.PCM)/w.Channels) * time.Second / time.Duration(w.Rate)
	if is < heard-1500*time.Millisecond {
		fail("%s: its recording is %v, and its telephone heard %v", name, is, heard)
	}
}

// kept: of no call anything was lost, told twice or dialled twice.
func (c *chaos) kept(fail func(string, ...any)) {
	for id, n := range c.w.dialled() {
		if n > 1 {
			fail("call %s was dialled %d times", id, n)
		}
	}
	for name, q := range map[string]string{
		"more than one ending":      "SELECT call_id FROM events WHERE " + terminal + " GROUP BY call_id HAVING COUNT(*) > 1",
		"no ended_reason":           "SELECT c.id FROM calls c WHERE " + over + " AND (c.cause = '' OR c.end_at = 0)",
		"a gap in the sequence":     "SELECT call_id FROM events GROUP BY call_id HAVING MIN(sequence) <> 1 OR MAX(sequence) <> COUNT(*)",
		"events after the last":     "SELECT e.call_id || ' ' || l.type FROM events e JOIN events l ON l.call_id = e.call_id AND l.sequence > e.sequence WHERE l.type NOT IN ('event_analysis', 'after_action') AND e." + terminal,
		"an event that is no event": "SELECT call_id FROM events WHERE call_id NOT IN (SELECT id FROM calls)",
	} {
		ids, ok := c.column(q)
		if !ok {
			fail("the database does not answer")
		}
		for _, id := range ids {
			fail("%s: call %s", name, id)
		}
	}
	c.mu.Lock() // what was told by now is there by now
	placed, shown := slices.Collect(maps.Keys(c.placed)), maps.Clone(c.seen)
	c.mu.Unlock()
	there := map[string]bool{}
	ids, ok := c.column("SELECT id FROM calls")
	events, ok2 := c.column("SELECT id || ' ' || call_id || ' ' || sequence FROM events")
	if !ok || !ok2 {
		fail("the database does not answer")
		return
	}
	for _, id := range ids {
		there[id] = true
	}
	for _, e := range events {
		there[e] = true
	}
	for _, id := range placed {
		if !there[id] {
			fail("call %s was accepted and is not there", id)
			c.lost++
		}
	}
	for id, e := range shown {
		if !there[fmt.Sprintf("%s %s %d", id, e.call, e.sequence)] {
			fail("event %s of call %s was shown and is not there", id, e.call)
			c.lost++
		}
	}
}

// empty ends all calls and looks at what is left: nothing is to be.
func (c *chaos) empty() {
	c.mu.Lock()
	c.filling = false
	c.mu.Unlock()
	c.w.mu.Lock()
	c.w.closing = true
	for _, l := range c.w.lines {
		l.hangup = time.Now()
	}
	c.w.mu.Unlock()
	c.filler.Wait()
	c.until("all calls are over", time.Minute, func() bool {
		left, ok := c.column("SELECT c.id FROM calls c WHERE " + started)
		return ok && len(left) == 0
	})
	time.Sleep(endWithin + 2*time.Second)
	c.judge("at the end")
	for name, q := range map[string]string{"a slot": "SELECT id FROM calls WHERE slot", "a line": "SELECT id FROM lines", "a call that waits": "SELECT call_id FROM waiting",
		"an end that is not told": "SELECT c.id FROM calls c WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.call_id = c.id AND e." + terminal + ")"} {
		if ids, ok := c.column(q); !ok || len(ids) > 0 {
			c.t.Errorf("at the end there is %s left: %v", name, ids)
		}
	}
	asked := func() (missing []string) {
		events, _ := c.column("SELECT id FROM events WHERE type IN ('event_phone_call_connected', 'event_message', 'event_phone_call_did_not_connect', 'event_phone_call_ended')")
		for _, id := range events {
			if n := c.hooks.with(id); n != 1 {
				missing = append(missing, fmt.Sprintf("%s with %d ids", id, n))
			}
		}
		return missing
	}
	for over := time.Now().Add(30 * time.Second); len(asked()) > 0 && time.Now().Before(over); time.Sleep(time.Second) {
	}
	if left := asked(); len(left) > 0 {
		c.t.Errorf("webhooks that did not come with one id each: %d, such as %s", len(left), left[0])
	}
}
