package bench

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

const (
	seedFile     = "bench.json" // marks a folder that seed filled; it is written last
	seedYear     = 365 * 24 * time.Hour
	seedAgents   = 50
	seedNumbers  = 50
	seedCallees  = 50_000 // numbers that are called
	seedEventsOf = 20     // every so many calls have their events in the log
	seedDeliver  = 10     // every so many of those events were told to a webhook
)

// A past is the calls that a data folder was filled with. All but its fields follows from the index of a call.
type past struct {
	Rows   int       `json:"rows"`
	Begin  time.Time `json:"begin"` // of the first call
	Agents []string  `json:"agents"`
}

// seeded fills the data folder of a server that does not run with so many calls of the last year, or finds it filled already. A
// folder with a database that seeded did not make is refused.
func seeded(ctx context.Context, dir string, rows int) (*past, error) {
	b, err := os.ReadFile(filepath.Join(dir, seedFile))
	if err == nil {
		p := new(past)
		if err := json.Unmarshal(b, p); err != nil {
			return nil, fmt.Errorf("%s: %w", seedFile, err)
		}
		if p.Rows != rows {
			return nil, fmt.Errorf("%s holds %d calls, not %d: name another folder", dir, p.Rows, rows)
		}
		return p, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if _, err := os.Stat(seedDatabase(dir)); err == nil {
		return nil, fmt.Errorf("%s holds a database that is not (wholly) the bench's: name another folder, or remove it", dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	p := &past{Rows: rows, Begin: time.Now().Add(-seedYear).UTC().Truncate(time.Second)}
	if err := p.fill(ctx, dir); err != nil {
		return nil, err
	}
	if b, err = json.Marshal(p); err != nil {
		return nil, err
	}
	return p, os.WriteFile(filepath.Join(dir, seedFile), b, 0o600)
}

func seedDatabase(dir string) string { return filepath.Join(dir, "parley.db") }

// fill goes from what the store itself writes (agents, numbers, one call of each sort), over copies of those, to the events and
// deliveries that the store writes again.
func (p *past) fill(ctx context.Context, dir string) error {
	var m moulds
	var env string
	err := p.opened(ctx, dir, func(db *store.DB) error {
		e, _, err := db.EnsureDefaultEnvironment(ctx)
		if err != nil {
			return err
		}
		env = e.ID
		return p.cast(ctx, db, env, &m)
	})
	if err != nil {
		return err
	}
	if err := p.copies(ctx, seedDatabase(dir), m); err != nil {
		return err
	}
	if err := p.opened(ctx, dir, func(db *store.DB) error { return p.events(ctx, db, env) }); err != nil {
		return err
	}
	return delivered(ctx, seedDatabase(dir))
}

func (p *past) opened(ctx context.Context, dir string, do func(*store.DB) error) error {
	key, err := secret.LoadKey(dir, "")
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, seedDatabase(dir), key)
	if err != nil {
		return err
	}
	return errors.Join(do(db), db.Close())
}

// cast makes agents, numbers, one call of each sort, and a call of each agent for its snapshot.
func (p *past) cast(ctx context.Context, db *store.DB, env string, m *moulds) error {
	for i := range max(seedAgents, seedNumbers) {
		if i < seedAgents {
			a, err := db.CreateAgent(ctx, env, seedAgent(i))
			if err != nil {
				return err
			}
			id, _ := a["id"].(string)
			p.Agents = append(p.Agents, id)
		}
		if i < seedNumbers {
			_, err := db.LinkNumber(ctx, env, store.Doc{"number": fmt.Sprintf("+1555100%04d", i), "active": true,
				"label": fmt.Sprintf("Line %d", i), "inbound_agent": p.Agents[i%len(p.Agents)]})
			if err != nil {
				return err
			}
		}
	}
	for _, id := range p.Agents {
		agent, err := db.AssembleAgent(ctx, env, id)
		if err != nil {
			return err
		}
		c := parley.Call{ID: uuid.NewString(), UserID: env, Status: parley.Ended, AgentID: id, Created: p.Begin}
		if c.Agent, err = json.Marshal(agent); err != nil {
			return err
		}
		if err := db.CreateCall(ctx, c); err != nil {
			return err
		}
		m.snapshots = append(m.snapshots, c.ID)
	}
	for i := range seedSorts {
		c := sortOf(i, p.Begin)
		c.ID, c.UserID = uuid.NewString(), env
		if err := db.CreateCall(ctx, c); err != nil {
			return err
		}
		m.calls = append(m.calls, c.ID)
	}
	return nil
}

func seedAgent(i int) store.Doc {
	return store.Doc{
		"name": fmt.Sprintf("Receptionist %d", i), "label": fmt.Sprintf("shop-%d", i), "language": "en",
		"prompt": store.Doc{"content": "You are the receptionist of a shop that repairs bicycles. Answer in one or two sentences. " +
			"The shop is open from nine to six, closed on Sundays; repairs take two working days. Never promise a price; offer to have a mechanic call back."},
		"voice":           store.Doc{"type": "voice_deepgram", "model": "aura-2-thalia-en"},
		"actions":         []any{store.Doc{"type": "action_end_conversation"}},
		"initial_message": "Hello, this is the bicycle shop. How can I help?",
		"transcriber":     store.Doc{"type": "transcriber_deepgram"}, "provider": "openai", "model": "gpt-4o-mini",
	}
}

// A fate is what differs from one call to the next.
type fate struct {
	id, telephonyID string
	agent           int // index
	sort            int
	callee          string
	created         time.Time
}

// fate is the i-th call, the same whenever it is asked for. Ids sort by time, as the store's own do.
func (p *past) fate(i int) fate {
	rng := rand.New(rand.NewPCG(uint64(i), 42))
	f := fate{created: p.Begin.Add(time.Duration(float64(i) / float64(p.Rows) * float64(seedYear)))}
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:], uint64(f.created.UnixMilli())<<16|rng.Uint64()&0xfff|0x7000)
	binary.BigEndian.PutUint64(id[8:], rng.Uint64()&^(3<<62)|2<<62)
	f.id, f.telephonyID = id.String(), fmt.Sprintf("%x@bench", rng.Uint64())
	f.agent = min(rng.IntN(len(p.Agents)), rng.IntN(len(p.Agents))) // some have more to do than others
	f.sort = rng.IntN(seedSorts)
	f.callee = fmt.Sprintf("+1555%07d", rng.IntN(seedCallees))
	return f
}

