package cluster

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"

	"github.com/parley-voice/parley"
)

const (
	listenDepth = 256              // pieces of sound that wait for a listener; more are lost
	stillHere   = 5 * time.Second  // how often a listener says so
	leftAfter   = 20 * time.Second // when one that does not has left
	listenMost  = 64               // listeners elsewhere, to all calls here
)

// What a piece of a stream begins with.
const (
	pieceSound = 's'
	pieceEnd   = 'e' // with what became of it
)

// Listen writes the sound of a call that runs in another node until it is over, ctx is done or w fails; flush is called after every
// write. Errors are those of Command.
func (b *Bus) Listen(ctx context.Context, node, callID string, channels int, w io.Writer, flush func() error) error {
	inbox := b.prefix + "sound." + strings.ReplaceAll(uuid.NewString(), "-", "")
	pieces := make(chan []byte, listenDepth)
	sub, err := b.subscribe(inbox, func(_ *nats.Msg, body []byte) {
		select {
		case pieces <- body:
		default: // this listener is slow
		}
	})
	if err != nil {
		return unreachable(err)
	}
	defer sub.Unsubscribe()
	body, err := json.Marshal(order{Call: callID, Channels: channels, Inbox: inbox})
	if err != nil {
		return err
	}
	if err = b.publish(b.prefix+"node."+token(node)+".listen", body); err != nil {
		return unreachable(err)
	}
	defer b.publish(inbox+".here", []byte{0})
	here := time.NewTicker(stillHere)
	defer here.Stop()
	quiet := time.NewTimer(commandWait)
	defer quiet.Stop()
	for {
		select {
		case p := <-pieces:
			quiet.Reset(commandWait)
			if len(p) == 0 || p[0] != pieceSound {
				return refusalOf(p[min(1, len(p)):])
			}
			if _, err := w.Write(p[1:]); err != nil {
				return err
			}
			if err := flush(); err != nil {
				return err
			}
		case <-here.C:
			_ = b.publish(inbox+".here", []byte{1})
		case <-quiet.C: // a call that is silent sends silence
			return unreachable(context.DeadlineExceeded)
		case <-b.ctx.Done():
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// A sender sends what is written.
type sender struct {
	b     *Bus
	inbox string
}

func (s *sender) Write(p []byte) (int, error) {
	return len(p), s.b.publish(s.inbox, append([]byte{pieceSound}, p...))
}

func (b *Bus) tookListener(_ *nats.Msg, body []byte) {
	var o order
	if json.Unmarshal(body, &o) != nil || !strings.HasPrefix(o.Inbox, b.prefix+"sound.") {
		return
	}
	b.work.Go(func() {
		err := b.play(o)
		_ = b.publish(o.Inbox, append([]byte{pieceEnd}, refusal(err)...))
	})
}

// play sends the sound of a call that runs here to a listener elsewhere for as long as there is one.
func (b *Bus) play(o order) error {
	if b.listening.Add(1) > listenMost {
		b.listening.Add(-1)
		return parley.Full("too_many_listeners", "so many listen to calls of this node by now: try again when one of them has left", listenMost, listenMost, 0)
	}
	defer b.listening.Add(-1)
	ctx, left := context.WithCancel(b.ctx)
	defer left()
	late := time.AfterFunc(leftAfter, left)
	defer late.Stop()
	sub, err := b.subscribe(o.Inbox+".here", func(_ *nats.Msg, body []byte) {
		if len(body) == 1 && body[0] == 1 {
			late.Reset(leftAfter)
		} else {
			left()
		}
	})
	if err != nil {
		return err
	}
	defer sub.Unsubscribe()
	if err = b.Calls.Listen(ctx, o.Call, o.Channels, &sender{b, o.Inbox}); ctx.Err() != nil {
		return nil
	}
	return err
}
