package trace

// A ring holds the latest messages of whoever, in a fixed piece of memory; the oldest make room.
type ring struct {
	bytes []byte
	at    int // where the next one goes
	seen  []sighting
	first int // index of the oldest in seen
	n     int
}

type sighting struct {
	key      uint64
	m        Message // without Raw
	from, to int     // of the bytes
}

// ringShare is how many bytes a message takes at least, so that there is an end to their number.
const ringShare = 256

func newRing(size int) ring {
	return ring{bytes: make([]byte, size), seen: make([]sighting, size/ringShare)}
}

func (r *ring) put(key uint64, m Message) {
	size := max(len(m.Raw), ringShare)
	if size > len(r.bytes)/4 {
		return
	}
	if r.at+size > len(r.bytes) {
		r.release(r.at, len(r.bytes))
		r.at = 0
	}
	r.release(r.at, r.at+size)
	s := &r.seen[(r.first+r.n)%len(r.seen)]
	s.key, s.m, s.from, s.to = key, m, r.at, r.at+copy(r.bytes[r.at:], m.Raw)
	s.m.Raw = nil
	r.at += size
	r.n++
}

// release forgets what lies there; that is always the oldest.
func (r *ring) release(from, to int) {
	for r.n > 0 {
		s := &r.seen[r.first]
		if s.from < from || s.from >= to {
			return
		}
		r.first = (r.first + 1) % len(r.seen)
		r.n--
	}
}

// each gives copies of what was said under that key, the oldest first.
func (r *ring) each(key uint64, f func(Message)) {
	for i := range r.n {
		if s := &r.seen[(r.first+i)%len(r.seen)]; s.key == key {
			m := s.m
			m.Raw = append([]byte(nil), r.bytes[s.from:s.to]...)
			f(m)
		}
	}
}