// events puts the events of some calls into the log, and deliveries of some of those.
func (p *past) events(ctx context.Context, db *store.DB, env string) error {
	hook, err := db.Create(ctx, env, store.Webhooks, store.Doc{"url": "http://127.0.0.1:9/", "method": "POST", "subscriptions": []any{}})
	if err != nil {
		return err
	}
	id, _ := hook["id"].(string)
	var told []store.Delivery
	for i := 0; i < p.Rows; i += seedEventsOf {
		f := p.fate(i)
		for n, e := range eventsOf(f) {
			db.Log().Append(e)
			if n%seedDeliver == 0 {
				told = append(told, store.Delivery{EnvironmentID: env, WebhookID: id, CallID: f.id, EventID: e.ID, EventType: e.Type})
			}
		}
	}
	if err := db.Log().Flush(ctx); err != nil {
		return err
	}
	last, err := db.Log().Last(ctx)
	if err != nil {
		return err
	}
	for len(told) > 0 {
		n := min(len(told), 500)
		if err := db.Deliver(ctx, told[:n]); err != nil {
			return err
		}
		told = told[n:]
	}
	at, err := db.Cursor(ctx, "webhook")
	if err != nil || at == last {
		return err
	}
	return db.Advance(ctx, "webhook", at, last, nil)
}
