package cluster

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

// A table is the nodes of a database that may be away.
type table struct {
	mu     sync.Mutex
	away   bool
	nodes  map[string]*store.Node
	duties map[string]string
	ended  []string      // nodes whose calls were
	doing  int           // how many do the duty
	most   int           // at once
	lands  time.Duration // what the duty takes to end
}

var errAway = errors.New("the database is away")

func newTable() *table {
	return &table{nodes: map[string]*store.Node{}, duties: map[string]string{}, lands: time.Second}
}

// A seat is the table as one node sees it.
type seat struct {
	*table
	id  string
	run string // "" but for a second process of one id
}

func (s seat) do(f func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return errAway
	}
	return f()
}

func (s seat) Self() string { return s.id }

func (s seat) Join(_ context.Context, n store.Node) error {
	return s.do(func() error {
		n.ID, n.State, n.Run = s.id, store.NodeUp, s.run
		if was := s.nodes[s.id]; was != nil {
			n.Beat = was.Beat + 1
		}
		s.nodes[s.id] = &n
		return nil
	})
}

func (s seat) SetMost(_ context.Context, most int) error {
	return s.do(func() error { s.nodes[s.id].Most = most; return nil })
}

func (s seat) Beat(_ context.Context, state string) error {
	return s.do(func() error {
		n := s.nodes[s.id]
		if n.Run != s.run {
			return store.ErrReplaced
		}
		if n.State == store.NodeGone {
			return store.ErrGone
		}
		n.Beat, n.State = n.Beat+1, state
		return nil
	})
}

func (s seat) Nodes(context.Context) (all []store.Node, err error) {
	err = s.do(func() error {
		for _, id := range slices.Sorted(maps.Keys(s.nodes)) {
			if n := *s.nodes[id]; n.State != store.NodeGone {
				all = append(all, n)
			}
		}
		return nil
	})
	return all, err
}

func (s seat) Bereave(_ context.Context, was store.Node) (lost []parley.Call, err error) {
	err = s.do(func() error {
		if n := s.nodes[was.ID]; n.Beat == was.Beat && n.State != store.NodeGone {
			n.State = store.NodeGone
			s.ended = append(s.ended, n.ID)
			lost = []parley.Call{{ID: "a call of " + n.ID}}
		}
		return nil
	})
	return lost, err
}

func (s seat) TakeDuty(_ context.Context, d store.Duty, silent ...store.Node) (mine bool, err error) {
	err = s.do(func() error {
		has := s.nodes[s.duties[d.Name]]
		free := has == nil || has.State == store.NodeGone || slices.ContainsFunc(silent, func(n store.Node) bool { return n.ID == has.ID && n.Beat == has.Beat })
		if mine = s.duties[d.Name] == s.id || free && (s.nodes[s.id].State == store.NodeUp || !s.otherUp(s.id)); mine {
			s.duties[d.Name] = s.id
		}
		return nil
	})
	return mine, err
}

func (t *table) otherUp(than string) bool {
	for id, n := range t.nodes {
		if id != than && n.State == store.NodeUp {
			return true
		}
	}
	return false
}

func (s seat) GiveDuty(_ context.Context, d store.Duty) error {
	return s.do(func() error {
		if s.duties[d.Name] == s.id {
			delete(s.duties, d.Name)
		}
		return nil
	})
}

// begin and end count who does the duty.
func (t *table) begin() { t.mu.Lock(); defer t.mu.Unlock(); t.doing++; t.most = max(t.most, t.doing) }
func (t *table) end()   { t.mu.Lock(); defer t.mu.Unlock(); t.doing-- }

func (s seat) Leave(context.Context) error {
	return s.do(func() error { s.nodes[s.id].State = store.NodeGone; return nil })
}

func (t *table) set(away bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.away = away
}

// atOnce is how many did the duty at once.
func (t *table) atOnce() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.most
}

// landing is what the duty takes to end; most sets it.
func (t *table) landing(most time.Duration) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if most > 0 {
		t.lands = most
	}
	return t.lands
}

func (t *table) dead() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.ended)
}

