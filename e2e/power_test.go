//go:build e2e && linux

package e2e

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
)

// An outage is a siege of a server on a forgetful disk: with each death the power fails, too.
type outage struct {
	*siege
	disk *disk
	dice *rand.Rand
	cuts int

	mu       sync.Mutex      // guards all below
	written  map[string]int  // prompts that were made and changed, by id: the number they have at least
	erased   map[string]bool // prompts whose deletion was answered
	playable map[string]int  // recordings that were played, by call: their samples
}

// TestPower: a power cut takes nothing that was answered, shown, told or dialled, on a disk that keeps only what was synced.
func TestPower(t *testing.T) {
	seed := number(t, "PARLEY_POWER_SEED", int(time.Now().Unix()%1e6))
	o := layOutage(t, uint64(seed))
	t.Logf("PARLEY_POWER_SEED=%d", seed)
	cuts := number(t, "PARLEY_CUTS", 3)
	for i := range cuts {
		o.db.Close() // the last to close a database, once the server is dead, would write it down and force it to the disk
		o.cycle(i)
		o.unharmed(fmt.Sprintf("cycle %d", i))
		if t.Failed() {
			t.Fatalf("at cycle %d", i)
		}
		if i%20 == 19 || i == cuts-1 {
			o.report(i + 1)
			t.Logf("%d power cuts; %d prompts written, %d erased, %d recordings played before a cut: all as they were", o.cuts, len(o.written), len(o.erased), len(o.playable))
		}
	}
}

// TestPowerControl: the same disk, when a sync does nothing, loses what was answered: the test above would see it.
func TestPowerControl(t *testing.T) {
	o := layOutage(t, 1)
	var env string
	o.query("SELECT id FROM environments", &env)
	o.db.Close()
	o.disk.do(t, "lie")
	life, over := context.WithTimeout(t.Context(), time.Minute)
	defer over()
	o.killed = make(chan struct{})
	o.watching.Go(func() { o.during(life) })
	o.busy(life)
	for ; life.Err() == nil; time.Sleep(50 * time.Millisecond) {
		enough := false
		o.note(func() { enough = len(o.placed) > 2 && len(o.seen) > 5 && len(o.written) > 5 })
		if enough {
			break
		}
	}
	over()
	o.kill()
	o.watching.Wait()
	<-o.gone
	o.disk.do(t, "honest")
	placed, shown, written := len(o.placed), len(o.seen), len(o.written)
	if placed == 0 || shown == 0 || written == 0 {
		t.Fatalf("%d calls, %d events and %d prompts: too few to lose", placed, shown, written)
	}
	o.disk.do(t, "cut 1 0")
	o.open()
	o.start()
	there := func(table string) map[string]bool {
		ids := map[string]bool{}
		for _, id := range o.column("SELECT id FROM " + table) {
			ids[id] = true
		}
		return ids
	}
	calls, events, prompts := there("calls"), there("events"), there("resources")
	maps.DeleteFunc(o.placed, func(id, _ string) bool { return calls[id] })
	maps.DeleteFunc(o.seen, func(id string, _ seen) bool { return events[id] })
	maps.DeleteFunc(o.written, func(id string, _ int) bool { return prompts[id] })
	t.Logf("without syncs a power cut took %d of %d calls, %d of %d events that were shown, and %d of %d prompts", len(o.placed), placed, len(o.seen), shown, len(o.written), written)
	if len(o.placed) == 0 || len(o.seen) == 0 || len(o.written) == 0 {
		t.Error("nothing was lost of a kind: the disk remembers what was not synced")
	}
}

func layOutage(t *testing.T, seed uint64) *outage {
	t.Helper()
	o := &outage{disk: newDisk(t), dice: rand.New(rand.NewPCG(seed, 4)), written: map[string]int{}, erased: map[string]bool{}, playable: map[string]int{}}
	file := filepath.Join(o.disk.at, "data", "parley.db")
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	o.siege = lay(t, "", db, seed, "PARLEY_DATA="+filepath.Join(o.disk.at, "data"))
	t.Cleanup(func() { o.db.Close() })
	o.siege.during, o.siege.between = o.write, o.fail
	return o
}

