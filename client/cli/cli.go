// Package cli is the command line over the REST API: parley <resource> <verb> [id] [name=value …]. Which verbs and fields there are
// it reads from the contract; its own are the names of the resources and the columns of the tables.
//
// Goroutines: none.
package cli

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/getkin/kin-openapi/openapi3"

	client "github.com/parley-voice/parley/client/go"
)

// A Program is what the commands run in.
type Program struct {
	Contract func() ([]byte, error) // as the server shows it
	In       io.Reader
	Out, Err io.Writer
	Flags    []kong.Option // where flags come from besides the command line

	doc *openapi3.T // the contract, once it has been read
}

// A Misuse is a command line, or a file it names, that cannot be understood.
type Misuse struct{ Message string }

func (m *Misuse) Error() string { return m.Message }

func misuse(format string, args ...any) error { return &Misuse{fmt.Sprintf(format, args...)} }

// An act is one command line, read.
type act struct {
	*Program
	resource *resource
	verb     *verb
	flags    *flags
	api      *client.API
}

// Run carries out the command line after the resource's name.
func (p *Program) Run(ctx context.Context, r *resource, args []string) error {
	if p.doc == nil {
		raw, err := p.Contract()
		if err != nil {
			return err
		}
		if p.doc, err = readContract(raw); err != nil {
			return err
		}
	}
	verbs := r.verbsOf(p.doc)
	if len(verbs) == 1 && (len(args) == 0 || args[0] != namesOf(verbs)[0]) { // usage
		args = append([]string{namesOf(verbs)[0]}, args...)
	}
	if len(args) == 0 {
		return misuse("%s needs a verb: one of %s\nRun \"parley %s --help\" for what they do.", r.Name, strings.Join(namesOf(verbs), ", "), r.Name)
	}
	if slices.Contains([]string{"-h", "--help", "help"}, args[0]) {
		helpResource(p.Out, r, verbs)
		return nil
	}
	v := verbs[args[0]]
	if v == nil {
		return misuse("%s: there is no verb %q: take one of %s\nRun \"parley %s --help\" for what they do.", r.Name, args[0], strings.Join(namesOf(verbs), ", "), r.Name)
	}
	a := &act{Program: p, resource: r, verb: v}
	var err error
	if a.flags, err = p.parse(v, args[1:]); err != nil {
		return misuse("%v\nRun \"parley %s %s --help\" for what there is.", err, r.Name, v.name)
	}
	if a.flags.Help {
		return a.help()
	}
	return a.run(ctx)
}

func (a *act) run(ctx context.Context) error {
	query, args, err := a.subject(a.flags.Args)
	if err != nil {
		return err
	}
	var body map[string]any
	switch {
	case a.verb.body() != nil:
		body, err = assemble(a.verb, a.resource.bare[a.verb.name], a.flags.File, a.In, args)
	case len(a.verb.queries()) > 0:
		err = a.ask(query, args)
	case len(args) > 0:
		err = misuse("%q is too much: %s %s takes nothing of the kind", args[0], a.resource.Name, a.verb.name)
	}
	if err == nil {
		err = a.flags.check(a.verb)
	}
	if err != nil {
		return err
	}
	if a.api, err = a.flags.connect(); err != nil {
		return err
	}
	if err := a.answer(ctx, query, body); err != nil {
		return a.flags.explain(err)
	}
	return nil
}

// answer asks the server and shows what it says.
func (a *act) answer(ctx context.Context, query url.Values, body map[string]any) error {
	switch {
	case a.verb.lists():
		return a.list(ctx, query)
	case a.verb.op.OperationID == "followCall":
		return a.follow(ctx, query)
	case a.verb.op.OperationID == "followCalls":
		return a.events(a.api.LiveEvents(ctx, strings.FieldsFunc(query.Get("types"), func(r rune) bool { return r == ',' })...))
	case a.verb.op.OperationID == "getCallRecording":
		return a.record(ctx, query)
	case a.verb.op.OperationID == traceCall:
		return a.trace(ctx, query)
	case a.verb.op.OperationID == captureCall:
		return a.capture(ctx, query)
	}
	var sent any
	if body != nil {
		sent = body
	}
	raw, err := a.api.Send(ctx, a.verb.method, a.verb.path, query, sent, a.flags.headers)
	if err != nil {
		return err
	}
	if a.verb.item() != nil {
		return a.showList(raw)
	}
	return a.show(raw)
}

// subject takes the id off the arguments.
func (a *act) subject(args []string) (query url.Values, rest []string, err error) {
	query = url.Values{}
	named, byNumber := a.verb.named()
	if !named {
		return query, args, nil
	}
	if !byNumber && !a.verb.parameter("id").Required && (a.flags.File != "" || len(args) > 0 && strings.Contains(args[0], "=")) {
		return query, args, nil // what would be named is given itself
	}
	if len(args) == 0 || args[0] == "" {
		if byNumber {
			return nil, nil, misuse("which one? Give an id or a phone number: parley %s %s ID", a.resource.Name, a.verb.name)
		}
		return nil, nil, misuse("which one? Give an id: parley %s %s ID", a.resource.Name, a.verb.name)
	}
	id := args[0]
	uuid := a.verb.parameter("id").Schema.Value
	switch matches := matcher(uuid.Pattern).MatchString(id); {
	case matches:
		query.Set("id", id)
	case byNumber:
		query.Set("phone_number", id)
	default:
		return nil, nil, misuse("%q is no id: ids look like 550e8400-e29b-41d4-a716-446655440000; \"parley %s list\" shows them", id, a.resource.Name)
	}
	return query, args[1:], nil
}

// ask fills parameters of the query from name=value.
func (a *act) ask(query url.Values, args []string) error {
	known := a.verb.queries()
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if !slices.ContainsFunc(known, func(p *openapi3.Parameter) bool { return p.Name == name }) || !ok {
			var names []string
			for _, p := range known {
				names = append(names, p.Name+"=")
			}
			return misuse("%q is not understood: %s %s takes %s", arg, a.resource.Name, a.verb.name, strings.Join(names, ", "))
		}
		query.Set(name, value)
	}
	return nil
}
