package elevenlabs

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/tts"
)

const (
	waiting    = 1   // requests behind the piece being spoken: plans allow few at once
	maxContext = 500 // bytes of what was said before that a request tells
)

// request is the body of POST /v1/text-to-speech/{voice_id}/stream/with-timestamps.
type request struct {
	Text     string    `json:"text"`
	Model    string    `json:"model_id"`
	Language string    `json:"language_code,omitempty"`
	Settings *settings `json:"voice_settings,omitempty"`
	Previous string    `json:"previous_text,omitempty"`
}

// answered is a line of the answer to it.
type answered struct {
	Audio []byte      `json:"audio_base64"`
	Align *characters `json:"alignment"`
}

// A rendering is a piece that was asked for.
type rendering struct {
	ready chan struct{} // closed when body or err is set
	body  io.ReadCloser
	err   error
}

// pieces asks for each piece as it comes, one ahead of the one being spoken, and gives their sound in order.
func (v *Voice) pieces(ctx context.Context, text <-chan string, o tts.Options) iter.Seq2[tts.Chunk, error] {
	return func(yield func(tts.Chunk, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		align := tts.NewAlign(audio.Rate)
		queue := make(chan *rendering, waiting)
		var asking sync.WaitGroup
		asking.Go(func() { v.ask(ctx, text, o.Language, align, queue, &asking) })
		defer func() {
			cancel()
			for r := range queue { // requests nobody will hear
				<-r.ready
				r.close()
			}
			asking.Wait()
		}()
		for r := range queue {
			<-r.ready // a cancelled request is ready, too
			more, err := speak(r, align, yield)
			if err != nil {
				yield(tts.Chunk{}, provider.Fault(ctx, vendor, err))
				return
			}
			if !more {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(tts.Chunk{}, err)
			return
		}
		for align.Left() > 0 { // space after the last word
			if !align.End(yield) {
				return
			}
		}
	}
}

// ask requests every piece, and closes queue after the last.
func (v *Voice) ask(ctx context.Context, text <-chan string, language string, align *tts.Align, queue chan<- *rendering, asking *sync.WaitGroup) {
	defer close(queue)
	before := ""
	for {
		select {
		case piece, ok := <-text:
			if !ok {
				return
			}
			if strings.TrimSpace(piece) == "" {
				align.Join(piece)
				continue
			}
			align.Add(piece)
			r := &rendering{ready: make(chan struct{})}
			select {
			case queue <- r:
			case <-ctx.Done():
				return
			}
			q := v.request(piece, language, before)
			asking.Go(func() {
				defer close(r.ready)
				r.body, r.err = v.post(ctx, q)
			})
			if before += piece; len(before) > maxContext {
				before = strings.ToValidUTF8(before[len(before)-maxContext:], "")
			}
		case <-ctx.Done():
			return
		}
	}
}

func (r *rendering) close() {
	if r.body != nil {
		r.body.Close()
	}
}

// request is what is asked for a piece; before is what was said just before it, which the v3 models do not take.
func (v *Voice) request(piece, language, before string) request {
	o := &v.options
	q := request{Text: strings.TrimSpace(piece), Model: o.ModelID, Language: o.language(language), Settings: o.settings()}
	if !o.v3() {
		q.Previous = strings.TrimSpace(before)
	}
	return q
}

func (v *Voice) post(ctx context.Context, q request) (io.ReadCloser, error) {
	body, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	query := url.Values{"output_format": {format}}
	if n := v.options.OptimizeStreamingLatency; n > 0 {
		query.Set("optimize_streaming_latency", strconv.Itoa(n))
	}
	address := v.base + "/v1/text-to-speech/" + v.options.VoiceID + "/stream/with-timestamps?" + query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = v.header.Clone()
	req.Header.Set("Content-Type", "application/json")
	resp, err := v.net.Do(vendor, req)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

const maxAnswer = 64 << 20 // bytes of one answer: over twenty minutes of sound

// speak gives the sound of a piece, as it comes.
func speak(r *rendering, align *tts.Align, yield func(tts.Chunk, error) bool) (more bool, err error) {
	if r.err != nil {
		return false, r.err
	}
	defer r.close()
	w := words{align: align}
	dec := json.NewDecoder(io.LimitReader(r.body, maxAnswer))
	for {
		var a answered
		err := dec.Decode(&a)
		var syntax *json.SyntaxError
		var kind *json.UnmarshalTypeError
		var code base64.CorruptInputError
		switch {
		case errors.Is(err, io.EOF) && align.Mute():
			return false, provider.BadOutput(vendor, "a piece came back without sound", nil)
		case errors.Is(err, io.EOF):
			w.flush()
			return align.End(yield), nil
		case errors.As(err, &syntax), errors.As(err, &kind), errors.As(err, &code):
			return false, provider.BadOutput(vendor, "the answer is not as documented", err)
		case err != nil:
			return false, err
		}
		w.take(a.Align.chars())
		if !align.Write(a.Audio, yield) {
			return false, nil
		}
	}
}
