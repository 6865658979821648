package knowledge

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parley-voice/parley"
)

func cut(typ, content string) []string {
	var all []string
	for _, c := range Chunks(&parley.Document{Type: typ, Content: content}) {
		all = append(all, c.Heading+"|"+c.Text)
	}
	return all
}

func TestChunks(t *testing.T) {
	for name, tc := range map[string]struct {
		typ, content string
		want         []string
	}{
		"plain":          {parley.PlainText, "One\r\ntwo.\r\n\r\n\r\nThree.\n", []string{"|One\ntwo.\nThree."}},
		"plain, nothing": {parley.PlainText, " \n--- * ---\n", nil},
		"headings": {parley.Markdown, "before\n\n# Shop\n\n## Hours\n\nNine to *five*,\nnot **Sunday**.\n\n## Prices\n\n### Cheap\ntea\n\n# Other\nthing", []string{
			"|before", "Shop > Hours|Nine to five,\nnot Sunday.", "Shop > Prices > Cheap|tea", "Other|thing"}},
		"inline": {parley.Markdown, "See [our page](https://example.com/x) or ![a map](m.png), `code` <b>bold</b> and <https://example.com>. ~~old~~ &amp; new", []string{
			"|See our page or a map, code bold and https://example.com. old & new"}},
		"lists":             {parley.Markdown, "Bring:\n\n- a *card*\n- a pen\n  - blue\n\n1. first\n2. second", []string{"|Bring:\n- a card\n- a pen\n- blue\n- first\n- second"}},
		"table":             {parley.Markdown, "| Day | Open |\n|---|---|\n| Monday | 9 to 5 |\n| Sunday | |\n", []string{"|Day: Monday; Open: 9 to 5\nDay: Sunday"}},
		"code, quote, html": {parley.Markdown, "> # Quoted\n> words\n\n```\nlet x\n```\n\n<div><p>in <i>HTML</i></p></div>\n", []string{"Quoted|words\nlet x\nin HTML"}},
		"front matter":      {parley.Markdown, "---\ntitle: x\n---\nbody", []string{"|body"}},
		"a rule":            {parley.Markdown, "---\nbody", []string{"|body"}},
		"html": {parley.HTML, `<!doctype html><html><head><title>T</title><style>p{}</style></head><body><nav>Home</nav><script>alert("x")</script>
			<h1>The <em>Shop</em></h1><p>Open
			<b>daily</b>.<br>Come in.</p><p hidden>secret</p><ul><li><p>tea</p><li>milk</ul><h2>Prices</h2>
			<table><tr><th>Item<th>Price</tr><tr><td>Tea<td>2 <small>EUR</small></tr></table><footer>© us</footer>`, []string{
			"The Shop|Open daily.\nCome in.\n- tea\n- milk", "The Shop > Prices|Item: Tea; Price: 2 EUR"}},
		"html, a piece":   {parley.HTML, "just <b>words</b> &lt;here&gt;<dl><dt>Tea</dt><dd>hot</dd></dl>", []string{"|just words <here>\nTea\nhot"}},
		"html, nested":    {parley.HTML, "<table><tr><td><table><tr><td>deep</table><td>flat</table>", []string{"|deep; flat"}},
		"html, no words":  {parley.HTML, "<p>—</p><script>x</script>", nil},
		"heading skipped": {parley.Markdown, "### deep\nx\n# top\ny", []string{"deep|x", "top|y"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := cut(tc.typ, tc.content); !slices.Equal(got, tc.want) {
				t.Errorf("got\n%q\nwant\n%q", got, tc.want)
			}
		})
	}
}

func TestChunksAreOfASize(t *testing.T) {
	para := strings.TrimSpace(strings.Repeat("Some words of a paragraph. ", 20)) // 539 characters
	for name, content := range map[string]string{
		"paragraphs":     strings.Repeat(para+"\n\n", 10),
		"one paragraph":  strings.Repeat(para+" ", 10),
		"one sentence":   strings.Repeat("and on it goes ", 400),
		"one word":       strings.Repeat("ä", 5000),
		"no spaces":      strings.Repeat("営業時間は朝九時から夜八時までです。", 300),
		"a list":         strings.Repeat("- "+para+"\n", 10),
		"a long heading": "# " + strings.Repeat("h", 5000) + "\n" + para,
	} {
		for _, typ := range []string{parley.PlainText, parley.Markdown, parley.HTML} {
			d := parley.Document{Type: typ, Content: content}
			chunks, whole := Chunks(&d), 0
			for _, c := range chunks {
				n := utf8.RuneCountInString(c.Text)
				whole += n
				if n > chunkMost || utf8.RuneCountInString(c.Heading) > parley.DocumentName || !utf8.ValidString(c.Text) {
					t.Errorf("%s as %s: a chunk of %d characters under %q", name, typ, n, c.Heading)
				}
			}
			if least := utf8.RuneCountInString(content) * 9 / 10; name != "a long heading" && whole < least {
				t.Errorf("%s as %s: %d characters are left, of %d", name, typ, whole, least)
			}
			if name == "paragraphs" && len(chunks) > 10 {
				t.Errorf("%s as %s: %d chunks", name, typ, len(chunks))
			}
		}
	}
}

// TestHostileDocuments holds that what nests without end is read, or left out, and ends.
func TestHostileDocuments(t *testing.T) {
	for _, s := range []string{"> ", "[", "*a ", "<div>", "<table><tr><td>", "- ", "`", "<!--", "![](", "# ", "\x00", "|a", "&#x", "<b><i></b>", "1. \n", "</p>", "<li><p>", "\u202e"} {
		content := strings.Repeat(s, 20_000/len(s)) + "words"
		for _, typ := range []string{parley.PlainText, parley.Markdown, parley.HTML} {
			Chunks(&parley.Document{Type: typ, Content: content})
		}
	}
}

func FuzzChunks(f *testing.F) {
	f.Add("# a\n\n- b\n\n| c | d |\n|---|---|\n| e | f |\n<p>g</p>")
	f.Add("<h1>a</h1><ul><li>b<table><tr><th>c</table>")
	f.Fuzz(func(t *testing.T, content string) {
		for _, typ := range []string{parley.PlainText, parley.Markdown, parley.HTML} {
			x := NewIndex()
			d := parley.Document{ID: "d", Type: typ, Language: "en", Content: content}
			for _, c := range Chunks(&d) {
				if n := utf8.RuneCountInString(c.Text); n == 0 || n > chunkMost+chunkWanted {
					t.Errorf("%d characters", n)
				}
			}
			x.Put(&d)
			x.Find(Query{Said: content, Knowledge: parley.Knowledge{All: true}})
			x.Remove("d")
			if x.Len() != 0 || fmt.Sprint(x.lexicons["en"].postings) != "map[]" {
				t.Error("something of a document stayed")
			}
		}
	})
}
