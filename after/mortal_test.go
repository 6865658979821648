package after

import (
	"context"
	"net"
	"runtime"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/job"
	"github.com/parley-voice/parley/store"
)

// A mortal process dies after so many steps outside of itself: its goroutine ends, and what it would have done next is not done.
type mortal struct {
	Store
	log  *store.Log
	net  Net
	left int
}

// step is one: before it, the process may be dead.
func (m *mortal) step() {
	if m.left--; m.left < 0 {
		runtime.Goexit()
	}
}

func (m *mortal) UpdateCall(ctx context.Context, id string, change func(*parley.Call) error) error {
	m.step()
	err := m.Store.UpdateCall(ctx, id, change)
	m.step()
	return err
}

func (m *mortal) UpdateCallSynced(ctx context.Context, id string, change func(*parley.Call) error) error {
	m.step()
	err := m.Store.UpdateCallSynced(ctx, id, change)
	m.step()
	return err
}

func (m *mortal) Enqueue(ctx context.Context, jobs ...store.Job) error {
	m.step()
	err := m.Store.Enqueue(ctx, jobs...)
	m.step()
	return err
}

func (m *mortal) Append(e parley.Event) {
	m.step()
	m.log.Append(e)
}

func (m *mortal) Flush(ctx context.Context) error {
	err := m.log.Flush(ctx)
	m.step()
	return err
}

func (m *mortal) Event(ctx context.Context, id string) (store.Placed, error) {
	return m.log.Event(ctx, id)
}

func (m *mortal) Do(ctx context.Context, r fetch.Request) (*fetch.Response, error) {
	m.step()
	res, err := m.net.Do(ctx, r)
	m.step()
	return res, err
}

func jobOf(j store.Job) job.Job {
	return job.Job{ID: j.ID, Kind: j.Kind, Subject: j.Subject, Payload: j.Payload, Attempt: j.Attempts}
}

func (m *mortal) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return m.net.Dial(ctx, network, addr)
}
