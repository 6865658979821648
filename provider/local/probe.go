package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/parley-voice/parley/provider/local/responder"
)

// A Server is a place where a language model may answer on this machine.
type Server struct {
	Name    string
	BaseURL string // of the OpenAI-compatible API, on loopback
}

// Servers are the ports that the usual programs listen on. LocalAI shares llama.cpp's.
func Servers() []Server {
	return []Server{
		{"Ollama", "http://127.0.0.1:11434/v1"},
		{"llama.cpp", "http://127.0.0.1:8080/v1"},
		{"LM Studio", "http://127.0.0.1:1234/v1"},
		{"vLLM", "http://127.0.0.1:8000/v1"},
	}
}

const (
	probeFor  = 300 * time.Millisecond // each request
	probeEach = 30 * time.Second       // at most: programs are started and stopped while we run
	maxModels = 12                     // asked what they can do
	maxAnswer = 1 << 20
)

// look has a language model looked for, unless that is being done or was done just now. The channel is closed when it is.
func (l *Local) look() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := l.looked == nil
	if !first {
		select {
		case <-l.looked:
			if time.Since(l.since) < probeEach {
				return l.looked
			}
		default:
			return l.looked
		}
	}
	if l.ctx.Err() != nil {
		if first {
			l.looked = make(chan struct{})
			close(l.looked)
		}
		return l.looked
	}
	done, before := make(chan struct{}), l.found
	l.looked = done
	l.wg.Go(func() {
		found := l.probe(before)
		l.tell(before, found, first)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.found, l.since = found, time.Now()
		close(done)
	})
	return done
}

// thinker waits for a look under way. Nil: the built-in responder thinks.
func (l *Local) thinker(ctx context.Context) (*thinker, error) {
	select {
	case <-l.look():
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.found, nil
}

// tell logs a change.
func (l *Local) tell(before, found *thinker, first bool) {
	switch {
	case found != nil && (before == nil || *before != *found):
		l.log.Info("a language model on this machine thinks for agents without another", "server", found.server.Name, "address", found.server.BaseURL, "model", found.model)
	case found == nil && (first || before != nil) && l.config.OpenAICompatible != nil:
		l.log.Info("no language model on this machine: agents without another are answered for by the " + responder.Name)
	}
}

// probe takes the first server that lists models, in the order given. The one found before stays as long as its port is open: it
// may only be busy.
func (l *Local) probe(before *thinker) *thinker {
	if l.config.OpenAICompatible == nil {
		return nil
	}
	servers := l.config.Servers
	if servers == nil {
		servers = Servers()
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true}, // and no proxy
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if before != nil {
		if _, err := listModels(l.ctx, client, before.server); !errors.Is(err, syscall.ECONNREFUSED) {
			return before
		}
	}
	for _, s := range servers {
		models, err := listModels(l.ctx, client, s)
		if err != nil {
			l.log.Debug("no language model", "server", s.Name, "address", s.BaseURL, "error", err)
			continue
		}
		return &thinker{s, choose(l.ctx, client, s, models)}
	}
	return nil
}

// listModels reads /v1/models. Other programs listen on these ports as well, so the answer has to be just so.
func listModels(ctx context.Context, c *http.Client, s Server) ([]string, error) {
	if err := onLoopback(s.BaseURL); err != nil {
		return nil, err
	}
	var list struct {
		Object string `json:"object"`
		Data   []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := ask(ctx, c, http.MethodGet, s.BaseURL+"/models", nil, &list); err != nil {
		return nil, err
	}
	var ids []string
	for _, m := range list.Data {
		if m.ID != "" && !strings.Contains(strings.ToLower(m.ID), "embed") {
			ids = append(ids, m.ID)
		}
	}
	if list.Object != "list" || len(ids) == 0 {
		return nil, errors.New("it lists no models")
	}
	return ids, nil
}

func onLoopback(base string) error {
	u, err := url.Parse(base)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(u.Hostname()); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("%s is not on loopback", base)
	}
	return nil
}

// choose prefers a model that says it can use tools. Only Ollama tells.
func choose(ctx context.Context, c *http.Client, s Server, models []string) string {
	for _, m := range models[:min(len(models), maxModels)] {
		var show struct{ Capabilities []string }
		if ask(ctx, c, http.MethodPost, strings.TrimSuffix(s.BaseURL, "/v1")+"/api/show", map[string]string{"model": m}, &show) != nil {
			break
		}
		for _, can := range show.Capabilities {
			if can == "tools" {
				return m
			}
		}
	}
	return models[0]
}

func ask(ctx context.Context, c *http.Client, method, address string, body, into any) error {
	ctx, cancel := context.WithTimeout(ctx, probeFor)
	defer cancel()
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, r)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", address, res.Status)
	}
	return json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(into)
}
