package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/getkin/kin-openapi/openapi3"
)

// helpResource shows the verbs of a resource.
func helpResource(w io.Writer, r *resource, verbs map[string]*verb) {
	fmt.Fprintf(w, "%s\n\n", r.Help)
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, name := range namesOf(verbs) {
		fmt.Fprintf(t, "  parley %s %s\t%s\n", r.Name, usage(r, verbs[name]), verbs[name].op.Summary)
	}
	t.Flush()
	fmt.Fprintf(w, "\nRun \"parley %s <verb> --help\" for its fields and flags.\n", r.Name)
	examples(w, r.examples)
}

func examples(w io.Writer, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintln(w, "\nExamples:")
	for _, e := range lines {
		fmt.Fprintf(w, "  %s\n", e)
	}
}

// usage is a verb with what it takes.
func usage(r *resource, v *verb) string {
	out := v.name
	if named, byNumber := v.named(); byNumber {
		out += " ID|NUMBER"
	} else if named {
		out += " ID"
	}
	switch bare := r.bare[v.name]; {
	case bare != "":
		out += " " + strings.ToUpper(bare)
	case v.body() != nil:
		out += " [-f FILE] [name=value …]"
	case len(v.queries()) > 0:
		out += " [name=value …]"
	}
	if v.op.OperationID == "getCallRecording" || v.op.OperationID == captureCall {
		out += " -o FILE"
	}
	return out
}

// help shows all there is to know of a verb.
func (a *act) help() error {
	v := a.verb
	fmt.Fprintf(a.Out, "parley %s %s [flags]\n\n%s.\n", a.resource.Name, usage(a.resource, v), strings.TrimSuffix(v.op.Summary, "."))
	if v.op.Description != "" {
		fmt.Fprintf(a.Out, "%s\n", strings.TrimRight(v.op.Description, "\n"))
	}
	if s := v.body(); s != nil {
		fmt.Fprintln(a.Out, "\nFields, as name=value; * must be there; inner ones are dotted (context.name=Ann); @FILE is what a file holds:")
		a.helpFields(s)
		a.helpTypes()
	}
	if q := v.queries(); len(q) > 0 {
		fmt.Fprintln(a.Out, "\nname=value:")
		w := tabwriter.NewWriter(a.Out, 0, 8, 2, ' ', 0)
		for _, p := range q {
			fmt.Fprintf(w, "  %s\t%s\t%s\n", p.Name, describe(p.Schema), oneLine(p.Description))
		}
		w.Flush()
	}
	if v.lists() {
		fmt.Fprintf(a.Out, "\nFields to filter and sort by:\n  %s\n", strings.Join(fields(v.item()), " "))
	}
	if err := a.helpFlags(); err != nil {
		return err
	}
	own := "parley " + a.resource.Name + " " + v.name
	examples(a.Out, slices.DeleteFunc(slices.Clone(a.resource.examples), func(e string) bool { return !strings.HasPrefix(e, own) }))
	return nil
}

func (a *act) helpFields(s *openapi3.SchemaRef) {
	w := tabwriter.NewWriter(a.Out, 0, 8, 2, ' ', 0)
	for _, name := range fields(s) {
		p := property(s, name)
		if answered, _ := p.Value.Extensions["x-answered"].(bool); answered || p.Value.Deprecated {
			continue
		}
		star := " "
		if required(s, name) {
			star = "*"
		}
		fmt.Fprintf(w, " %s%s\t%s\t%s\n", star, name, describe(p), about(p))
	}
	w.Flush()
}

