package client

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	eventLimit  = 1 << 20 // bytes of one event
	followTries = 5       // connections in a row that bring nothing
)

// followPause is before a broken stream is taken up again.
var followPause = time.Second

// Events follows a call: first what has happened after the event with the sequence after (0: everything), then what happens. It
// ends with the call. A stream that breaks is taken up where it broke; no event comes twice.
func (a *API) Events(ctx context.Context, callID string, after int) iter.Seq2[EventDto, error] {
	return func(yield func(EventDto, error) bool) {
		last := after
		for tries := 0; ; tries++ {
			before := last
			over, stopped, err := a.stream(ctx, callID, &last, yield)
			if over || stopped {
				return
			}
			if last > before {
				tries = 0
			}
			var p *Problem
			if errors.As(err, &p) && p.Status < 500 || ctx.Err() != nil || tries >= followTries || last == after && unreachable(err) {
				yield(EventDto{}, cmp.Or(err, ctx.Err(), fmt.Errorf("following call %s: the stream keeps breaking", callID)))
				return
			}
			if err := sleep(ctx, followPause); err != nil {
				yield(EventDto{}, err)
				return
			}
		}
	}
}

// LiveEvents follows all calls of the key's environment: what happens on them from now on, of these types, or all. It has no end. When the
// stream breaks, which it does for a reader that is too slow, what happened meanwhile is lost, and the error that is yielded is the last.
func (a *API) LiveEvents(ctx context.Context, types ...string) iter.Seq2[EventDto, error] {
	return func(yield func(EventDto, error) bool) {
		query := url.Values{}
		if len(types) > 0 {
			query.Set("types", strings.Join(types, ","))
		}
		res, err := a.open(ctx, http.MethodGet, "/v1/calls/live", query, nil)
		if err != nil {
			yield(EventDto{}, err)
			return
		}
		defer res.Body.Close()
		for data, err := range eventData(res.Body) {
			var e EventDto
			if err == nil {
				err = json.Unmarshal(data, &e)
			}
			if err != nil {
				yield(EventDto{}, cmp.Or(ctx.Err(), fmt.Errorf("following all calls: %w", err)))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
		yield(EventDto{}, cmp.Or(ctx.Err(), fmt.Errorf("following all calls: %w", io.ErrUnexpectedEOF)))
	}
}

// unreachable says that there was no connection at all.
func unreachable(err error) bool {
	var u *url.Error
	return errors.As(err, &u)
}

// stream reads one connection: over is the end of the call, stopped the end of the reader's interest.
func (a *API) stream(ctx context.Context, callID string, last *int, yield func(EventDto, error) bool) (over, stopped bool, err error) {
	res, err := a.open(ctx, http.MethodGet, "/v1/calls/events", url.Values{"id": {callID}}, nil, func(_ context.Context, r *http.Request) error {
		r.Header.Set("Accept", "text/event-stream")
		r.Header.Set("Last-Event-ID", strconv.Itoa(*last))
		return nil
	})
	if err != nil {
		return false, false, err
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusNoContent {
		return true, false, nil
	}
	for data, err := range eventData(res.Body) {
		if err != nil {
			return false, false, err
		}
		var e EventDto
		if err := json.Unmarshal(data, &e); err != nil {
			return false, false, fmt.Errorf("an event of call %s: %w", callID, err)
		}
		if e.Sequence > 0 && e.Sequence <= *last {
			continue
		}
		*last = max(*last, e.Sequence)
		if !yield(e, nil) {
			return false, true, nil
		}
	}
	return false, false, nil
}

// eventData gives the data of each server-sent event (WHATWG HTML §9.2). One that was cut short does not count.
func eventData(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(make([]byte, 4096), eventLimit)
		var data []byte
		for lines.Scan() {
			line := bytes.TrimSuffix(lines.Bytes(), []byte("\r"))
			if len(line) == 0 {
				if len(data) > 0 && !yield(data, nil) {
					return
				}
				data = data[:0]
				continue
			}
			value, ok := bytes.CutPrefix(line, []byte("data:"))
			if !ok {
				continue // a comment, or a field that is of no use here
			}
			if len(data) > 0 {
				data = append(data, '\n')
			}
			if data = append(data, bytes.TrimPrefix(value, []byte(" "))...); len(data) > eventLimit {
				yield(nil, fmt.Errorf("an event of more than %d bytes", eventLimit))
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// Trace writes the SIP messages of a call to w, as "json", "ladder" or "pcap", and gives their length in bytes.
func (a *API) Trace(ctx context.Context, callID, format string, w io.Writer) (int64, error) {
	res, err := a.open(ctx, http.MethodGet, "/v1/calls/trace", url.Values{"id": {callID}, "format": {format}}, nil)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	n, err := io.Copy(w, res.Body)
	if err != nil {
		return n, fmt.Errorf("the trace of call %s, after %d bytes: %w", callID, n, err)
	}
	return n, nil
}

// Capture writes the packets of a running call to w, as a pcap, until the call is over, and gives their length in bytes.
func (a *API) Capture(ctx context.Context, callID string, w io.Writer) (int64, error) {
	res, err := a.open(ctx, http.MethodGet, "/v1/calls/capture", url.Values{"id": {callID}}, nil)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	n, err := io.Copy(w, res.Body)
	if err != nil {
		return n, fmt.Errorf("the packets of call %s, after %d bytes: %w", callID, n, err)
	}
	return n, nil
}

// Recording writes the sound of a call to w, as "mp3" or "wav", and gives its length in bytes.
func (a *API) Recording(ctx context.Context, callID, format string, w io.Writer) (int64, error) {
	res, err := a.open(ctx, http.MethodGet, "/v1/calls/recording", url.Values{"id": {callID}, "format": {format}}, nil)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	n, err := io.Copy(w, res.Body)
	if err == nil && res.ContentLength >= 0 && n != res.ContentLength {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return n, fmt.Errorf("the recording of call %s, after %d bytes: %w", callID, n, err)
	}
	return n, nil
}
