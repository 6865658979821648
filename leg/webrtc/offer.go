package webrtc

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/pion/ice/v4"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/flow"
	"github.com/parley-voice/parley/rtp"
)

// An offer is a call of a browser: a leg.Offer until it is answered.
type offer struct {
	d        *Door
	id       string // whoever knows it may hang up
	ringing  leg.Ringing
	agent    *ice.Agent
	conn     *ice.Conn
	agreed   rtp.Agreed
	ufrag    string                  // the browser's
	warnings []string                // of what did not work when it was opened
	hangup   context.CancelCauseFunc // of whoever answers

	answering, refused         chan struct{} // closed once somebody does, or it is
	answeringOnce, refusedOnce sync.Once

	mu    sync.Mutex // guards all below
	far   int        // candidates of theirs that were taken
	cause parley.Cause
	leg   *call // nil: not answered
	left  *time.Timer
	done  bool
}

var _ leg.Offer = (*offer)(nil)

// open reads an offer and makes our side of it.
func (d *Door) open(ctx context.Context, sdp []byte) (o *offer, ours []byte, err error) {
	if len(sdp) > maxOffer {
		return nil, nil, ErrOffer
	}
	theirs, ok := outsetOf(sdp)
	if !ok {
		return nil, nil, ErrOffer
	}
	answer, agreed, err := agree(sdp, rand.Uint64()>>2)
	if err != nil {
		return nil, nil, err
	}
	o = &offer{d: d, id: uuid.NewString(), agreed: agreed, ufrag: theirs.ufrag, answering: make(chan struct{}), refused: make(chan struct{})}
	defer func() {
		if err != nil && o.agent != nil {
			_ = o.agent.Close()
		}
	}()
	relays := *d.relays.Load()
	urls, err := uris(relays, "parley")
	if err != nil {
		return nil, nil, err
	}
	said := &complaints{}
	if o.agent, err = ice.NewAgentWithOptions(append(d.options(len(relays) > 0), ice.WithUrls(urls), ice.WithLoggerFactory(said))...); err != nil {
		return nil, nil, fmt.Errorf("beginning ICE: %w", err)
	}
	candidates, warning, err := d.address(ctx, o.agent, relays, said)
	if err != nil {
		return nil, nil, err
	}
	if warning != "" {
		o.warnings = append(o.warnings, warning)
	}
	o.reach(theirs.candidates)
	ufrag, pwd, err := o.agent.GetLocalUserCredentials()
	if err != nil {
		return nil, nil, err
	}
	if o.conn, err = o.agent.StartAccept(theirs.ufrag, theirs.pwd); err != nil {
		return nil, nil, fmt.Errorf("beginning ICE: %w", err)
	}
	if err = o.agent.OnConnectionStateChange(func(s ice.ConnectionState) {
		if s == ice.ConnectionStateFailed {
			o.lost()
		}
	}); err != nil {
		return nil, nil, err
	}
	return o, describe(answer, &theirs, ufrag, pwd, candidates), nil
}

// reach has ICE try candidates of theirs, maxFar in all.
func (o *offer) reach(candidates []string) {
	for _, c := range candidates {
		far, err := ice.UnmarshalCandidate(c)
		if err != nil || strings.HasSuffix(far.Address(), ".local") { // a name that nobody here can look up: the browser comes to us
			continue
		}
		o.mu.Lock()
		o.far++
		enough := o.far > maxFar
		o.mu.Unlock()
		if enough {
			return
		}
		_ = o.agent.AddRemoteCandidate(far) // of a kind that it does not know, or the call is over
	}
}

// options are an agent's. Names of candidates are not looked up.
func (d *Door) options(relayed bool) []ice.AgentOption {
	types := []ice.CandidateType{ice.CandidateTypeHost}
	if relayed {
		types = append(types, ice.CandidateTypeServerReflexive, ice.CandidateTypeRelay)
	}
	all := []ice.AgentOption{
		ice.WithUDPMux(d.mux), ice.WithNetworkTypes([]ice.NetworkType{ice.NetworkTypeUDP4, ice.NetworkTypeUDP6}), ice.WithCandidateTypes(types),
		ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled), ice.WithIncludeLoopback(),
		ice.WithDisconnectedTimeout(5 * time.Second), ice.WithFailedTimeout(10 * time.Second),
	}
	if ip := d.conf.PublicIP; ip.IsValid() {
		all = append(all, ice.WithAddressRewriteRules(ice.AddressRewriteRule{External: []string{ip.String()}, AsCandidateType: ice.CandidateTypeHost,
			Mode: ice.AddressRewriteAppend}))
	}
	return all
}

