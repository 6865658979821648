package cluster

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"sync"
	"time"
)

// In front of what is sealed stand when it was sent, in ms since 1970, and a number of its own: what somebody has recorded and sends
// again is not taken.
const stampLen = 16

// fresh is how old a message may be, or how far ahead of this machine's clock.
const fresh = 30 * time.Second

var (
	errStale = errors.New("the message is old, or its sender's clock is wrong")
	errTwice = errors.New("the message has come before")
)

// A seal makes and opens the messages of one installation.
type seal struct {
	key  Sealer
	mu   sync.Mutex // guards all below
	seen [2]map[[stampLen]byte]bool
	from time.Time // when seen[0] began
}

func (s *seal) make(body []byte, subject string) []byte {
	plain := make([]byte, stampLen, stampLen+len(body))
	binary.BigEndian.PutUint64(plain, uint64(time.Now().UnixMilli()))
	_, _ = rand.Read(plain[8:])
	return []byte(s.key.Seal(append(plain, body...), "nats", subject))
}

// open gives a message's body, once.
func (s *seal) open(data []byte, subject string) ([]byte, error) {
	plain, err := s.key.Open(string(data), "nats", subject)
	if err != nil {
		return nil, err
	}
	if len(plain) < stampLen {
		return nil, errStale
	}
	now := time.Now()
	stamp := [stampLen]byte(plain)
	if age := now.Sub(time.UnixMilli(int64(binary.BigEndian.Uint64(plain)))); age > fresh || age < -fresh {
		return nil, errStale
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.from) > 2*fresh { // whatever stands in the older one is stale by now
		s.seen = [2]map[[stampLen]byte]bool{{}, s.seen[0]}
		s.from = now
	}
	if s.seen[0][stamp] || s.seen[1][stamp] {
		return nil, errTwice
	}
	s.seen[0][stamp] = true
	return plain[stampLen:], nil
}
