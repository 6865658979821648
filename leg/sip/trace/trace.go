// Package trace remembers the SIP messages of each call as they were on the wire, and shows them: as a ladder, as a capture file, as
// JSON. What is shown has no secrets in it. It starts no goroutines; a Recorder is safe from any.
package trace

import (
	"hash/maphash"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// A Message is one SIP message as it was on the wire.
type Message struct {
	At            time.Time
	Network       string // UDP, TCP, TLS
	Local, Remote netip.AddrPort
	Out           bool   // we sent it
	Raw           []byte // at most rawMost of it
	Skipped       int    // messages of the call that were left out just before this one
}

// Bounds of what is remembered.
const (
	DefaultMost = 32 << 20  // bytes of all calls
	messageMost = 200       // messages of one Call-ID; what comes in the middle goes first
	callMost    = 256 << 10 // bytes of one Call-ID
	rawMost     = 60_000    // bytes of one message: it must fit into an IP packet
	ringBytes   = 1 << 20   // of what belongs to no call (yet)
	overhead    = 256       // bytes that a message costs besides its own
)

// A Recorder remembers messages: those of calls until they are forgotten or newer ones need the room, all others for a short while.
// The oldest calls go first, and before them those that nobody owns.
type Recorder struct {
	seed maphash.Seed
	most int

	mu      sync.Mutex // guards all below
	held    int        // bytes
	calls   map[uint64]*thread
	owned   map[string][]*thread
	nobodys list // what goes first when room is needed: calls that were refused, most of them
	ours    list
	strange ring
}

// A thread is what was said under one Call-ID.
type thread struct {
	key        uint64
	callID     string
	owner      string
	messages   []Message
	held       int
	prev, next *thread
}

// New makes a Recorder that holds at most so many bytes of calls; 0: DefaultMost.
func New(most int) *Recorder {
	if most <= 0 {
		most = DefaultMost
	}
	return &Recorder{seed: maphash.MakeSeed(), most: most, calls: map[uint64]*thread{}, owned: map[string][]*thread{}, strange: newRing(ringBytes)}
}

// See takes a message that was received or sent; m.Raw is copied. A message without a Call-ID is passed over.
func (r *Recorder) See(m Message) {
	id := callID(m.Raw)
	if len(id) == 0 {
		return
	}
	if len(m.Raw) > rawMost {
		m.Raw = m.Raw[:rawMost]
	}
	m.Skipped = 0
	key := maphash.Bytes(r.seed, id)
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.calls[key]
	if t == nil {
		r.strange.put(key, m)
		return
	}
	if t.callID != string(id) {
		return
	}
	m.Raw = slices.Clone(m.Raw)
	r.add(t, m)
	r.makeRoom(t)
}

// Keep says that a Call-ID is of a call. owner is the call's own id; "" when that is not known. What has been seen of it
// so far is kept, too.
func (r *Recorder) Keep(callID, owner string) {
	if callID == "" {
		return
	}
	key := maphash.String(r.seed, callID)
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.calls[key]; t != nil {
		if t.callID == callID && t.owner == "" {
			r.own(t, owner)
		}
		return
	}
	t := &thread{key: key, callID: callID, messages: make([]Message, 0, 12), held: overhead}
	r.calls[key] = t
	r.held += overhead
	r.nobodys.add(t)
	r.own(t, owner)
	r.strange.each(key, func(m Message) { r.add(t, m) })
	r.makeRoom(t)
}

func (r *Recorder) own(t *thread, owner string) {
	if owner == "" {
		return
	}
	t.owner = owner
	r.nobodys.remove(t)
	r.ours.add(t)
	r.owned[owner] = append(r.owned[owner], t)
}

// add gives a thread a message that is its own to keep.
func (r *Recorder) add(t *thread, m Message) {
	cost := len(m.Raw) + overhead
	t.messages, t.held, r.held = append(t.messages, m), t.held+cost, r.held+cost
	for len(t.messages) > messageMost || t.held > callMost && len(t.messages) > 2 {
		at := len(t.messages) / 2 // how a call began and how it ended say most
		cost := len(t.messages[at].Raw) + overhead
		t.messages[at+1].Skipped += t.messages[at].Skipped + 1
		t.messages = slices.Delete(t.messages, at, at+1)
		t.held, r.held = t.held-cost, r.held-cost
	}
}

// makeRoom forgets the oldest calls, but not that one.
func (r *Recorder) makeRoom(but *thread) {
	for _, l := range []*list{&r.nobodys, &r.ours} {
		for t := l.oldest; t != nil && r.held > r.most; {
			next := t.next
			if t != but {
				r.drop(t)
			}
			t = next
		}
	}
}

func (r *Recorder) drop(t *thread) {
	if t.owner == "" {
		r.nobodys.remove(t)
	} else {
		r.ours.remove(t)
	}
	delete(r.calls, t.key)
	r.held -= t.held
	if t.owner == "" {
		return
	}
	rest := slices.DeleteFunc(r.owned[t.owner], func(o *thread) bool { return o == t })
	if len(rest) > 0 {
		r.owned[t.owner] = rest
	} else {
		delete(r.owned, t.owner)
	}
}

// Of is what was seen of a call, in order: of all Call-IDs that it owns, and of those named. Secrets in it are masked.
func (r *Recorder) Of(owner string, callIDs ...string) []Message {
	r.mu.Lock()
	var all []Message
	for _, t := range r.threads(owner, callIDs) {
		all = append(all, t.messages...)
	}
	r.mu.Unlock()
	for i := range all {
		all[i].Raw = Mask(all[i].Raw)
	}
	slices.SortStableFunc(all, func(a, b Message) int { return a.At.Compare(b.At) })
	return all
}

// Forget lets go of what Of would return.
func (r *Recorder) Forget(owner string, callIDs ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.threads(owner, callIDs) {
		r.drop(t)
	}
}

// Held is how many bytes all calls take.
func (r *Recorder) Held() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held
}

func (r *Recorder) threads(owner string, callIDs []string) []*thread {
	var all []*thread
	if owner != "" {
		all = slices.Clone(r.owned[owner])
	}
	for _, id := range callIDs {
		t := r.calls[maphash.String(r.seed, id)]
		if t != nil && t.callID == id && !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	return all
}

// A list is of threads by their age.
type list struct{ oldest, newest *thread }

func (l *list) add(t *thread) {
	if t.prev = l.newest; t.prev != nil {
		t.prev.next = t
	} else {
		l.oldest = t
	}
	l.newest = t
}

func (l *list) remove(t *thread) {
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		l.oldest = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	} else {
		l.newest = t.prev
	}
	t.prev, t.next = nil, nil
}
