package providertest

import (
	"io"
	"net/http"
	"net/url"
	"time"
)

// A Post is a request that came to a fake whose answers are sound.
type Post struct {
	Path   string
	Query  url.Values
	Header http.Header
	Body   string
}

// posts is a fake that speaks by an HTTP answer per request.
type posts struct {
	Server
	came []Post
}

// Posts is what came, in order.
func (p *posts) Posts() []Post {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Post(nil), p.came...)
}

// take reads a request.
func (p *posts) take(r *http.Request) []byte {
	b, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.came = append(p.came, Post{Path: r.URL.EscapedPath(), Query: r.URL.Query(), Header: r.Header.Clone(), Body: string(b)})
	return b
}

// pour answers with sound of that kind, in bits that end anywhere, and plays the faults of such an answer. Idle is sound without use.
func (p *posts) pour(w http.ResponseWriter, r *http.Request, kind string, sound, idle []byte) {
	f := faultOf(r)
	if f == Hang {
		<-r.Context().Done()
		return
	}
	if f == Garbage || f == CutJSON {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"audioContent":"no`)
		return
	}
	w.Header().Set("Content-Type", kind)
	bit := min(601, len(sound)/20|1) // odd, and small enough for the faults after 12 of them
	for n := 0; len(sound) > 0; n++ {
		switch {
		case f == Stall && n == 12:
			<-r.Context().Done()
			return
		case f == Close && n == 12:
			panic(http.ErrAbortHandler)
		case f == Drip:
			for r.Context().Err() == nil {
				w.Write(idle)
				w.(http.Flusher).Flush()
				time.Sleep(5 * time.Millisecond)
			}
			return
		}
		k := min(len(sound), bit)
		w.Write(sound[:k])
		w.(http.Flusher).Flush()
		sound = sound[k:]
	}
	if r.Context().Err() != nil {
		p.gaveUp()
	}
}
