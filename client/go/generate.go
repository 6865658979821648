//go:build ignore

// Generate writes client.gen.go from the contract as the server shows it: anchors resolved, vendors' options filled in.
package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/parley-voice/parley/api"
	"github.com/parley-voice/parley/provider/all"
	"github.com/parley-voice/parley/provider/local"
)

const generator = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2"

const settings = `package: client
output: client.gen.go
generate: {models: true, client: true}
output-options:
  exclude-tags: [Server]
  nullable-type: true
  type-mapping: {number: {default: {type: float64}}}
`

func main() {
	log.SetFlags(0)
	if err := generate(); err != nil {
		log.Fatal(err)
	}
}

func generate() error {
	a, err := api.New(api.Config{Specs: all.Specs(local.New(local.Config{}))})
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "parley-client-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	contract, config := filepath.Join(dir, "openapi.json"), filepath.Join(dir, "config.yaml")
	short, err := successes(a.Contract())
	if err != nil {
		return err
	}
	if err := os.WriteFile(contract, short, 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(config, []byte(settings), 0o600); err != nil {
		return err
	}
	run := exec.Command("go", "run", generator, "-config", config, contract)
	run.Stdout, run.Stderr = os.Stdout, os.Stderr
	if err := run.Run(); err != nil {
		return err
	}
	sum := fmt.Sprintf("package client\n\n// contractSum is the SHA-256 of the contract that client.gen.go was made from.\nconst contractSum = \"%x\"\n", sha256.Sum256(a.Contract()))
	return os.WriteFile("sum.gen.go", []byte(sum), 0o644)
}

// successes is the contract without the answers that are refusals: Do turns those into a Problem, for all operations alike.
func successes(contract []byte) ([]byte, error) {
	var doc map[string]any
	if err := json.Unmarshal(contract, &doc); err != nil {
		return nil, err
	}
	for _, item := range doc["paths"].(map[string]any) {
		for _, op := range item.(map[string]any) {
			answers := op.(map[string]any)["responses"].(map[string]any)
			maps.DeleteFunc(answers, func(status string, _ any) bool { return !strings.HasPrefix(status, "2") })
		}
	}
	return json.Marshal(doc)
}