// A member is a node whose keeper runs.
type member struct {
	*Keeper
	stop func()

	fenced, begun atomic.Int64
	doing         atomic.Int64 // how many do its duty here

	mu   sync.Mutex
	lost []string
}

func (m *member) is(f func() bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return f()
}

func enter(t *testing.T, tab *table, id string) *member {
	m := &member{}
	s := seat{tab, id, ""}
	m.Keeper = &Keeper{Store: s, Logger: slog.New(slog.DiscardHandler),
		Lost: func(_ context.Context, calls []parley.Call) []parley.Call {
			m.mu.Lock()
			defer m.mu.Unlock()
			for _, c := range calls {
				m.lost = append(m.lost, c.ID)
			}
			return nil
		},
		Fenced: func(context.Context) { m.fenced.Add(1) },
		Tasks: []Task{{store.Duty{Name: "webhooks", Role: Jobs}, func(ctx context.Context) error {
			tab.begin()
			m.doing.Add(1)
			m.begun.Add(1)
			<-ctx.Done()
			time.Sleep(tab.landing(0)) // what is on its way has to land
			m.doing.Add(-1)
			tab.end()
			return nil
		}}},
	}
	if err := s.Join(t.Context(), store.Node{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	m.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(m.stop)
	return m
}

// freeze is a node that does nothing any more: its table is away, for it alone.
func freeze(tab *table, m *member) (thaw func()) {
	apart := newTable()
	apart.away = true
	m.Keeper.Store.(*switchable).to(seat{apart, m.Store.Self(), ""})
	return func() { m.Keeper.Store.(*switchable).to(seat{tab, m.Store.Self(), ""}) }
}

// A switchable store can be cut off.
type switchable struct {
	mu sync.Mutex
	s  seat
}

func (s *switchable) to(at seat) { s.mu.Lock(); defer s.mu.Unlock(); s.s = at }
func (s *switchable) at() seat   { s.mu.Lock(); defer s.mu.Unlock(); return s.s }

func (s *switchable) Self() string                                  { return s.at().Self() }
func (s *switchable) Join(c context.Context, n store.Node) error    { return s.at().Join(c, n) }
func (s *switchable) Beat(c context.Context, state string) error    { return s.at().Beat(c, state) }
func (s *switchable) SetMost(c context.Context, most int) error     { return s.at().SetMost(c, most) }
func (s *switchable) Nodes(c context.Context) ([]store.Node, error) { return s.at().Nodes(c) }
func (s *switchable) Leave(c context.Context) error                 { return s.at().Leave(c) }
func (s *switchable) TakeDuty(c context.Context, d store.Duty, silent ...store.Node) (bool, error) {
	return s.at().TakeDuty(c, d, silent...)
}
func (s *switchable) GiveDuty(c context.Context, d store.Duty) error { return s.at().GiveDuty(c, d) }
func (s *switchable) Bereave(c context.Context, n store.Node) ([]parley.Call, error) {
	return s.at().Bereave(c, n)
}

func seats(t *testing.T) (tab *table, a, b *member) {
	tab = newTable()
	a, b = enter(t, tab, "a"), enter(t, tab, "b")
	synctest.Wait()
	return tab, a, b
}

// TestDeadNode: the calls of a node that has died are ended within 30 s, once, and its duty is another's.
func TestDeadNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tab := newTable()
		a := enter(t, tab, "a")
		synctest.Wait()
		dead := seat{tab, "dead", ""}
		if err := dead.Join(t.Context(), store.Node{}); err != nil {
			t.Fatal(err)
		}
		tab.mu.Lock()
		tab.duties["webhooks"] = "dead"
		tab.mu.Unlock()
		time.Sleep(LostAfter - Every)
		if len(tab.dead()) != 0 {
			t.Error("it is given up too early")
		}
		time.Sleep(30*time.Second - (LostAfter - Every))
		synctest.Wait()
		if got := tab.dead(); !slices.Equal(got, []string{"dead"}) {
			t.Errorf("ended were the calls of %v", got)
		}
		if !a.is(func() bool { return slices.Equal(a.lost, []string{"a call of dead"}) && a.doing.Load() == 1 }) {
			t.Errorf("%d do the duty, or it was not told", a.doing.Load())
		}
		a.stop()
	})
}

