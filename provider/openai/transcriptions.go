package openai

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
)

const (
	transcriptions = "/audio/transcriptions"
	answerWithin   = 4 * time.Second // of an utterance, and half its length
	maxWaiting     = 8               // utterances that are being transcribed; with more, the sound has to wait
	maxTranscript  = 1 << 20         // bytes
)

// Utterances hears by POST /audio/transcriptions, which any server for Whisper and its like has
// (https://platform.openai.com/docs/api-reference/audio/createTranscription): our own VAD finds the utterances, and each is a request.
// Silence is none.
type Utterances struct {
	endpoint
	options TranscriberOptions
}

// What not all servers take of a form.
const (
	verbose    = "verbose_json" // without it there are no places of words, and no doubts
	wordsTimed = "timestamp_granularities"
)

// Transcribe hears one stream. Words come when an utterance is over, and in between with interim_ms. When in is closed, what is
// being transcribed is waited for.
func (u *Utterances) Transcribe(ctx context.Context, in <-chan audio.Frame, o stt.Options) iter.Seq2[stt.Event, error] {
	return func(yield func(stt.Event, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		l := listening{u: u, ctx: ctx, yield: yield, language: u.language(o), prompt: hint(u.options.Model, u.options.Prompt, o),
			cutter: cutter{silence: max(1, u.options.SilenceDurationMS/20)}}
		defer l.asking.Wait()
		defer cancel()
		err := l.run(in)
		if err == nil || l.stopped {
			return
		}
		yield(stt.Event{}, provider.Fault(ctx, u.vendor, err))
	}
}

// Warm opens a connection for the first utterance to find, and finds the model to ask for.
func (u *Utterances) Warm(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	if u.options.Model == "" {
		_, err := u.named(ctx)
		return err
	}
	return u.net.Touch(ctx, u.vendor, u.base+"/models", u.header())
}

// language is the ISO 639-1 code of what is spoken: the API takes no region. Unless it is told, the model guesses anew in each utterance.
func (u *Utterances) language(o stt.Options) string {
	code, _, _ := strings.Cut(pick(u.options.Language, pick(o.Language, "en")), "-")
	return strings.ToLower(code)
}

// listening is one stream.
type listening struct {
	u                *Utterances
	ctx              context.Context
	yield            func(stt.Event, error) bool
	stopped          bool // the consumer ended the loop
	language, prompt string

	cutter  cutter
	parted  bool     // words were told that somebody may have gone on after
	waiting []*asked // complete utterances, in order
	interim *asked   // the one still being spoken, as far as it was when it was asked about
	since   int      // frames that it had then
	asking  sync.WaitGroup
}

// asked is a request under way.
type asked struct {
	of     *utterance
	cancel context.CancelFunc
	answer chan finding // takes one
}

type finding struct {
	text  string
	words []stt.Word
	err   error
}

func (l *listening) run(in <-chan audio.Frame) error {
	for in != nil || len(l.waiting) > 0 {
		var next, partial chan finding
		frames := in
		if len(l.waiting) > 0 {
			next = l.waiting[0].answer
		} else if l.interim != nil {
			partial = l.interim.answer
		}
		if len(l.waiting) >= maxWaiting {
			frames = nil
		}
		select {
		case f, ok := <-frames:
			if !ok {
				in = nil
				l.part(l.cutter.rest())
				continue
			}
			l.hear(&f)
		case a := <-next:
			of := l.waiting[0].of
			l.waiting = l.waiting[1:]
			if a.err != nil {
				return a.err
			}
			l.tell(of, a)
		case a := <-partial:
			of := l.interim.of
			l.drop()
			if a.err == nil && a.text != "" { // what went wrong is told by the whole utterance's request
				of.told = true
				l.say(stt.Event{Text: a.text, Words: a.words})
			}
		case <-l.ctx.Done():
			return l.ctx.Err()
		}
		if l.stopped {
			return nil
		}
	}
	return nil
}

func (l *listening) say(e stt.Event) {
	if !l.stopped && !l.yield(e, nil) {
		l.stopped = true
	}
}

func (l *listening) hear(f *audio.Frame) {
	before := l.cutter.open
	began, done := l.cutter.hear(f)
	if began {
		l.say(stt.Event{Started: true})
	}
	u := l.cutter.open
	if u != before {
		l.since = 0
	}
	switch {
	case before == nil || u == before:
	case u == nil:
		l.part(done)
	default:
		l.finish(done)
	}
	every := l.u.options.InterimMS / 20
	if every > 0 && u != nil && l.interim == nil && len(l.waiting) == 0 && u.frames-l.since >= every && u.said >= leastSaid {
		l.since = u.frames
		l.interim = l.ask(u)
	}
}

// part is finish once the speaker has fallen silent: with too little said since the part before, that one was the last.
func (l *listening) part(u *utterance) {
	l.finish(u)
	switch n := len(l.waiting); {
	case u != nil:
	case n > 0:
		l.waiting[n-1].of.over = true
	case l.parted:
		l.parted = false
		l.say(stt.Event{End: true})
	}
}

// finish asks what an utterance says that is complete; nil is one that was none.
func (l *listening) finish(u *utterance) {
	l.drop()
	if u != nil {
		l.waiting = append(l.waiting, l.ask(u))
	}
}

func (l *listening) drop() {
	if l.interim != nil {
		l.interim.cancel()
		l.interim = nil
	}
}

// tell tells the words of an utterance: first as a partial, for whoever waits for one, then as they stay.
func (l *listening) tell(u *utterance, a finding) {
	if a.text == "" {
		if u.told || l.parted && u.over { // an interim request had heard some, or the part before: nothing more comes of them
			l.say(stt.Event{End: u.over})
		}
		l.parted = l.parted && !u.over
		return
	}
	if !u.told {
		l.say(stt.Event{Text: a.text, Words: a.words})
	}
	l.say(stt.Event{Text: a.text, Words: a.words, Final: true, End: u.over})
	l.parted = !u.over
}

// ask has an utterance transcribed as it is now. The goroutine ends with the answer or with the stream.
func (l *listening) ask(u *utterance) *asked {
	limit := answerWithin + time.Duration(u.frames)*audio.FrameDur/2
	ctx, cancel := context.WithTimeout(l.ctx, limit)
	a := &asked{of: u, cancel: cancel, answer: make(chan finding, 1)}
	now := *u // pcm is only appended to
	l.asking.Go(func() {
		defer cancel()
		t, err := l.u.transcribe(ctx, now.pcm, l.language, l.prompt)
		var out finding
		switch {
		case err == nil:
			out.text, out.words = t.heard(&now, l.prompt)
		case l.ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
			out.err = &parley.VendorError{Vendor: l.u.vendor, Code: parley.VendorTimeout, Message: "an utterance was not transcribed in " + limit.String()}
		default:
			out.err = err
		}
		a.answer <- out
	})
	return a
}

// transcribe posts sound. A server that does not take all we ask for is asked for less, from then on.
func (u *Utterances) transcribe(ctx context.Context, pcm []byte, language, prompt string) (transcript, error) {
	model, err := u.named(ctx)
	if err != nil {
		return transcript{}, err
	}
	for server := u.base + " " + model + " " + transcriptions; ; {
		lacks := learnt.Of(server)
		f := form{model: model, language: language, prompt: prompt, verbose: !onlyJSON(model) && !slices.Contains(lacks, verbose), timed: !slices.Contains(lacks, wordsTimed)}
		t, err := u.post(ctx, f, pcm)
		var v *parley.VendorError
		if !errors.As(err, &v) || v.Status != http.StatusBadRequest && v.Status != http.StatusUnprocessableEntity || !f.verbose {
			return t, err
		}
		if f.timed && strings.Contains(v.Message, "timestamp_granularit") {
			learnt.Add(server, wordsTimed)
			continue
		}
		f.verbose = false
		t, again := u.post(ctx, f, pcm)
		if again != nil {
			return t, err // it was not that
		}
		learnt.Add(server, verbose)
		return t, nil
	}
}

// onlyJSON reports whether a model of OpenAI's answers with nothing but text.
func onlyJSON(model string) bool { return strings.HasPrefix(model, "gpt-") }

// form is the fields of a request.
type form struct {
	model, language, prompt string
	verbose, timed          bool
}

// body is the form with the sound as a WAV.
func (f *form) body(pcm []byte) (kind string, body []byte) {
	var b bytes.Buffer
	b.Grow(len(pcm) + 2048)
	w := multipart.NewWriter(&b)
	field := func(name, value string) { _ = w.WriteField(name, value) } // a buffer takes all
	field("model", f.model)
	if f.verbose {
		field("response_format", verbose)
		if f.timed {
			field(wordsTimed+"[]", "word")
			field(wordsTimed+"[]", "segment")
		}
	} else {
		field("response_format", "json")
	}
	field("language", f.language)
	if f.prompt != "" {
		field("prompt", f.prompt)
	}
	part, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="speech.wav"`}, "Content-Type": {"audio/wav"}})
	if err == nil {
		_, _ = part.Write(wav(len(pcm)))
		_, _ = part.Write(pcm)
	}
	_ = w.Close()
	return w.FormDataContentType(), b.Bytes()
}

// wav is the header before so many bytes of our sound.
func wav(n int) []byte {
	const size, bits, plain, channels = 44, 16, 1, 1
	b := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(size-8+n))
	b = binary.LittleEndian.AppendUint32(append(b, "WAVEfmt "...), 16)
	b = binary.LittleEndian.AppendUint16(b, plain)
	b = binary.LittleEndian.AppendUint16(b, channels)
	b = binary.LittleEndian.AppendUint32(b, audio.Rate)
	b = binary.LittleEndian.AppendUint32(b, audio.Rate*bits/8)
	b = binary.LittleEndian.AppendUint16(b, bits/8)
	b = binary.LittleEndian.AppendUint16(b, bits)
	return binary.LittleEndian.AppendUint32(append(b, "data"...), uint32(n))
}

func (u *Utterances) post(ctx context.Context, f form, pcm []byte) (t transcript, err error) {
	kind, body := f.body(pcm)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.base+transcriptions, bytes.NewReader(body))
	if err != nil {
		return t, parley.Invalid("base_url", u.base+" is not an address")
	}
	req.Header = u.header()
	req.Header.Set("Content-Type", kind)
	resp, err := u.net.Do(u.vendor, req)
	if err != nil {
		return t, u.missing(err, f.model)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxTranscript))
	if err != nil {
		return t, provider.Fault(ctx, u.vendor, err)
	}
	t, ok := parseTranscript(b)
	if !ok {
		return t, provider.BadOutput(u.vendor, "the answer is no transcription: "+provider.Line(string(b)), nil)
	}
	return t, nil
}

// missing says what is not there, the model or all that transcribes. One that was taken from the server's list is looked for anew.
func (u *Utterances) missing(err error, model string) error {
	var v *parley.VendorError
	if !errors.As(err, &v) || !absent(v.Status) {
		return err
	}
	if u.options.Model == "" {
		hears.Forget(u.base, model)
	}
	if !strings.Contains(strings.ToLower(v.Message), "model") {
		v.Message = u.base + " has no " + transcriptions + ": it does not hear (" + v.Message + ")"
	}
	return err
}
