package call

import (
	"context"
	"time"

	"github.com/parley-voice/parley"
)

// end writes down how the call ended: its row, then the last events, in the order in which webhooks expect them.
func (s *Switchboard) end(ctx context.Context, line *line, out parley.Outcome) {
	ctx = context.WithoutCancel(ctx)
	c, f := line.call, line.facts
	c.End, c.Cause, c.ErrorMessage = time.Now().UTC(), out.Cause, out.Detail
	c.Status = c.Cause.Status()
	if (c.Cause == parley.CallerHungUp || c.Cause == parley.MediaTimeout) && c.Start.IsZero() && !c.IsOutgoing && c.StageOutcome == "" {
		c.StageOutcome = "call_did_not_connect"
	}
	line.warming.stop()
	line.discretion.End()
	s.charge(line)
	s.traced(c)
	f.record(&c.Record)
	told := false
	s.keepEnd(ctx, c.ID, func(row *parley.Call) error {
		over := row.Status == parley.Ended || row.Status == parley.Failed
		if told = over && (row.IsOutgoing || row.Cause == parley.NodeLost); told {
			return nil // cancelled in the moment before it was to be dialled, or others took this process for dead
		}
		row.Status, row.Stage, row.Start, row.End = c.Status, c.Stage, c.Start, c.End
		row.Media, row.Ending, row.Record = c.Media, c.Ending, c.Record
		return nil
	})
	if told {
		return
	}
	f.release()
	f.farewell(c)
	if err := s.Log.Flush(ctx); err != nil {
		s.Logger.Error("the call's events were not written", "call", c.ID, "error", err)
	}
	s.Logger.Info("call ended", "call", c.ID, "ended_reason", c.Cause, "seconds", c.End.Sub(c.Created).Seconds())
}

// traced has the signalling of a call kept that is over, but for a private one's.
func (s *Switchboard) traced(c *parley.Call) {
	if s.Traces == nil {
		return
	}
	var ids []string
	if c.TelephonyID != "" {
		ids = []string{c.TelephonyID}
	}
	if c.Private {
		s.Traces.Forget(c.ID, ids...)
	} else {
		s.Traces.Ended(c.ID, ids...)
	}
}

// endTries is how often the row of a call that is over is written to a store that is away, after 1, 2, 4 and 8 s: until it is,
// the call holds its slot.
const endTries = 5

func (s *Switchboard) keepEnd(ctx context.Context, id string, change func(*parley.Call) error) {
	wait := time.Second
	for try := 1; ; try++ {
		err := s.Calls.UpdateCall(ctx, id, change)
		if err == nil {
			return
		}
		s.Logger.Error("the end of the call was not written", "call", id, "try", try, "error", err)
		if try == endTries || parley.IsNotFound(err) {
			return
		}
		time.Sleep(wait)
		wait *= 2
	}
}

// farewell appends a call's last events, in the order in which webhooks expect them.
func (f *facts) farewell(c *parley.Call) {
	if c.Cause.Failed() {
		f.add(parley.EventError, map[string]string{"code": string(c.Cause), "message": c.ErrorMessage})
	}
	if c.Start.IsZero() {
		f.add(parley.EventDidNotConnect, map[string]any{
			"telephony_status": string(c.Cause), "sip_code": c.SIPCode, "ended_reason": string(c.Cause),
		})
		return
	}
	f.add(parley.EventTranscript, map[string]any{"transcript": parley.Transcript(c.Record), "turns": c.Turns})
	if c.Recording != "" {
		f.add(parley.EventRecording, map[string]any{"recording_url": ""}) // signed at each delivery
	}
	f.add(parley.EventEnded, map[string]any{
		"ended_reason": string(c.Cause), "fault": string(c.Cause.Fault()), "stage": string(c.Stage),
		"stage_outcome": c.Outcome(), "conversation_minutes": c.End.Sub(c.Start).Minutes(), "media": c.Quality,
	})
}
