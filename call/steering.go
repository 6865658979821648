package call

import (
	"context"
	"sync"

	"github.com/parley-voice/parley"
)

// A steering lends the numbers of steering pools to warm transfers, each to one at a time. It is kept in memory alone: a process that is
// gone has lent nothing.
type steering struct {
	mu   sync.Mutex     // guards lent
	lent map[lot]string // call ids
}

// A lot is a number of an environment's.
type lot struct{ env, number string }

// lend gives a call a number of a pool; the one it has, if it has one. false: all are lent.
func (s *steering) lend(env, call string, pool []string) (number string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range pool {
		if s.lent[lot{env, n}] == call {
			return n, true
		}
	}
	for _, n := range pool {
		if l := (lot{env, n}); s.lent[l] == "" {
			if s.lent == nil {
				s.lent = map[lot]string{}
			}
			s.lent[l] = call
			return n, true
		}
	}
	return "", false
}

// giveBack ends what was lent to a call.
func (s *steering) giveBack(call string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l, id := range s.lent {
		if id == call {
			delete(s.lent, l)
		}
	}
}

// steered is the number that a warm transfer calls from, lent until it is over; "" where the account has no steering pool. The error is a
// parley.Error: 403 where the policy forbids the transfer, 429 where all numbers are lent. It may be called from any goroutine.
func (s *Switchboard) steered(ctx context.Context, line *line, t parley.Transfer) (from string, err error) {
	via := onward(line.call, t.To)
	trunk, err := s.door(ctx, via)
	if err != nil || trunk == nil || len(trunk.Policy.Steering) == 0 {
		return "", err
	}
	from, ok := s.steering.lend(via.UserID, line.id, trunk.Policy.Steering)
	if !ok {
		return "", &parley.Error{Status: 429, Code: "steering_pool_empty",
			Message: "every number of the steering pool is lent to a warm transfer that runs; try again when one is over"}
	}
	return from, nil
}
