package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestContextEndpoint: what an endpoint knows of a caller, and what a block says, is in the call that is answered.
func TestContextEndpoint(t *testing.T) {
	crm := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"name":"Ada","number":%q,"key":%q}`, r.FormValue("phone_number"), r.FormValue("key"))
	}))
	defer crm.Close()
	r := start(t, t.TempDir())
	r.made("/v1/prompts/create", `{"type":"block","label":"hours","content":"Open until six, ${name}."}`)
	agent, _ := r.made("/v1/agents/create", `{"prompt":{"content":"The desk. {{> hours}}"},"context_endpoint":"`+crm.URL+`/who?key=1","voice":{"type":"voice_local"},"actions":[]}`)["id"].(string)
	r.ring(agent)
	c := r.calls()[0]
	known, _ := c["context"].(map[string]any)
	if known["name"] != "Ada" || known["number"] != "1000" || known["key"] != "1" {
		t.Errorf("the call knows %v", known)
	}
	id, _ := c["id"].(string)
	kept, err := io.ReadAll(r.ask("GET", "/v1/calls?id="+id, "").Body)
	if err != nil || !strings.Contains(string(kept), `"content":"The desk. Open until six, ${name}."`) {
		t.Errorf("the prompt of %s, %v", kept, err)
	}
}
