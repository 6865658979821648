package providertest

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// A GoogleConfig is what a stream of Speech-to-Text was configured with, as the fake took it.
type GoogleConfig struct {
	Fields   string // RecognitionConfig's fields, as number=value, in their order; a message's or a text's value in quotes
	Contexts []GoogleContext
	Interim  bool
	Activity bool
	Single   bool
	Sound    time.Duration // that came after it
}

// A GoogleContext is a SpeechContext.
type GoogleContext struct {
	Phrases []string
	Boost   float32
}

// GoogleEars is how the fake's Speech-to-Text differs.
type GoogleEars struct {
	Longest    time.Duration // of sound, then it ends the stream as Google does after 5 minutes; 0: none
	NoActivity bool          // it does not tell when somebody speaks
	NoEnds     bool          // nor where results and words end
	Lacks      string        // a model that it does not have for any language
	Says       int           // it ends each stream with this status after some words; 0: it does not; -1: without one
	Quits      bool          // it ends each stream after some words in good order
	Slow       bool          // it does not end a stream that is over
}

// Streams is the streams of Speech-to-Text that came, in order.
func (g *Google) Streams() []GoogleConfig {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]GoogleConfig(nil), g.streams...)
}

const messageHead = 5

// status ends a gRPC answer.
func callStatus(w http.ResponseWriter, code int, message string) {
	w.Header().Set(http.TrailerPrefix+"Grpc-Status", strconv.Itoa(code))
	w.Header().Set(http.TrailerPrefix+"Grpc-Message", url.PathEscape(message))
}

// callFault is a fault played before a gRPC call begins; false: it is none of these.
func callFault(w http.ResponseWriter, f Fault) bool {
	refusals := map[Fault]struct {
		code int
		text string
	}{
		Unauthorized: {16, "Request had invalid authentication credentials, key sk-secret."},
		RateLimited:  {8, "Quota exceeded for quota metric 'Requests' and limit 'Requests per minute'"},
		Broken:       {13, "Internal error encountered."},
	}
	r, ok := refusals[f]
	if ok {
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Grpc-Status", strconv.Itoa(r.code)) // with nothing after it: trailers alone
		w.Header().Set("Grpc-Message", url.PathEscape(r.text))
	}
	return ok
}

// recognise is Speech.StreamingRecognize.
func (g *Google) recognise(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor != 2 || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") || r.Header.Get("Te") != "trailers" {
		http.Error(w, "not gRPC", http.StatusUnsupportedMediaType)
		return
	}
	w.Header().Set("Content-Type", "application/grpc")
	switch key := r.Header.Get("X-Goog-Api-Key"); {
	case key == "":
		callStatus(w, 7, "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.")
		return
	case strings.HasPrefix(key, "wrong"):
		callStatus(w, 3, "API key not valid. Please pass a valid API key.")
		return
	}
	s := &speech{g: g, w: w, r: r, ear: ear{rate: 16000}}
	if code, message := s.serve(); code >= 0 {
		callStatus(w, code, message)
	}
	if r.Context().Err() != nil {
		g.gaveUp()
	}
}

// speech is one stream.
type speech struct {
	g        *Google
	w        http.ResponseWriter
	r        *http.Request
	ear      ear
	config   GoogleConfig
	index    int // of it among the streams
	messages int
}

// serve hears to the end, and gives the status of it; -1: none is told.
func (s *speech) serve() (code int, message string) {
	f := faultOf(s.r)
	if f == Hang {
		<-s.r.Context().Done()
		return -1, ""
	}
	for {
		m, err := s.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return -1, ""
		}
		if code, message = s.take(m, f); code != 0 {
			return code, message
		}
	}
	if words := s.ear.rest(); len(words) > 0 {
		s.say(s.result(words, true))
	}
	if s.messages == 0 {
		return 3, "Malordered Data Received. Expected audio_content none was set."
	}
	if s.g.Hears.Slow {
		<-s.r.Context().Done()
	}
	return 0, ""
}

