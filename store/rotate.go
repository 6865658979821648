package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley/secret"
)

// ErrOtherKey is what opening a database says whose secrets were sealed with another master key.
var ErrOtherKey = errors.New("the master key is not the one this database was made with: restore PARLEY_MASTER_KEY or the file " + secret.KeyFile)

// OpenFolder opens the database with the master key of a data folder, or masterKey (PARLEY_MASTER_KEY) unless that is empty, and gives
// both. A rotation that a crash cut short after the secrets were sealed anew is brought to its end.
func OpenFolder(ctx context.Context, url, dataDir, masterKey string) (*DB, *secret.Key, error) {
	key, err := secret.LoadKey(dataDir, masterKey)
	if err != nil {
		return nil, nil, err
	}
	d, err := Open(ctx, url, key)
	if err == nil || !errors.Is(err, ErrOtherKey) || strings.TrimSpace(masterKey) != "" {
		return d, key, err
	}
	next, there, e := secret.PendingKey(dataDir)
	if e != nil || !there {
		return nil, nil, errors.Join(err, e)
	}
	if d, e = Open(ctx, url, next); e != nil {
		return nil, nil, err
	}
	if err = secret.FinishRotation(dataDir); err != nil {
		return nil, nil, errors.Join(err, d.Close())
	}
	return d, next, nil
}

// RotateKey gives an installation a new master key. No server may run on the database meanwhile. Without masterKey
// (PARLEY_MASTER_KEY) the new one is made and takes the place of the file in the data folder; with it, it is newKey
// (PARLEY_NEW_MASTER_KEY), which has to be given to the servers from then on. A crash at any moment leaves the old key or the new one in
// force, and whole: OpenFolder finds out which, and so does calling RotateKey again. Backups made before need the old key.
func RotateKey(ctx context.Context, url, dataDir, masterKey, newKey string) error {
	byHand := strings.TrimSpace(masterKey) != ""
	switch {
	case byHand && strings.TrimSpace(newKey) == "":
		return errors.New("the master key comes from PARLEY_MASTER_KEY: give the new one as PARLEY_NEW_MASTER_KEY")
	case !byHand && strings.TrimSpace(newKey) != "":
		return errors.New("the master key comes from the file " + secret.KeyFile + ": PARLEY_NEW_MASTER_KEY is not used, leave it out")
	case byHand && strings.TrimSpace(masterKey) == strings.TrimSpace(newKey):
		return errors.New("PARLEY_NEW_MASTER_KEY is the key that is in force already")
	}
	var to *secret.Key
	var err error
	if byHand {
		if to, err = secret.NewKey(newKey); err != nil {
			return fmt.Errorf("PARLEY_NEW_MASTER_KEY: %w", err)
		}
	}
	d, _, err := OpenFolder(ctx, url, dataDir, masterKey)
	if byHand && errors.Is(err, ErrOtherKey) {
		if again, e := Open(ctx, url, to); e == nil {
			return again.Close() // an earlier rotation had got as far as that
		}
	}
	if err != nil {
		return err
	}
	if !byHand {
		to, err = secret.NextKey(dataDir)
	}
	if err == nil {
		err = d.Rotate(ctx, to)
	}
	if err = errors.Join(err, d.Close()); err != nil || byHand {
		return err
	}
	return secret.FinishRotation(dataDir)
}

