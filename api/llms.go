package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// inShort is the contract as a short text for language models: what there is, how to ask, and each operation in a line.
func (c *contract) inShort() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s API %s\n\n%s\n", c.doc.Info.Title, c.doc.Info.Version, strings.TrimSpace(c.doc.Info.Description))
	b.WriteString("\nThe whole contract, with every field, unit, limit and error: /openapi.json (or /openapi.yml). The same as a page: /docs.\n")
	b.WriteString("In the lines below, ?… names what goes into the query (* is required), {…} what a JSON body must hold at least.\n")
	for _, tag := range c.doc.Tags {
		fmt.Fprintf(&b, "\n## %s\n%s.\n\n", tag.Name, strings.TrimSuffix(tag.Description, "."))
		for _, path := range c.doc.Paths.InMatchingOrder() {
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
				if op := c.operation(method, path); op != nil && slices.Contains(op.Tags, tag.Name) {
					b.WriteString(c.line(method, path))
				}
			}
		}
	}
	return []byte(b.String())
}

func (c *contract) line(method, path string) string {
	op := c.operation(method, path)
	var query []string
	for _, p := range op.Parameters {
		if p.Value.In != "query" {
			continue
		}
		name := p.Value.Name
		if p.Value.Required {
			name += "*"
		}
		query = append(query, name)
	}
	asks := ""
	if len(query) > 0 {
		asks = "?" + strings.Join(query, "&")
	}
	if op.RequestBody != nil {
		asks += " {" + strings.Join(op.RequestBody.Value.Content["application/json"].Schema.Value.Required, ", ") + "}"
	}
	if role, ok := op.Extensions["x-role"]; ok {
		asks += fmt.Sprintf(" (role %v)", role)
	}
	return fmt.Sprintf("- %s %s%s — %s\n", method, path, asks, op.Summary)
}

func (a *API) llms(w http.ResponseWriter, _ *request) error {
	return text(w, "text/plain; charset=utf-8", a.inShort)
}