func (o *offer) Ringing() leg.Ringing { return o.ringing }

// Answer waits until ICE has found a way.
func (o *offer) Answer(ctx context.Context, l leg.Limits) (leg.Leg, error) {
	o.answeringOnce.Do(func() { close(o.answering) })
	ctx, stop := context.WithTimeoutCause(ctx, connectMost, errors.New("no way to the browser was found"))
	defer stop()
	if err := o.agent.AwaitConnect(ctx); err != nil {
		o.close()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, fmt.Errorf("answering a web call: %w", err)
	}
	c := &call{o: o}
	stream := rtp.OpenOn(&wire{agent: o.agent, conn: o.conn}, netip.AddrPort{})
	c.Flow = flow.New(stream, o.d.conf.Clock, l)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done {
		c.Stop()
		return nil, errors.New("the browser has gone")
	}
	o.leg = c
	c.Begin(o.agreed)
	return c, nil
}

// Reject tells the browser, as long as it waits for an answer to its offer; later the way is closed.
func (o *offer) Reject(_ context.Context, c parley.Cause) error {
	o.mu.Lock()
	o.cause = c
	o.mu.Unlock()
	o.refusedOnce.Do(func() { close(o.refused) })
	o.close()
	return nil
}

func (o *offer) why() parley.Cause {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.cause
}

// Hangup is the browser's.
func (o *offer) Hangup() {
	o.mu.Lock()
	o.done = true
	c := o.leg
	o.mu.Unlock()
	if c != nil {
		c.Leave("")
		return
	}
	o.hangup(errors.New("the caller hung up"))
	o.close()
}

// lost: nothing has come from the browser for some time.
func (o *offer) lost() {
	o.mu.Lock()
	c := o.leg
	o.mu.Unlock()
	if c != nil {
		c.Leave(parley.MediaTimeout)
	}
}

const (
	leftAfter = 3 * time.Second // a page may follow its call anew
	leftQuiet = 2 * time.Second
)

// leaves: whoever followed the call on the page does so no more. Where no sound comes any more, either, the page is gone, and so is the caller.
func (o *offer) leaves() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.leg == nil || o.done {
		return
	}
	if o.left != nil {
		o.left.Stop()
	}
	c := o.leg
	o.left = time.AfterFunc(leftAfter, func() {
		if c.Quiet() >= leftQuiet {
			c.Leave("")
		}
	})
}

// over: nobody answers, or talks, any more.
func (o *offer) over() {
	o.mu.Lock()
	o.done = true
	c := o.leg
	if o.left != nil {
		o.left.Stop()
	}
	o.mu.Unlock()
	if c != nil {
		c.Stop()
	}
	o.close()
}

func (o *offer) close() { _ = o.agent.Close() }

// A call is an answered one.
type call struct {
	*flow.Flow
	o *offer
}

var (
	_ leg.Leg          = (*call)(nil)
	_ leg.Identified   = (*call)(nil)
	_ leg.Backgrounded = (*call)(nil)
	_ leg.Measured     = (*call)(nil)
)

// Refer implements leg.Leg: a browser calls nobody.
func (c *call) Refer(context.Context, string) error { return errors.ErrUnsupported }

// Hangup implements leg.Leg.
func (c *call) Hangup(context.Context, parley.Cause) error {
	c.Stop()
	return nil
}

// ID implements leg.Identified.
func (c *call) ID() string { return c.o.id }

// Metadata implements leg.Identified.
func (c *call) Metadata() map[string]string {
	is := map[string]string{"type": "telephony_metadata_webrtc", "call_id": c.o.id}
	if pair, err := c.o.agent.GetSelectedCandidatePair(); err == nil && pair != nil {
		is["server_candidate"], is["browser_candidate"] = pair.Local.Type().String(), pair.Remote.Type().String()
	}
	return is
}