// Rotate seals every secret anew with another key, in one transaction that is on the disk when it returns; afterwards the DB works with
// that key. Nothing else may use the database meanwhile, in this process or another.
func (d *DB) Rotate(ctx context.Context, to *secret.Key) error {
	if err := d.complete(); err != nil {
		return fmt.Errorf("sealing with the new master key: %w", err)
	}
	next := &DB{key: to}
	err := d.synced(ctx, func(tx bun.Tx) error {
		for _, t := range sealedColumns {
			if err := d.reseal(ctx, tx, next, t); err != nil {
				return fmt.Errorf("%s: %w", t.table, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sealing with the new master key: %w", err)
	}
	d.key = to
	if !d.pg {
		_, err = d.w.Exec("PRAGMA wal_checkpoint(TRUNCATE)") // what the old key opens is not to be left behind
	}
	return err
}

// A sealedColumn is where sealed texts lie, how a row is named, and how its text is sealed anew.
type sealedColumn struct {
	table, column string
	key           []string // columns that name a row, in the order in which reseal wants their values
	env           string   // the environment of the row, as SQL
	again         func(d, next *DB, env string, id []string, text string) (string, error)
}

var sealedColumns = []sealedColumn{
	{"settings", "value", []string{"name"}, "''", func(d, next *DB, _ string, id []string, text string) (string, error) {
		if id[0] == oldestReader {
			return text, nil
		}
		return again(d, next, text, "settings", id[0])
	}},
	{"resources", "doc", []string{"id"}, "environment_id", documentAgain},
	{"agents", "doc", []string{"id"}, "environment_id", documentAgain},
	{"numbers", "doc", []string{"id"}, "environment_id", documentAgain},
	{"snapshots", "agent", []string{"call_id"}, "COALESCE((SELECT environment_id FROM calls WHERE id = call_id), '')", func(d, next *DB, env string, id []string, text string) (string, error) {
		if secret.Sealed(text) {
			return again(d, next, text, env, id[0], "agent")
		}
		return documentAgain(d, next, env, id, text)
	}},
	{"calls", "doc", []string{"id"}, "environment_id", contextAgain},
	{"answers", "body", []string{"idempotency_key", "environment_id"}, "environment_id", func(d, next *DB, env string, id []string, text string) (string, error) {
		return again(d, next, text, env, "answer", id[0])
	}},
}

// again seals one text for the same place.
func again(d, next *DB, text string, place ...string) (string, error) {
	plain, err := d.key.Open(text, place...)
	if err != nil {
		return "", err
	}
	return next.key.Seal(plain, place...), nil
}

// documentAgain seals the secrets in a document.
func documentAgain(d, next *DB, env string, id []string, text string) (string, error) {
	doc, err := d.unseal(text, env, id[0])
	if err != nil {
		return "", err
	}
	return next.seal(doc, env, id[0])
}

// contextAgain seals the context of a private call.
func contextAgain(d, next *DB, env string, id []string, text string) (string, error) {
	var doc callDoc
	err := json.Unmarshal([]byte(text), &doc)
	if err != nil || !secret.Sealed(doc.Sealed) {
		return text, err
	}
	if doc.Sealed, err = again(d, next, doc.Sealed, env, id[0], "context"); err != nil {
		return "", err
	}
	b, err := json.Marshal(doc)
	return string(b), err
}

// resealAtOnce is how many rows are held in memory.
const resealAtOnce = 100

// reseal goes through the rows of a column that hold something sealed, in the order of their names.
func (d *DB) reseal(ctx context.Context, tx bun.Tx, next *DB, c sealedColumn) error {
	second := "''"
	if len(c.key) > 1 {
		second = c.key[1]
	}
	after := [2]string{}
	for {
		var rows []struct{ A, B, Env, Text string }
		err := tx.NewRaw("SELECT "+c.key[0]+" AS a, "+second+" AS b, "+c.env+" AS env, "+c.column+" AS text FROM "+c.table+
			" WHERE ("+c.key[0]+" > ? OR "+c.key[0]+" = ? AND "+second+" > ?) AND "+c.column+" LIKE '%sealed:v1:%' ORDER BY 1, 2 LIMIT ?",
			after[0], after[0], after[1], resealAtOnce).Scan(ctx, &rows)
		if err != nil {
			return err
		}
		for _, r := range rows {
			text, err := c.again(d, next, r.Env, []string{r.A, r.B}, r.Text)
			if err != nil {
				return fmt.Errorf("%s: %w", r.A, err)
			}
			if _, err = tx.NewRaw("UPDATE "+c.table+" SET "+c.column+" = ? WHERE "+c.key[0]+" = ? AND "+second+" = ?", text, r.A, r.B).Exec(ctx); err != nil {
				return err
			}
			after = [2]string{r.A, r.B}
		}
		if len(rows) < resealAtOnce {
			return nil
		}
	}
}