// open is the database, after the disk has come back.
func (o *outage) open() {
	o.t.Helper()
	var err error
	if o.db, err = sql.Open("sqlite", "file:"+filepath.Join(o.disk.at, "data", "parley.db")+"?_pragma=busy_timeout(5000)"); err != nil {
		o.t.Fatal(err)
	}
}

// fail is the power failing: in half the cases nothing that was not synced is left, else some of it.
func (o *outage) fail() {
	o.t.Helper()
	share := 0.0
	if o.dice.IntN(2) == 0 {
		share = o.dice.Float64()
	}
	o.disk.do(o.t, "cut %d %g", o.dice.Uint64(), share)
	o.cuts++
	o.open()
}

// write makes, changes and erases prompts and plays recordings as long as the server lives, and notes what was answered.
func (o *outage) write(life context.Context) {
	for n := 1; life.Err() == nil; n++ {
		body := func(i int) m { return m{"label": strconv.Itoa(i), "content": "Be brief."} }
		var made struct{ ID string }
		if o.ask(life, "POST", "/v1/prompts/create", body(1), "", &made) == http.StatusCreated {
			o.note(func() { o.written[made.ID] = 1 })
			if o.ask(life, "POST", "/v1/prompts/update?id="+made.ID, body(2), "", nil) == http.StatusCreated {
				o.note(func() { o.written[made.ID] = 2 })
			}
			if n%3 == 0 {
				o.note(func() { delete(o.written, made.ID) }) // gone or not, until it is answered
				if s := o.ask(life, "DELETE", "/v1/prompts/delete?id="+made.ID, nil, "", nil); s == http.StatusOK || s == http.StatusNoContent {
					o.note(func() { o.erased[made.ID] = true })
				}
			}
		}
		var list struct{ Items []call }
		if o.ask(life, "GET", "/v1/calls/list?size=20", nil, "", &list) != http.StatusOK {
			continue
		}
		for _, c := range list.Items {
			if _, known := o.playable[c.ID]; !c.Recording || known {
				continue
			}
			if samples, err := o.sound(life, c.ID); err == nil && samples > 0 {
				o.note(func() { o.playable[c.ID] = samples })
			}
		}
	}
}

func (o *outage) note(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f()
}

// sound is how many samples the recording of a call has.
func (o *outage) sound(ctx context.Context, id string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", o.http+"/v1/calls/recording?format=wav&id="+id, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(res.Body); err != nil {
		return 0, err
	}
	if res.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s: %s", res.Status, b.String())
	}
	w, err := audio.ReadWAV(&b)
	if err != nil {
		return 0, err
	}
	return len(w.PCM), nil
}

// unharmed: the database is whole, and what was answered, told and played before is as it was.
func (o *outage) unharmed(what string) {
	o.t.Helper()
	if all := o.column("PRAGMA integrity_check"); len(all) != 1 || all[0] != "ok" {
		o.t.Errorf("%s: the database is damaged: %v", what, all)
	}
	labels := map[string]int{}
	for _, l := range o.column("SELECT id || ' ' || COALESCE(json_extract(doc, '$.label'), '') FROM resources") {
		n, _ := strconv.Atoi(l[37:])
		labels[l[:36]] = n
	}
	for id, n := range o.written {
		if labels[id] < n {
			o.t.Errorf("%s: prompt %s was written to %d and is %d", what, id, n, labels[id])
		}
	}
	for id := range o.erased {
		if labels[id] != 0 {
			o.t.Errorf("%s: prompt %s was erased and is back", what, id)
		}
	}
	events := map[string]bool{}
	for _, id := range o.column("SELECT id FROM events") {
		events[id] = true
	}
	o.hooks.mu.Lock()
	for id := range o.hooks.ids {
		if !events[id] {
			o.t.Errorf("%s: event %s was told by webhook and is not in the log", what, id)
		}
	}
	o.hooks.mu.Unlock()
	for id, samples := range o.playable {
		if n, err := o.sound(o.t.Context(), id); err != nil || n != samples {
			o.t.Errorf("%s: the recording of call %s had %d samples and has %d: %v", what, id, samples, n, err)
		}
	}
}
