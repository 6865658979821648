package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
)

// What a good call is held to.
const (
	soakTurn     = time.Second            // beyond the vendors, until the agent's answer is heard
	soakFirst    = 3 * time.Second        // the same for the first of a call that goes out: who answered is found out first
	soakGap      = 200 * time.Millisecond // a packet that is off its time stamp by more is a gap
	soakSetup    = 2 * time.Second        // INVITE → 200
	soakOver     = 20 * time.Second       // from the end until the call says so, and webhook and recording are there
	soakSound    = 1500 * time.Millisecond
	soakRetry    = 100 * time.Millisecond
	soakAudioMax = 128 << 20 // bytes of a recording
)

// A keptCall is what the API has of a call.
type keptCall struct {
	ID       string
	Status   string
	Reason   parley.Cause `json:"ended_reason"`
	Recorded bool         `json:"recording_available"`
	Turns    []keptTurn
}

type keptTurn struct {
	Text        string
	Who         parley.Who
	Interrupted bool
}

// find looks the call's id up by who called.
func (s *soak) find(ctx context.Context, c *soakCall) error {
	filters, _ := json.Marshal(map[string]any{"from_number": c.name}) // texts
	var list struct{ Items []keptCall }
	if err := s.server.client.do(ctx, http.MethodGet, "/v1/calls/list?filters="+url.QueryEscape(string(filters)), nil, &list); err != nil {
		return err
	}
	if len(list.Items) != 1 {
		return fmt.Errorf("%d calls are of %s", len(list.Items), c.name)
	}
	c.id = list.Items[0].ID
	return nil
}

// judge looks at all that is known of a call that is over, and deletes most of them.
func (s *soak) judge(ctx context.Context, p soakPlan, c *soakCall) {
	if c.setup > soakSetup {
		c.fault("answered after %v", c.setup)
	}
	if c.script.lost > 0 {
		c.fault("%d turns were not answered, or the agent hung up in between", c.script.lost)
	}
	if c.packet.worst > soakGap {
		c.fault("a packet came %v off its time", c.packet.worst)
	}
	if c.packet.lost > 0 {
		c.fault("%d packets were lost", c.packet.lost)
	}
	if c.script.holes > 0 {
		c.fault("%d answers were broken by silence", c.script.holes)
	}
	if c.id == "" {
		if err := s.find(ctx, c); err != nil {
			c.fault("%v", err)
			return
		}
	}
	k, err := s.over(ctx, p, c)
	if err != nil {
		c.fault("%v", err)
		return
	}
	if k.Reason != soakCauses[p.ends] {
		c.fault("it ended as %s, not %s", k.Reason, soakCauses[p.ends])
	}
	s.judgeTurns(c, k)
	if p.agent.recorded {
		if err := s.judgeSound(ctx, c); err != nil {
			c.fault("recording: %v", err)
		}
	}
	if err := s.told.judge(p, c, k); err != nil {
		c.fault("webhook: %v", err)
	}
	s.told.forget(c.id)
	if len(c.faults) > 0 || s.names.Load()%int64(s.o.Keep) == 0 {
		return
	}
	if err := s.server.client.do(ctx, http.MethodDelete, "/v1/calls/delete?id="+c.id, nil, nil); err != nil && ctx.Err() == nil {
		c.fault("deleting it: %v", err)
	}
}

// over waits until the call says that it is over, has its recording, and the webhook was told.
func (s *soak) over(ctx context.Context, p soakPlan, c *soakCall) (k keptCall, err error) {
	for limit := time.Now().Add(soakOver); ; {
		if err = s.server.client.do(ctx, http.MethodGet, "/v1/calls?id="+c.id, nil, &k); err != nil {
			return k, err
		}
		over := k.Status == string(parley.Ended) || k.Status == string(parley.Failed)
		if over && (k.Recorded || !p.agent.recorded) && (!p.agent.told || s.told.over(c.id)) {
			return k, nil
		}
		if time.Now().After(limit) {
			if !over {
				return k, fmt.Errorf("%v after its end it is %s", soakOver, k.Status)
			}
			return k, nil // what is missing is said by others
		}
		if !wait(ctx, soakRetry) {
			return k, ctx.Err()
		}
		k = keptCall{}
	}
}

// judgeTurns compares the transcript with what was said.
func (s *soak) judgeTurns(c *soakCall, k keptCall) {
	said, want := 0, c.script.turn+c.script.cut
	if c.script.parted {
		want++
	}
	words := strings.Join(fixedWords, " ")
	for _, t := range k.Turns {
		switch {
		case t.Who == parley.Human:
			if said++; t.Text != words {
				c.fault("the transcript has the caller say %q", t.Text)
			}
		case t.Text != fixedReply && !strings.HasPrefix(fixedReply, strings.TrimRight(t.Text, " .…—-")):
			c.fault("the transcript has the agent say %q", t.Text)
		case t.Text != fixedReply && !t.Interrupted:
			c.fault("the transcript cuts the agent short: %q", t.Text)
		}
	}
	if said != want {
		c.fault("the transcript has %d turns of the caller's, %d were said", said, want)
	}
}

// judgeSound reads the recording: both sides are in it, and it is as long as the call.
func (s *soak) judgeSound(ctx context.Context, c *soakCall) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.server.client.base+"/v1/calls/recording?format=wav&id="+c.id, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+s.server.key)
	res, err := s.server.client.http.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, soakAudioMax))
	if err != nil {
		return err
	}
	w, err := audio.ReadWAV(bytes.NewReader(b))
	if err != nil {
		return err
	}
	if w.Channels != 2 {
		return fmt.Errorf("%d channels", w.Channels)
	}
	for side := range 2 {
		loud := slices.ContainsFunc(slices.Collect(slices.Chunk(w.Channel(side), w.Rate/50)), func(pcm []int16) bool { return audio.RMS(pcm) > energetic })
		if !loud {
			return fmt.Errorf("side %d is silent", side)
		}
	}
	long, want := time.Duration(len(w.Channel(0)))*time.Second/time.Duration(w.Rate), c.end.Sub(c.answer)
	if (long - want).Abs() > soakSound {
		return fmt.Errorf("it is %v long, the call was %v", long.Round(time.Millisecond), want.Round(time.Millisecond))
	}
	return nil
}