// next is the next message of the client's.
func (s *speech) next() ([]byte, error) {
	var head [messageHead]byte
	if _, err := io.ReadFull(s.r.Body, head[:]); err != nil {
		return nil, err
	}
	m := make([]byte, binary.BigEndian.Uint32(head[1:]))
	if head[0] != 0 || len(m) > 1<<20 {
		return nil, io.ErrUnexpectedEOF
	}
	_, err := io.ReadFull(s.r.Body, m)
	return m, err
}

func (s *speech) take(m []byte, f Fault) (code int, message string) {
	num, kind, n := protowire.ConsumeTag(m)
	if n < 0 || kind != protowire.BytesType {
		return 3, "Request contains an invalid argument."
	}
	b, n2 := protowire.ConsumeBytes(m[n:])
	switch {
	case n2 < 0 || n+n2 != len(m):
		return 3, "Request contains an invalid argument."
	case num == 1 && s.messages == 0:
		s.messages++
		return s.configure(b)
	case num != 2 || s.messages == 0:
		return 3, "Malordered Data Received. Expected audio_content."
	case len(b) > 25<<10:
		return 3, "Request audio can be of a maximum of 25600 bytes."
	}
	s.messages++
	if code, message = s.play(f); code != 0 {
		return code, message
	}
	return s.hear(b)
}

// play plays the fault once some sound has come.
func (s *speech) play(f Fault) (code int, message string) {
	if s.g.Hears.Says != 0 && s.ear.at > 16000 {
		return s.g.Hears.Says, "says the fake to " + s.r.Header.Get("X-Goog-Api-Key")
	}
	if s.g.Hears.Quits && s.ear.at > 16000 {
		callStatus(s.w, 0, "")
		return -1, ""
	}
	if s.messages != 4 {
		return 0, ""
	}
	switch f {
	case Close:
		return 14, "The service is currently unavailable."
	case Garbage:
		s.say([]byte{0x0b, 0xff, 0xff})
	case CutJSON:
		s.w.Write([]byte{0, 0, 0, 0, 99, 1, 2, 3})
		panic(http.ErrAbortHandler)
	case Stall:
		<-s.r.Context().Done()
	case Drip:
		for s.r.Context().Err() == nil {
			s.say(nil)
			time.Sleep(5 * time.Millisecond)
		}
	}
	return 0, ""
}

func (s *speech) configure(b []byte) (code int, message string) {
	model, language := "", ""
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		b = b[max(n, 0):]
		v, text, n := value(num, kind, b)
		if n < 0 {
			return 3, "Request contains an invalid argument."
		}
		b = b[n:]
		switch num {
		case 1:
			model, language = s.recognition(text)
		case 2:
			s.config.Single = v != 0
		case 3:
			s.config.Interim = v != 0
		case 5:
			s.config.Activity = v != 0
		}
	}
	s.g.mu.Lock()
	s.index = len(s.g.streams)
	s.g.streams = append(s.g.streams, s.config)
	s.g.mu.Unlock()
	switch {
	case !strings.Contains(" "+s.config.Fields+" ", " 1=1 ") || !strings.Contains(" "+s.config.Fields+" ", " 2=16000 "):
		return 3, "Invalid recognition 'config': bad sample rate hertz."
	case len(language) < 5:
		return 3, "Invalid recognition 'config': bad language code."
	case model == s.g.Hears.Lacks && model != "":
		return 3, "Invalid recognition 'config': The requested model is currently not supported for language : " + language + "."
	}
	return 0, ""
}

func value(num protowire.Number, kind protowire.Type, b []byte) (v uint64, text []byte, n int) {
	switch kind {
	case protowire.VarintType:
		v, n = protowire.ConsumeVarint(b)
	case protowire.BytesType:
		text, n = protowire.ConsumeBytes(b)
	case protowire.Fixed32Type:
		var f uint32
		f, n = protowire.ConsumeFixed32(b)
		v = uint64(f)
	default:
		n = protowire.ConsumeFieldValue(num, kind, b)
	}
	return v, text, n
}

