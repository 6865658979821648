package parley_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/parley-voice/parley"

// floors, ground floor first. A package may import only what stands below it; * stands for one path element.
var floors = [][]string{
	{".", "audio", "audio/babble", "audio/spectrum", "number", "secret", "hammer", "capacity"},
	{"audio/*", "rtp/*"},
	{"rtp", "leg", "turn", "turn/*", "stt", "llm", "tts", "store", "fetch", "collect", "client/go"},
	{"leg/sip/*"},
	{"leg/flow", "leg/stream"},
	{"leg/stream/*"},
	{"leg/*", "tts/*", "provider", "provider/local/*", "action", "job", "memory", "knowledge"},
	{"provider/*", "carrier", "carrier/*", "conversation"},
	{"provider/all", "call"},
	{"webhook", "after", "cluster", "phone", "metrics", "metrics/read", "otlp", "retention", "spool", "spool/*", "replay", "bench", "bench/*"},
	{"api", "api/*", "web", "dashboard", "client/cli"},
	{"cmd/parley", "packaging/*"},
	{"e2e"},
}

// mayImport are the imports on one floor that are meant: a suite imports what it is a suite for.
var mayImport = map[string][]string{
	"turn/answer":         {"turn"}, // its VAD
	"turn/journal":        {"turn", "turn/answer", "turn/menu"},
	"turn/menu":           {"turn", "turn/answer"},
	"leg/sip":             {"leg/legtest"},
	"leg/sip/register":    {"leg/sip/route"}, // the ways to a registrar
	"phone":               {},
	"provider/azure":      {"provider/openai"}, // thinks by a flavour of it
	"provider/deepseek":   {"provider/openai"}, // a flavour of it
	"provider/togetherai": {"provider/openai"},
	"provider/all":        {},
}

func floorOf(pkg string) int {
	pkg = strings.TrimPrefix(strings.TrimPrefix(pkg, module), "/")
	if pkg == "" {
		pkg = "."
	}
	at := -1
	for i, f := range floors {
		for _, pattern := range f {
			if pattern == pkg {
				return i // an exact name beats a pattern
			}
			if ok, _ := filepath.Match(pattern, pkg); ok {
				at = i
			}
		}
	}
	return at
}

func TestFloors(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Doc,Name", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath, Doc, Name string
			Imports               []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		at := floorOf(p.ImportPath)
		if at < 0 {
			t.Errorf("%s has no floor", p.ImportPath)
			continue
		}
		if p.Doc == "" {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
		here := strings.TrimPrefix(p.ImportPath, module+"/")
		for _, imp := range p.Imports {
			if !strings.HasPrefix(imp, module) || imp == module || allowed(here, imp) { // the words are for everybody
				continue
			}
			if l := floorOf(imp); l >= at {
				t.Errorf("%s (floor %d) imports %s (floor %d)", p.ImportPath, at, imp, l)
			}
		}
	}
}

func allowed(here, imp string) bool {
	for _, a := range mayImport[here] {
		if module+"/"+a == imp {
			return true
		}
	}
	return false
}

// Size budget: a file is read at one sitting, a function on one screen, a struct in one breath.
const (
	maxFileLines    = 500
	maxFuncLines    = 80
	maxFields       = 20
	maxMethods      = 7
	generatedSuffix = ".gen.go"
)

func TestSizes(t *testing.T) {
	fset := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." {
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil {
				return fs.SkipDir // another module: the referee
			}
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && path != ".") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, generatedSuffix) {
			return nil
		}
		f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		test := strings.HasSuffix(path, "_test.go")
		if n := fset.File(f.FileStart).LineCount(); n > maxFileLines && !test {
			t.Errorf("%s has %d lines, %d is the most: split it by meaning", path, n, maxFileLines)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			line := func(p token.Pos) int { return fset.Position(p).Line }
			switch n := n.(type) {
			case *ast.FuncDecl:
				if l := line(n.End()) - line(n.Pos()) + 1; l > maxFuncLines && !test {
					t.Errorf("%s:%d %s has %d lines, %d is the most", path, line(n.Pos()), n.Name.Name, l, maxFuncLines)
				}
			case *ast.StructType:
				if c := n.Fields.NumFields(); c > maxFields && !test {
					t.Errorf("%s:%d struct has %d fields, %d is the most", path, line(n.Pos()), c, maxFields)
				}
			case *ast.InterfaceType:
				if c := n.Methods.NumFields(); c > maxMethods {
					t.Errorf("%s:%d interface has %d methods, %d is the most", path, line(n.Pos()), c, maxMethods)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

var forbidden = regexp.MustCompile(`(?i)(manager|processor|service|helper|util|common|base|factory|impl|generic)`)

// TestNames holds the words we do not use for packages and files; inside code, review does.
func TestNames(t *testing.T) {
	out, err := exec.Command("git", "ls-files", "*.go", ":!bench/referee").Output()
	if err != nil {
		t.Skip("not a git checkout")
	}
	for sc := bufio.NewScanner(strings.NewReader(string(out))); sc.Scan(); {
		if forbidden.MatchString(sc.Text()) {
			t.Errorf("%s: the name says nothing; name it for the noun or the act", sc.Text())
		}
	}
}

// TestProportions counts lines: files are short, and the tests keep up with the code. Suites and fakes (packages named …test) are
// tests; call scripts and recorded wires are not counted.
func TestProportions(t *testing.T) {
	const medianFile, leastTest = 150, 0.75 // lines; lines of test a line of code: the aim is more than one
	var sizes []int
	code, test := 0, 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." {
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil || d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") {
				return fs.SkipDir
			}
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, generatedSuffix) {
			return nil
		}
		b, err := os.ReadFile(path)
		n := strings.Count(string(b), "\n")
		if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(filepath.Dir(path), "test") {
			test += n
		} else {
			code += n
			sizes = append(sizes, n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(sizes)
	if m := sizes[len(sizes)/2]; m > medianFile {
		t.Errorf("the median file has %d lines, %d is the most", m, medianFile)
	}
	t.Logf("%d lines of code, %d of test", code, test)
	if float64(test) < leastTest*float64(code) {
		t.Errorf("%d lines of test for %d of code: too few", test, code)
	}
}
