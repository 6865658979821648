package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// How long the answer to a request with an idempotency key is given again, and after how long a request that another process
// took on is taken to be lost.
const (
	keepAnswers = 24 * time.Hour
	answerLost  = time.Minute
)

// A Begun request is one with an idempotency key, which nobody else works on.
type Begun struct {
	Subject string // an id for what the request makes: the same at each attempt
	Status  int    // not 0: it was answered before, so
	Body    []byte
}

type answerRow struct {
	bun.BaseModel  `bun:"table:answers"`
	EnvironmentID  string `bun:",pk"`
	IdempotencyKey string `bun:",pk"`
	Request        string
	Subject        string
	Owner          string
	Status         int
	Body           string
	CreatedAt      int64
}

// BeginRequest takes on a request that carries an idempotency key; request is a hash of all it asks. Asked before with that
// key: what was answered. Something else was asked with it: 422. Somebody is at it: 409. One that a crash cut short is begun
// again, with the same Subject. End it with EndRequest, unless it was answered before.
func (d *DB) BeginRequest(ctx context.Context, env, key, request string) (b Begun, err error) {
	err = d.tx(ctx, func(tx bun.Tx) error {
		at := now()
		if _, err := tx.NewRaw("DELETE FROM answers WHERE created_at < ?", at-keepAnswers.Microseconds()).Exec(ctx); err != nil {
			return err
		}
		row := answerRow{EnvironmentID: env, IdempotencyKey: clean(key), Request: request, Subject: uuid.NewString(), Owner: d.run, CreatedAt: at}
		res, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			err = d.resume(ctx, tx, &row)
		}
		b = Begun{Subject: row.Subject, Status: row.Status}
		if err == nil && row.Status != 0 {
			b.Body, err = d.key.Open(row.Body, env, "answer", row.IdempotencyKey)
		}
		return err
	})
	return b, wrap(err, "reading what was answered before")
}

// resume reads what became of an earlier request with the key of row into it, and takes it on when nobody is at it.
func (d *DB) resume(ctx context.Context, tx bun.Tx, row *answerRow) error {
	asked := row.Request
	if err := d.forUpdate(tx.NewSelect().Model(row).WherePK()).Scan(ctx); err != nil {
		return err
	}
	alive := row.Owner == d.run || d.pg && time.Since(fromMicros(row.CreatedAt)) < answerLost
	switch {
	case row.Request != asked:
		return &parley.Error{Status: 422, Code: "idempotency_key_reused", Field: "Idempotency-Key",
			Message: "Idempotency-Key was used for another request within 24 hours: take a new one for each request"}
	case row.Status != 0:
		return nil
	case row.Owner != "" && alive:
		return &parley.Error{Status: 409, Code: "in_progress", Field: "Idempotency-Key",
			Message: "Idempotency-Key: the first request with it still runs: ask again for its answer"}
	}
	row.Owner = d.run
	_, err := tx.NewUpdate().Model(row).Column("owner").WherePK().Exec(ctx)
	return err
}

// EndRequest says what became of a request: a success is kept, and given again for 24 hours; a refusal (4xx) is forgotten, so
// that the key may be used again; of anything else it is not known what was done: it may be begun again, with the same Subject.
func (d *DB) EndRequest(ctx context.Context, env, key string, status int, body []byte) (err error) {
	key = clean(key)
	switch {
	case status >= 200 && status <= 299:
		_, err = d.w.NewRaw("UPDATE answers SET status = ?, body = ?, owner = '' WHERE environment_id = ? AND idempotency_key = ?",
			status, d.key.Seal(body, env, "answer", key), env, key).Exec(ctx)
	case status >= 400 && status <= 499:
		_, err = d.w.NewRaw("DELETE FROM answers WHERE environment_id = ? AND idempotency_key = ? AND status = 0", env, key).Exec(ctx)
	default:
		_, err = d.w.NewRaw("UPDATE answers SET owner = '' WHERE environment_id = ? AND idempotency_key = ?", env, key).Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("keeping an answer: %w", err)
	}
	return nil
}
