package local

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
)

// A process is a worker that runs. Its input and its output are each used by one goroutine.
type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	out    *bufio.Reader
	body   []byte
	once   sync.Once
	forget func() bool
}

// start runs a worker and gives it its order. It lives until the context is over or stop is called.
func start(ctx context.Context, command []string, o orderBody) (*process, error) {
	if len(command) == 0 {
		return nil, errors.New("no command to start a worker with")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	cmd := exec.Command(command[0], command[1:]...)
	// Few threads and a small heap: a call costs a process.
	cmd.Env = append(os.Environ(), "GOMAXPROCS=2", "GOGC=40")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting a worker: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting a worker: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting a worker: %w", err)
	}
	p := &process{cmd: cmd, stdin: stdin, out: bufio.NewReaderSize(stdout, 1<<15)}
	p.forget = context.AfterFunc(ctx, p.kill)
	if err := writeJSON(stdin, order, o); err != nil {
		p.stop()
		return nil, fmt.Errorf("starting a worker: %w", err)
	}
	return p, nil
}

// stop kills the worker and waits until it is gone. It may be called more than once and from anywhere.
func (p *process) stop() {
	p.forget()
	p.kill()
}

func (p *process) kill() {
	p.once.Do(func() {
		p.cmd.Process.Kill()
		p.stdin.Close()
		p.cmd.Wait()
	})
}

// read is the next message, whose body is valid until the one after. A failed message is an error, and so is the death of
// the worker; io.EOF: it ended, killed or not.
func (p *process) read() (kind, []byte, error) {
	k, body, err := readMessage(p.out, p.body)
	p.body = body
	switch {
	case errors.Is(err, io.EOF):
		return 0, nil, io.EOF
	case err != nil:
		return 0, nil, fmt.Errorf("the worker died: %w", err)
	case k == failed:
		return k, nil, workerError(body)
	}
	return k, body, nil
}

// workerError is what a worker says went wrong.
func workerError(body []byte) error {
	text := string(body)
	if text == errNotInstalled.Error() || strings.Contains(text, "opening lib") {
		return fmt.Errorf("%w (%s)", errNotInstalled, text)
	}
	return errors.New(text)
}

// ready waits until the worker has done its order.
func (p *process) ready() ([]byte, error) {
	k, body, err := p.read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the worker died as it started")
	}
	if err == nil && k != ready {
		err = fmt.Errorf("the worker answered its order with %d", k)
	}
	return body, err
}