// TestMostIsToldAgain: a limit that the database did not take is written when it is set again, though it is the same.
func TestMostIsToldAgain(t *testing.T) {
	tab := newTable()
	k := &Keeper{Store: seat{tab, "a", ""}}
	if err := k.Store.Join(t.Context(), store.Node{}); err != nil {
		t.Fatal(err)
	}
	tab.set(true)
	if err := k.SetMost(t.Context(), 7); err == nil {
		t.Error("a database that is away takes it")
	}
	tab.set(false)
	if err := k.SetMost(t.Context(), 7); err != nil || tab.nodes["a"].Most != 7 {
		t.Errorf("%v, %d", err, tab.nodes["a"].Most)
	}
}

// TestDatabaseAway: nobody who lives is taken for dead however long the database was away.
func TestDatabaseAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tab, a, b := seats(t)
		for range 5 {
			time.Sleep(LostAfter - time.Second)
			tab.set(true)
			time.Sleep(time.Minute)
			tab.set(false)
		}
		time.Sleep(time.Minute)
		if got := tab.dead(); len(got) != 0 || a.fenced.Load()+b.fenced.Load() > 0 {
			t.Errorf("taken for dead were %v", got)
		}
		if n := a.doing.Load() + b.doing.Load(); n != 1 {
			t.Errorf("%d do what one is to do", n)
		}
		a.stop()
		b.stop()
	})
}

// TestCutOff: a node that others could not see lets go of what it had once it is back, and lives on.
func TestCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tab := newTable()
		a := enter(t, tab, "a")
		a.stop()
		a.Keeper.Store = &switchable{s: seat{tab, "a", ""}}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		if err := a.Store.Join(ctx, store.Node{}); err != nil {
			t.Fatal(err)
		}
		go func() { ended <- a.Run(ctx) }()
		synctest.Wait()
		b := enter(t, tab, "b")
		synctest.Wait()
		if !a.is(func() bool { return a.doing.Load() == 1 }) {
			t.Error("the duty is not its")
		}
		thaw := freeze(tab, a)
		time.Sleep(time.Minute)
		if !b.is(func() bool { return b.doing.Load() == 1 && len(b.lost) == 1 }) {
			t.Errorf("%d do the duty, or it was not told", b.doing.Load())
		}
		thaw()
		time.Sleep(2 * Every)
		synctest.Wait()
		if !a.is(func() bool { return a.fenced.Load() == 1 && a.doing.Load() == 0 }) {
			t.Errorf("fenced %d times, %d do the duty", a.fenced.Load(), a.doing.Load())
		}
		time.Sleep(time.Minute)
		if got := tab.dead(); len(got) != 1 || a.fenced.Load() != 1 {
			t.Errorf("it does not live on: %v", got)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		b.stop()
	})
}

// TestHeardOtherwise: a node whose sign of life comes by another way is not given up.
func TestHeardOtherwise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tab := newTable()
		if err := (seat{tab, "quiet", ""}).Join(t.Context(), store.Node{}); err != nil {
			t.Fatal(err)
		}
		var heard sync.Mutex
		alive := true
		k := &Keeper{Store: seat{tab, "a", ""}, Logger: slog.New(slog.DiscardHandler), Alive: func(string) bool { heard.Lock(); defer heard.Unlock(); return alive }}
		if err := k.Store.Join(t.Context(), store.Node{}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- k.Run(ctx) }()
		time.Sleep(5 * time.Minute)
		if got := tab.dead(); len(got) != 0 {
			t.Errorf("given up: %v", got)
		}
		heard.Lock()
		alive = false
		heard.Unlock()
		time.Sleep(30 * time.Second)
		if got := tab.dead(); len(got) != 1 {
			t.Errorf("given up: %v", got)
		}
		cancel()
		<-ended
	})
}