// helpTypes shows what the contract knows of each type of voice: all by name, or those of the type that the command line names.
func (a *act) helpTypes() {
	extension, _ := a.doc.Extensions["x-vendors"].(map[string]any)
	types, _ := extension["voice"].(map[string]any)
	if a.resource.Name != "voices" || types == nil {
		return
	}
	for _, arg := range a.flags.Args {
		name, ok := strings.CutPrefix(arg, "type=")
		options, known := types[name].(map[string]any)
		if !ok || !known {
			continue
		}
		inner, _ := options["properties"].(map[string]any)
		fmt.Fprintf(a.Out, "\nOptions of %s:\n", name)
		w := tabwriter.NewWriter(a.Out, 0, 8, 2, ' ', 0)
		for _, option := range slices.Sorted(maps.Keys(inner)) {
			p, _ := inner[option].(map[string]any)
			fmt.Fprintf(w, "  %s\t%v\t%v\n", option, orNothing(p["type"]), orNothing(p["description"]))
		}
		w.Flush()
		return
	}
	fmt.Fprintf(a.Out, "\nTypes: %s\nWith type=%s --help also shows that one's options.\n", strings.Join(slices.Sorted(maps.Keys(types)), ", "), slices.Sorted(maps.Keys(types))[0])
}

func orNothing(v any) any {
	if v == nil {
		return ""
	}
	return v
}

func (a *act) helpFlags() error {
	k, err := a.parser(&flags{})
	if err != nil {
		return err
	}
	fmt.Fprintln(a.Out, "\nFlags:")
	w := tabwriter.NewWriter(a.Out, 0, 8, 2, ' ', 0)
	for _, f := range k.Model.Flags {
		if !serves(f.Name, a.verb) {
			continue
		}
		name := "    --" + f.Name
		if f.Short != 0 {
			name = "-" + string(f.Short) + ", --" + f.Name
		}
		if !f.IsBool() {
			name += " …"
		}
		note := f.Help
		if f.Name == "output" && a.verb.op.OperationID == "getCallRecording" {
			note = "The file: .wav is the stereo master, anything else an MP3; - is the standard output."
		}
		if f.Name == "output" && a.verb.op.OperationID == captureCall {
			note = "The file; - is the standard output."
		}
		if f.Name == "output" && a.verb.op.OperationID == traceCall {
			note = "table (default: the ladder), json or yaml; or a file: .pcap is a capture, .json JSON, anything else the ladder; - is the standard output."
		}
		if f.HasDefault && f.Default != "" {
			note += " Default: " + f.Default + "."
		}
		if len(f.Envs) > 0 {
			note += " ($" + f.Envs[0] + ")"
		}
		fmt.Fprintf(w, "  %s\t%s\n", name, note)
	}
	return w.Flush()
}

// describe is the type of a field and its range, in words.
func describe(s *openapi3.SchemaRef) string {
	for _, v := range variants(s) {
		if expected, ok := v.Extensions["x-expected"].(string); ok && len(v.Properties) == 0 {
			return expected
		}
	}
	var out []string
	for _, v := range variants(s) {
		if d := describeOne(v); d != "" && !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	if len(out) == 0 {
		return "any value"
	}
	return strings.Join(out, ", or ")
}

func describeOne(v *openapi3.Schema) string {
	switch {
	case len(v.Enum) > 0:
		words := make([]string, len(v.Enum))
		for i, e := range v.Enum {
			if words[i] = fmt.Sprint(e); words[i] == "" {
				words[i] = `""`
			}
		}
		return strings.Join(words, " | ")
	case v.Type.Is("boolean"):
		return "true or false"
	case v.Type.Is("integer"):
		return "whole number" + span(v.Min, v.Max)
	case v.Type.Is("number"):
		return "number" + span(v.Min, v.Max)
	case v.Type.Is("array"):
		return "list of " + describe(v.Items)
	case v.Type.Is("object"):
		return "object"
	case v.Type.Is("string") && v.MaxLength != nil:
		return "text, up to " + strconv.FormatUint(*v.MaxLength, 10)
	case v.Type.Is("string"):
		return "text"
	}
	return ""
}

func span(low, high *float64) string {
	number := func(f *float64) string { return strconv.FormatFloat(*f, 'f', -1, 64) }
	switch {
	case low != nil && high != nil:
		return " " + number(low) + " to " + number(high)
	case low != nil:
		return " from " + number(low)
	case high != nil:
		return " up to " + number(high)
	}
	return ""
}

// about is the description of a field, or an example of it.
func about(s *openapi3.SchemaRef) string {
	for _, v := range variants(s) {
		if v.Description != "" {
			return oneLine(v.Description)
		}
	}
	if e := s.Value.Example; e != nil {
		return "such as " + cut(value(e))
	}
	return ""
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
