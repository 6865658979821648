package turns

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// say makes Python say what it is told.
//
//go:embed say.py
var say string

// A python is a process of an engine that scripts/voices.sh has installed: their voices take seconds to load, and no time to keep.
type python struct {
	sync.Mutex
	in   io.WriteCloser
	out  *bufio.Reader
	cmd  *exec.Cmd
	told strings.Builder // what it complained of; read once it has ended
}

// pythons are those that run, until render stops them.
var pythons = struct {
	sync.Mutex
	of map[string]*python
}{of: map[string]*python{}}

// python gives the engine's process; one that cannot be started is an error of those that ask for it.
func pythonOf(ctx context.Context, engine string) (*python, error) {
	pythons.Lock()
	defer pythons.Unlock()
	if p := pythons.of[engine]; p != nil {
		return p, nil
	}
	home, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("finding the cache folder: %w", err)
	}
	p := &python{cmd: exec.CommandContext(ctx, filepath.Join(home, "parley", "voices-2", "bin", "python"), "-c", say, engine)}
	p.cmd.Stderr = &p.told
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); errors.Is(err, fs.ErrNotExist) {
		return nil, errAbsent
	} else if err != nil {
		return nil, err
	}
	pythons.of[engine] = p
	return p, nil
}

// stopPythons ends them all.
func stopPythons() {
	pythons.Lock()
	defer pythons.Unlock()
	for engine, p := range pythons.of {
		p.in.Close()
		p.cmd.Wait()
		delete(pythons.of, engine)
	}
}

// say has a text said.
func (p *python) say(voice string, pitch float64, text string) ([]byte, error) {
	p.Lock()
	defer p.Unlock()
	line, err := json.Marshal(map[string]any{"voice": voice, "pitch": pitch, "text": text})
	if err != nil {
		return nil, err
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		p.forget()
		return nil, fmt.Errorf("its process has ended: %w", err)
	}
	var n uint32
	if err := binary.Read(p.out, binary.BigEndian, &n); err != nil {
		p.forget()
		return nil, fmt.Errorf("its process has ended: %w", err)
	}
	if n == 0 {
		return nil, errors.New("it could not be said")
	}
	wav := make([]byte, n)
	_, err = io.ReadFull(p.out, wav)
	return wav, err
}

// forget has the next line start another process in place of one that has ended.
func (p *python) forget() {
	pythons.Lock()
	defer pythons.Unlock()
	maps.DeleteFunc(pythons.of, func(_ string, other *python) bool { return other == p })
}

// byPython runs such an engine. Of one voice a pitch makes several: pico/en-GB+118 is 18 % higher, openjtalk/mei-5 five half tones lower.
func byPython(ctx context.Context, engine, name, text string) (*said, error) {
	voice, pitch := name, 1.0
	var err error
	if engine == "openjtalk" {
		pitch = 0
		if v, down, ok := strings.Cut(name, "-"); ok {
			voice = v
			pitch, err = strconv.ParseFloat("-"+down, 64)
		}
	} else if v, percent, ok := strings.Cut(name, "+"); ok {
		voice = v
		pitch, err = strconv.ParseFloat(percent, 64)
		pitch /= 100
	}
	if err != nil {
		return nil, fmt.Errorf("the pitch of %s/%s: %w", engine, name, err)
	}
	p, err := pythonOf(ctx, engine)
	if err != nil {
		return nil, err
	}
	wav, err := p.say(voice, pitch, text)
	if err != nil {
		return nil, err
	}
	return placed(wav, text)
}