// TestDrainingGivesDutiesAway: whoever takes no new calls does not keep what others can do.
func TestDrainingGivesDutiesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tab, a, b := seats(t)
		first, second := a, b
		if b.is(func() bool { return b.doing.Load() == 1 }) {
			first, second = b, a
		}
		first.Drain()
		time.Sleep(3 * Every)
		synctest.Wait()
		if first.doing.Load() != 0 || second.doing.Load() != 1 || !first.Draining() || second.Draining() {
			t.Errorf("%d and %d do the duty", first.doing.Load(), second.doing.Load())
		}
		if held := first.Held(); len(held) != 1 || held["webhooks"] || !second.Held()["webhooks"] {
			t.Errorf("held are said to be %v and %v", held, second.Held())
		}
		second.Drain()
		time.Sleep(3 * Every)
		synctest.Wait()
		if first.doing.Load() != 0 || second.doing.Load() != 1 || second.begun.Load() != 1 {
			t.Errorf("when all drain %d and %d do the duty, begun %d times", first.doing.Load(), second.doing.Load(), second.begun.Load())
		}
		a.stop()
		b.stop()
		if tab.atOnce() != 1 {
			t.Errorf("%d did it at once", tab.atOnce())
		}
		if a.doing.Load()+b.doing.Load() != 0 || a.Held()["webhooks"] || b.Held()["webhooks"] {
			t.Error("duties outlive their nodes")
		}
	})
}

// TestDutyThatTakesLongToEnd: a node that drains beats meanwhile, and gives the duty back once it has ended.
func TestDutyThatTakesLongToEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tab, a, b := seats(t)
		tab.landing(2 * LostAfter)
		first, second := a, b
		if b.is(func() bool { return b.doing.Load() == 1 }) {
			first, second = b, a
		}
		first.Drain()
		time.Sleep(LostAfter + 5*Every)
		synctest.Wait()
		if dead := tab.dead(); len(dead) > 0 || !first.is(func() bool { return first.fenced.Load() == 0 && first.doing.Load() == 1 }) || !second.is(func() bool { return second.doing.Load() == 0 }) {
			t.Errorf("while it ends: taken for dead %v, or it does not end where it was", dead)
		}
		time.Sleep(LostAfter)
		synctest.Wait()
		if !first.is(func() bool { return first.doing.Load() == 0 }) || !second.is(func() bool { return second.doing.Load() == 1 }) {
			t.Error("afterwards the other does not do it")
		}
		tab.landing(time.Second)
		a.stop()
		b.stop()
		if tab.atOnce() != 1 {
			t.Errorf("%d did it at once", tab.atOnce())
		}
	})
}

// TestDutyEnds: a duty that ends by itself is begun again.
func TestDutyEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		k := &Keeper{Store: seat{newTable(), "a", ""}, Logger: slog.New(slog.DiscardHandler), Tasks: []Task{{store.Duty{Name: "x"}, func(context.Context) error { n++; return errAway }}}}
		if err := k.Store.Join(t.Context(), store.Node{}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- k.Run(ctx) }()
		time.Sleep(10*dutyAgain + dutyAgain/2)
		cancel()
		<-ended
		if n < 9 {
			t.Errorf("begun %d times in ten waits", n)
		}
	})
}

// TestAlone: where there can be no others nothing is written but at the beginning and the end, and the duties are done.
func TestAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tab := newTable()
		doing := make(chan struct{}, 9)
		k := &Keeper{Store: seat{tab, "a", ""}, Alone: true, Logger: slog.New(slog.DiscardHandler),
			Tasks: []Task{{store.Duty{Name: "x"}, func(ctx context.Context) error { doing <- struct{}{}; <-ctx.Done(); return nil }}}}
		if err := k.Store.Join(t.Context(), store.Node{}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		tab.set(true) // at first it is not there
		go func() { ended <- k.Run(ctx) }()
		time.Sleep(3 * Every)
		tab.set(false)
		<-doing
		time.Sleep(time.Hour)
		if n := tab.nodes["a"].Beat; n != 1 || !k.Held()["x"] {
			t.Errorf("it has beaten %d times, and holds %v", n, k.Held())
		}
		cancel()
		if err := <-ended; err != nil || tab.nodes["a"].State != store.NodeGone {
			t.Errorf("%v, %s", err, tab.nodes["a"].State)
		}
	})
}
