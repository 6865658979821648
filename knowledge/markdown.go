package knowledge

import (
	"html"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

var marked = goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.DefinitionList))

// markdown reads CommonMark with tables. What is for the eye alone is left out: addresses of links and pictures, raw HTML's tags.
func markdown(content string) (blocks []block) {
	src := []byte(withoutFrontMatter(strings.ReplaceAll(content, "\r\n", "\n")))
	doc := marked.Parser().Parse(text.NewReader(src))
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		blocks = append(blocks, markdownBlocks(n, src)...)
	}
	return blocks
}

// withoutFrontMatter takes out the YAML that some tools put before the first line.
func withoutFrontMatter(s string) string {
	if !strings.HasPrefix(s, "---\n") {
		return s
	}
	if _, rest, ok := strings.Cut(s[3:], "\n---\n"); ok {
		return rest
	}
	return s
}

func markdownBlocks(n ast.Node, src []byte) []block {
	switch n := n.(type) {
	case *ast.Heading:
		return []block{{n.Level, inline(n, src)}}
	case *ast.HTMLBlock:
		var b strings.Builder
		b.Write(n.Lines().Value(src))
		if n.HasClosure() {
			b.Write(n.ClosureLine.Value(src))
		}
		return hypertext(b.String())
	case *ast.Blockquote:
		var all []block
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			all = append(all, markdownBlocks(c, src)...)
		}
		return all
	case *east.Table:
		var rows [][]string
		for r := n.FirstChild(); r != nil; r = r.NextSibling() {
			var cells []string
			for c := r.FirstChild(); c != nil; c = c.NextSibling() {
				cells = append(cells, inline(c, src))
			}
			rows = append(rows, cells)
		}
		return []block{{text: table(rows, true)}}
	}
	return []block{{text: inline(n, src)}}
}

// inline is the text of a node and all it has. Items of lists have lines of their own.
func inline(n ast.Node, src []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			if n.Type() == ast.TypeBlock {
				newline(&b)
			}
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.ListItem:
			newline(&b)
			b.WriteString("- ")
		case *ast.CodeBlock, *ast.FencedCodeBlock:
			b.Write(n.Lines().Value(src))
		case *ast.Text:
			v := n.Segment.Value(src)
			if !n.IsRaw() {
				v = []byte(html.UnescapeString(string(util.UnescapePunctuations(v))))
			}
			b.Write(v)
			if n.SoftLineBreak() || n.HardLineBreak() {
				b.WriteByte('\n')
			}
		case *ast.String:
			b.Write(n.Value)
		case *ast.AutoLink:
			b.Write(n.Label(src))
		case *ast.RawHTML, *ast.HTMLBlock:
			return ast.WalkSkipChildren, nil
		}
		return ast.WalkContinue, nil
	})
	return strings.TrimSpace(b.String())
}

func newline(b *strings.Builder) {
	if s := b.String(); s != "" && !strings.HasSuffix(s, "\n") && !strings.HasSuffix(s, "\n- ") {
		b.WriteByte('\n')
	}
}

// table writes each row as a line that is understood alone: with the heads of its columns, where there are.
func table(rows [][]string, headed bool) string {
	var heads []string
	if headed && len(rows) > 1 {
		heads, rows = rows[0], rows[1:]
	}
	var lines []string
	for _, row := range rows {
		var cells []string
		for i, cell := range row {
			if cell = strings.Join(strings.Fields(cell), " "); cell == "" {
				continue
			}
			if i < len(heads) && heads[i] != "" {
				cell = strings.Join(strings.Fields(heads[i]), " ") + ": " + cell
			}
			cells = append(cells, cell)
		}
		if len(cells) > 0 {
			lines = append(lines, strings.Join(cells, "; "))
		}
	}
	return strings.Join(lines, "\n")
}
