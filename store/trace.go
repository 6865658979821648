package store

import (
	"context"
	"encoding/base64"
	"fmt"
)

// KeepTrace writes what the wire carried of a call that is over, in the form of whoever reads it. A call that is gone, or whose words
// are erased, keeps none.
func (d *DB) KeepTrace(ctx context.Context, callID string, messages []byte) error {
	_, err := d.w.NewRaw("INSERT INTO traces (call_id, messages) SELECT id, ? FROM calls WHERE id = ? AND has_text "+
		"ON CONFLICT (call_id) DO UPDATE SET messages = excluded.messages", base64.StdEncoding.EncodeToString(messages), clean(callID)).Exec(ctx)
	return wrap(err, "writing a trace")
}

// Trace reads what KeepTrace wrote. None: parley.NotFound.
func (d *DB) Trace(ctx context.Context, callID string) ([]byte, error) {
	var text string
	if err := d.r.NewRaw("SELECT messages FROM traces WHERE call_id = ?", clean(callID)).Scan(ctx, &text); err != nil {
		return nil, absent(err, "trace")
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("stored trace of call %s: %w", callID, err)
	}
	return b, nil
}
