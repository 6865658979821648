package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestCommandLineOverTheAPI: the exit codes, and where the server and its key are found. What each verb does, the package cli tests.
func TestCommandLineOverTheAPI(t *testing.T) {
	dir := t.TempDir()
	_, url := serve(t, dir)
	t.Chdir(t.TempDir())
	if err := os.WriteFile("parley.yaml", []byte("data: "+dir+"\nhttp: ':1'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PARLEY_URL", url)
	for args, row := range map[string]struct {
		code int
		want string // fragments, separated by ¦
	}{
		"agents list":         {0, ""},
		"agents --help":       {0, ""},
		"calls create --help": {0, ""},
		"usage":               {0, ""},
		"sip --help":          {0, ""},
		"sip trace 550e8400-e29b-41d4-a716-446655440000": {failed, "call not found"},
		"sip trace x":                             {misused, `"x" is no id`},
		"agents":                                  {misused, "needs a verb: one of list, get"},
		"agents ring":                             {misused, `no verb "ring"`},
		"agents list --loud":                      {misused, "unknown flag --loud¦parley agents list --help"},
		"agents get x":                            {misused, `"x" is no id`},
		"agents list --data /none":                {failed, "no API key"},
		"agents list --url http://127.0.0.1:1":    {failed, `no server answers at http://127.0.0.1:1: start one with "parley serve"`},
		"agents create name=x":                    {failed, "the server refuses it\n  "},
		"agents list --key sk_live_notthisserver": {failed, "this key is not known here"},
		"prompts create label=x -- content=-f":    {0, ""},
	} {
		code, said := command(t, strings.Fields(args)...)
		if code != row.code {
			t.Errorf("%s: exit code %d, want %d: %s", args, code, row.code, said)
		}
		for _, want := range strings.Split(row.want, "¦") {
			if !strings.Contains(said, want) {
				t.Errorf("%s: there is no %q in %s", args, want, said)
			}
		}
	}
}

// TestContractIsThatOfTheServer: the command line goes by what the server of this version says of itself, all vendors included.
func TestContractIsThatOfTheServer(t *testing.T) {
	dir := t.TempDir()
	_, url := serve(t, dir)
	var served json.RawMessage
	get(t, dir, url+"/openapi.json", &served)
	own, err := contract()
	if err != nil || !bytes.Equal(served, bytes.TrimSpace(own)) {
		t.Errorf("%v: %d bytes served, %d bytes own", err, len(served), len(own))
	}
}