// recognition reads a RecognitionConfig.
func (s *speech) recognition(b []byte) (model, language string) {
	var all []string
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		b = b[max(n, 0):]
		v, text, n := value(num, kind, b)
		if n < 0 {
			return "", ""
		}
		b = b[n:]
		switch {
		case num == 6:
			s.config.Contexts = append(s.config.Contexts, speechContext(text))
			continue
		case num == 3:
			language = string(text)
		case num == 13:
			model = string(text)
		}
		if kind == protowire.BytesType {
			all = append(all, fmt.Sprintf("%d=%q", num, text))
		} else {
			all = append(all, fmt.Sprintf("%d=%d", num, v))
		}
	}
	s.config.Fields = strings.Join(all, " ")
	return model, language
}

func speechContext(b []byte) (c GoogleContext) {
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		b = b[max(n, 0):]
		v, text, n := value(num, kind, b)
		if n < 0 {
			return c
		}
		b = b[n:]
		switch num {
		case 1:
			c.Phrases = append(c.Phrases, string(text))
		case 4:
			c.Boost = math.Float32frombits(uint32(v))
		}
	}
	return c
}

func (s *speech) hear(b []byte) (code int, message string) {
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	for _, f := range s.ear.hear(pcm) {
		if f.started && s.config.Activity && !s.g.Hears.NoActivity {
			s.activity(2)
		}
		if f.final && s.config.Activity && !s.g.Hears.NoActivity {
			s.activity(3)
		}
		if f.final || s.config.Interim {
			s.say(s.result(f.words, f.final))
		}
	}
	at := time.Duration(s.ear.at) * time.Second / 16000
	s.g.mu.Lock()
	s.g.streams[s.index].Sound = at
	s.g.mu.Unlock()
	if most := s.g.Hears.Longest; most > 0 && at > most {
		return 11, "Exceeded maximum allowed stream duration of " + strconv.Itoa(int(most.Seconds())) + " seconds."
	}
	return 0, ""
}

func (s *speech) activity(kind uint64) {
	m := protowire.AppendVarint(protowire.AppendTag(nil, 4, protowire.VarintType), kind)
	s.say(nested(m, 8, duration(float64(s.ear.at)/16000)))
}

// result is a StreamingRecognizeResponse of some words. Interim ones are in two results, the first of which is stable.
func (s *speech) result(words []heardWord, final bool) []byte {
	if !final && len(words) > 1 {
		return append(s.part(words[:len(words)-1], false, 0.9), s.part(words[len(words)-1:], false, 0.01)...)
	}
	return s.part(words, final, 0.01)
}

func (s *speech) part(words []heardWord, final bool, stability float32) []byte {
	text := textOf(words)
	if len(words) > 0 && words[0].start > 0 && !final {
		text = " " + text
	}
	a := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), text)
	if final {
		a = protowire.AppendFixed32(protowire.AppendTag(a, 2, protowire.Fixed32Type), math.Float32bits(0.9))
	}
	for _, w := range words {
		if !final || s.g.Hears.NoEnds {
			break
		}
		word := nested(nested(nil, 1, duration(w.start)), 2, duration(w.end))
		a = nested(a, 3, protowire.AppendString(protowire.AppendTag(word, 3, protowire.BytesType), w.text))
	}
	m := nested(nil, 1, a)
	if final {
		m = protowire.AppendVarint(protowire.AppendTag(m, 2, protowire.VarintType), 1)
	} else {
		m = protowire.AppendFixed32(protowire.AppendTag(m, 3, protowire.Fixed32Type), math.Float32bits(stability))
	}
	if !s.g.Hears.NoEnds {
		m = nested(m, 4, duration(float64(s.ear.at)/16000))
	}
	m = protowire.AppendString(protowire.AppendTag(m, 6, protowire.BytesType), "en-us")
	return nested(nil, 2, m)
}

func nested(b []byte, num protowire.Number, m []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), m)
}

func duration(s float64) []byte {
	whole := math.Floor(s)
	var b []byte
	if whole > 0 {
		b = protowire.AppendVarint(protowire.AppendTag(b, 1, protowire.VarintType), uint64(whole))
	}
	if ns := math.Round((s - whole) * 1e9); ns > 0 {
		b = protowire.AppendVarint(protowire.AppendTag(b, 2, protowire.VarintType), uint64(ns))
	}
	return b
}

func (s *speech) say(m []byte) {
	s.g.sounds()
	s.w.Write(append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(m))), m...))
	s.w.(http.Flusher).Flush()
}
