package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/secret"
)

// keepSnapshot writes the agent of a call as sealAgent gave it; "" is none.
func keepSnapshot(ctx context.Context, tx bun.IDB, callID, sealed string) error {
	if sealed == "" {
		_, err := tx.NewRaw("DELETE FROM snapshots WHERE call_id = ?", callID).Exec(ctx)
		return err
	}
	_, err := tx.NewRaw("INSERT INTO snapshots (call_id, agent) VALUES (?, ?) ON CONFLICT (call_id) DO UPDATE SET agent = excluded.agent", callID, sealed).Exec(ctx)
	return err
}

// sealAgent is the snapshot of a call's agent as it is stored: its secrets sealed, all of it when the call is private.
func (d *DB) sealAgent(c parley.Call) (sealed string, err error) {
	switch {
	case len(c.Agent) == 0:
		return "", nil
	case !json.Valid(c.Agent):
		err = fmt.Errorf("not JSON")
	case c.Private:
		return d.key.Seal(c.Agent, c.UserID, c.ID, "agent"), nil
	default:
		sealed, err = d.sealJSON(c.Agent, c.UserID, c.ID)
	}
	if err != nil {
		return "", fmt.Errorf("the agent of call %s: %w", c.ID, err)
	}
	return sealed, nil
}

// openAgent is the reverse of sealAgent.
func (d *DB) openAgent(r callRow) (json.RawMessage, error) {
	switch {
	case r.Agent == "":
		return nil, nil
	case secret.Sealed(r.Agent):
		agent, err := d.key.Open(r.Agent, r.EnvironmentID, r.ID, "agent")
		if err != nil {
			return nil, fmt.Errorf("the agent of call %s: %w", r.ID, err)
		}
		return agent, nil
	case !strings.Contains(r.Agent, `"sealed:`):
		return json.RawMessage(r.Agent), nil
	}
	doc, err := d.unseal(r.Agent, r.EnvironmentID, r.ID)
	if err != nil {
		return nil, err
	}
	return json.Marshal(doc)
}

// sealJSON seals the secrets in a JSON object; one that has none is kept byte by byte.
func (d *DB) sealJSON(raw json.RawMessage, env, id string) (string, error) {
	found := strings.Contains(string(raw), "sealed:")
	for name := range secretFields {
		found = found || strings.Contains(string(raw), `"`+name+`"`)
	}
	if !found {
		return string(raw), nil
	}
	var doc Doc
	if err := json.Unmarshal(raw, &doc); err != nil {
		return "", err
	}
	return d.seal(doc, env, id)
}
