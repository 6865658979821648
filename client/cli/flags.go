package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	client "github.com/parley-voice/parley/client/go"
)

// flags are those of every verb; check says which of them a verb has no use for.
type flags struct {
	URL    string `name:"url" env:"PARLEY_URL" default:"http://127.0.0.1:8080" help:"The server."`
	Key    string `env:"PARLEY_API_KEY" help:"An API key. Default: the one in the data folder, which the server made."`
	Data   string `env:"PARLEY_DATA" default:"./data" help:"The server's data folder, for the key."`
	Output string `short:"o" help:"table (default), json or yaml."`
	Help   bool   `short:"h" help:"Show this."`

	Filter []string `sep:"none" help:"Only objects like this: field=value, also != > >= < <= and ~ (contains). Several times: all of them."`
	Sort   string   `help:"Field to sort by. Default: the time of creation."`
	Desc   bool     `help:"The last ones first."`
	Page   int      `default:"1" help:"Which page."`
	Size   int      `default:"20" help:"Objects a page, up to 100."`
	All    bool     `help:"All pages."`

	File    string `short:"f" help:"JSON or YAML object with the fields; - is the standard input. name=value wins over it."`
	Lenient bool   `help:"Fields that the server does not know are ignored, not refused."`
	Once    string `name:"idempotency-key" help:"Text of your choice: the same command with it within 24 hours is done once."`

	Args   []string        `arg:"" optional:""`
	given  map[string]bool // names of the flags on the command line
	keyWas string          // where the key came from
}

// groups are the flags by whom they serve.
var groups = map[string][]string{
	"list": {"filter", "sort", "desc", "page", "size", "all"},
	"body": {"file", "lenient"},
	"post": {"idempotency-key"},
}

// serves says whether a verb has a use for a flag.
func serves(flag string, v *verb) bool {
	for group, names := range groups {
		for _, n := range names {
			if n != flag {
				continue
			}
			switch group {
			case "list":
				return v.lists()
			case "body":
				return v.body() != nil
			case "post":
				return v.parameter("Idempotency-Key") != nil
			}
		}
	}
	return true
}

func (p *Program) parse(v *verb, args []string) (*flags, error) {
	f := &flags{given: map[string]bool{}}
	k, err := p.parser(f)
	if err != nil {
		return nil, err
	}
	if args, err = sorted(k.Model.Flags, args); err != nil {
		return nil, err
	}
	ctx, err := k.Parse(args)
	if err != nil {
		return nil, err
	}
	for _, path := range ctx.Path {
		if path.Flag != nil && !path.Resolved {
			f.given[path.Flag.Name] = true
		}
	}
	return f, nil
}

// sorted puts flags first and the rest behind "--": kong's lists of words end at a flag.
func sorted(known []*kong.Flag, args []string) ([]string, error) {
	var first, rest []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			rest = append(rest, args[i+1:]...)
			break
		}
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			rest = append(rest, arg)
			continue
		}
		first = append(first, arg)
		for _, f := range known {
			named := arg == "--"+f.Name || f.Short != 0 && arg == "-"+string(f.Short)
			if !named || f.IsBool() {
				continue
			}
			if i++; i == len(args) {
				return nil, fmt.Errorf("%s needs a value", arg)
			}
			first = append(first, args[i])
		}
	}
	return append(append(first, "--"), rest...), nil
}

func (p *Program) parser(f *flags) (*kong.Kong, error) {
	options := append([]kong.Option{kong.Name("parley"), kong.NoDefaultHelp(), kong.Exit(func(int) {})}, p.Flags...)
	return kong.New(f, options...)
}

// check says which flags make no sense for a verb, and which have wrong values.
func (f *flags) check(v *verb) error {
	for name := range f.given {
		if !serves(name, v) {
			return misuse("--%s is of no use to %s", name, v.name)
		}
	}
	file := v.op.OperationID == "getCallRecording"
	switch {
	case file && f.Output == "":
		return misuse("where to? Give -o FILE.wav or FILE.mp3; -o - is the standard output")
	case v.op.OperationID == captureCall && f.Output == "":
		return misuse("where to? Give -o FILE.pcap; -o - is the standard output, for tshark -r -")
	case !file && v.op.OperationID != traceCall && v.op.OperationID != captureCall && f.Output != "" && f.Output != "json" && f.Output != "yaml" && f.Output != "table":
		return misuse("-o: %q is no form of output: take table, json or yaml", f.Output)
	case v.lists() && (f.Size < 1 || f.Size > 100):
		return misuse("--size: 1 to 100")
	case v.lists() && f.Page < 1:
		return misuse("--page: the first one is 1")
	case f.All && f.given["page"]:
		return misuse("--all and --page: take one of the two")
	}
	return nil
}

// connect finds the key, and makes a client of the server.
func (f *flags) connect() (*client.API, error) {
	key := strings.TrimSpace(f.Key)
	f.keyWas = "--key or PARLEY_API_KEY"
	if key == "" {
		path := filepath.Join(f.Data, "api-key")
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("no API key: set PARLEY_API_KEY, give --key, or run where the server's data folder is (--data): %w", err)
		}
		key, f.keyWas = strings.TrimSpace(string(b)), path
	}
	a, err := client.New(f.URL, key)
	if err != nil {
		return nil, misuse("--url, --key: %v", err)
	}
	return a, nil
}

// headers go with every request.
func (f *flags) headers(_ context.Context, r *http.Request) error {
	if r.Method != http.MethodGet && !f.Lenient {
		r.Header.Set("Prefer", "handling=strict")
	}
	if f.Once != "" {
		r.Header.Set("Idempotency-Key", f.Once)
	}
	return nil
}

// explain says what is wrong with which field, and what to do when there is no server or the key is not known.
func (f *flags) explain(err error) error {
	var p *client.Problem
	var u *url.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no server answers at %s: start one with \"parley serve\", or say with --url or PARLEY_URL where it is", f.URL)
	case errors.Is(err, context.Canceled):
		return errors.New("stopped")
	case errors.As(err, &u):
		return fmt.Errorf("asking %s: %w", f.URL, u.Err)
	case !errors.As(err, &p):
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s", plain(p.Message))
	if len(p.Fields) > 0 {
		b.Reset()
		b.WriteString("the server refuses it")
		for _, field := range p.Fields {
			fmt.Fprintf(&b, "\n  %s", plain(field.Message))
		}
	}
	if p.Limit != nil {
		fmt.Fprintf(&b, "\n  %d of %d", p.Limit.Current, p.Limit.Max)
	}
	switch {
	case p.Status == http.StatusUnauthorized:
		fmt.Fprintf(&b, "\n  the key came from %s, the server is %s", f.keyWas, f.URL)
	case p.Status >= http.StatusInternalServerError && p.RequestID != "":
		fmt.Fprintf(&b, "\n  the server's log has more under request_id=%s", plain(p.RequestID))
	case p.RetryAfter > 0:
		fmt.Fprintf(&b, "\n  try again in %v", p.RetryAfter)
	}
	return errors.New(b.String())
}

// matcher is a pattern of the contract.
func matcher(pattern string) *regexp.Regexp { return regexp.MustCompile(pattern) }
