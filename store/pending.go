package store

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/secret"
)

var errPending = errors.New("store: not there yet")

type DB struct{}

// Open opens (and migrates) the database at url: a file path, or postgres://… . Close it.
func Open(ctx context.Context, url string, key *secret.Key) (*DB, error) { return nil, errPending }

// Close flushes the event log and closes the database.
func (d *DB) Close() error                   { return errPending }
func (d *DB) Ping(ctx context.Context) error { return errPending }

// An Environment is a tenant.
type Environment struct {
	ID       string
	Name     string
	MaxCalls int // concurrent calls, 0 is unlimited
	Created  time.Time
}

// A KeyRow is an API key as far as the store knows it.
type KeyRow struct {
	ID, EnvironmentID, Prefix string
	Created                   time.Time
}

// EnsureDefaultEnvironment returns the oldest environment; made reports that there was none and it was made now.
func (d *DB) EnsureDefaultEnvironment(ctx context.Context) (e Environment, made bool, err error) {
	return e, false, errPending
}
func (d *DB) Environment(ctx context.Context, id string) (e Environment, err error) {
	return e, errPending
}

// CreateKey stores a key's hash; storing the same hash again is a no-op that returns the id it has.
func (d *DB) CreateKey(ctx context.Context, env, prefix string, hash [32]byte) (id string, err error) {
	return "", errPending
}

// LookupKey: parley.NotFound when unknown.
func (d *DB) LookupKey(ctx context.Context, hash [32]byte) (k KeyRow, err error) {
	return k, errPending
}
func (d *DB) Keys(ctx context.Context, env string) ([]KeyRow, error) { return nil, errPending }

// Sub-resources. Docs come back masked, but Create shows a webhook's signing_secret and an external action's
// config.signature_secret in clear, once (both are made when the doc has none). Update: keys given replace, null clears,
// masked secrets are unchanged. Delete: 409 "in_use" while an agent uses it; returns what was deleted.
func (d *DB) Create(ctx context.Context, env string, k Kind, doc Doc) (Doc, error) {
	return nil, errPending
}
func (d *DB) Get(ctx context.Context, env string, k Kind, id string) (Doc, error) {
	return nil, errPending
}
func (d *DB) List(ctx context.Context, env string, k Kind, p Page) (l List[Doc], err error) {
	return l, errPending
}
func (d *DB) Update(ctx context.Context, env string, k Kind, id string, patch Doc) (Doc, error) {
	return nil, errPending
}
func (d *DB) Delete(ctx context.Context, env string, k Kind, id string) (Doc, error) {
	return nil, errPending
}

// Internal reads a sub-resource with its secrets in clear; env "" is any.
func (d *DB) Internal(ctx context.Context, env string, k Kind, id string) (Doc, error) {
	return nil, errPending
}

// InternalByType reads all account connections of a type (account_connection_openai) in an environment, secrets in clear, oldest first.
func (d *DB) InternalByType(ctx context.Context, env string, k Kind, typ string) ([]Doc, error) {
	return nil, errPending
}

// Agents. prompt, voice, webhook, openai_account_connection and each of actions: an id (string), an object without id
// (made and attached) or an object with id (attached, its other fields update it); all in one transaction. Answers have
// the nested objects whole.
func (d *DB) CreateAgent(ctx context.Context, env string, doc Doc) (Doc, error) {
	return nil, errPending
}
func (d *DB) Agent(ctx context.Context, env, id string) (Doc, error) { return nil, errPending }
func (d *DB) Agents(ctx context.Context, env string, p Page) (l List[Doc], err error) {
	return l, errPending
}
func (d *DB) UpdateAgent(ctx context.Context, env, id string, patch Doc) (Doc, error) {
	return nil, errPending
}
func (d *DB) DeleteAgent(ctx context.Context, env, id string) (Doc, error) { return nil, errPending }

// InternalAgent reads an agent by id alone (env "" is any), secrets in clear: for the telephone.
func (d *DB) InternalAgent(ctx context.Context, env, id string) (a parley.Agent, err error) {
	return a, errPending
}

// AssembleAgent turns an inline agent (fields over a stored one when it has an id, references resolved, masked secrets
// taken from what is stored) into the snapshot for one call; it writes nothing.
func (d *DB) AssembleAgent(ctx context.Context, env string, doc Doc) (a parley.Agent, err error) {
	return a, errPending
}

// Numbers. ref is an id or the number itself. inbound_agent is an agent's id or null.
func (d *DB) LinkNumber(ctx context.Context, env string, doc Doc) (Doc, error) {
	return nil, errPending
}
func (d *DB) Number(ctx context.Context, env, ref string) (Doc, error) { return nil, errPending }
func (d *DB) Numbers(ctx context.Context, env string, p Page) (l List[Doc], err error) {
	return l, errPending
}
func (d *DB) UpdateNumber(ctx context.Context, env, ref string, patch Doc) (Doc, error) {
	return nil, errPending
}
func (d *DB) UnlinkNumber(ctx context.Context, env, ref string) (Doc, error) { return nil, errPending }

// LookupNumber finds the number that was dialled, as linked or as E.164; env "" is any. parley.NotFound.
func (d *DB) LookupNumber(ctx context.Context, env, dialled string) (n parley.Number, err error) {
	return n, errPending
}

// Trunks are all account_connection_sip of all environments, secrets in clear.
func (d *DB) Trunks(ctx context.Context) ([]parley.TrunkAccount, error) { return nil, errPending }

// Calls. CreateCall and UpdateCall fit call.Calls. An ID or Created left empty is filled in… by PlaceCall and CreateCall
// only in the row: set c.ID yourself (uuid.NewString) when you need it.
func (d *DB) CreateCall(ctx context.Context, c parley.Call) error { return errPending }

// PlaceCall writes the call and the jobs that dial it in one transaction.
func (d *DB) PlaceCall(ctx context.Context, c parley.Call, jobs ...Job) error { return errPending }
func (d *DB) Call(ctx context.Context, env, id string) (c parley.Call, err error) {
	return c, errPending
}
func (d *DB) Calls(ctx context.Context, env string, p Page) (l List[parley.Call], err error) {
	return l, errPending
}
func (d *DB) UpdateCall(ctx context.Context, id string, change func(*parley.Call) error) error {
	return errPending
}
func (d *DB) DeleteCall(ctx context.Context, env, id string) (c parley.Call, err error) {
	return c, errPending
}
func (d *DB) CountRunning(ctx context.Context, env string) (int, error) { return 0, errPending }

// ReconcileCalls ends what a crash left running, at start and before anything else runs: it returns the calls it ended, for their events.
func (d *DB) ReconcileCalls(ctx context.Context) ([]parley.Call, error) { return nil, errPending }

// A Job is durable work; package job runs it.
type Job struct {
	ID        string          // set by Enqueue when empty
	Kind      string          // whose handler
	Subject   string          // call id, "" when it is about none
	DedupeKey string          // of jobs with the same kind and key only the first is kept; "" is unique
	Payload   json.RawMessage // what the handler needs
	RunAt     time.Time       // zero is now
	Once      bool            // at most once: an attempt in doubt is never run again
	Attempts  int
	LastError string
}

// Log is the event log; it implements parley.Log.
type Log struct{}

func (d *DB) Log() *Log { return nil }

// Append never blocks on the disk.
func (l *Log) Append(e parley.Event) {}

// Flush waits until all that was appended before is committed.
func (l *Log) Flush(ctx context.Context) error { return errPending }

// Events are the stored events of a call with sequence > after, in order; limit 0 is 1000.
func (l *Log) Events(ctx context.Context, callID string, after int64, limit int) ([]parley.Event, error) {
	return nil, errPending
}

// Subscribe gives the events of a call ("" is all) from now on, partial ones too (their Sequence is 0, they are not
// stored). The channel is closed when the reader falls too far behind: read Events from the last sequence, subscribe again.
func (l *Log) Subscribe(callID string) (events <-chan parley.Event, cancel func()) {
	return nil, func() {}
}

// Blobs are files under a folder: recordings.
type Blobs struct{}

func NewBlobs(dir string) (*Blobs, error)                           { return nil, errPending }
func (b *Blobs) Create(name string) (io.WriteSeeker, error)         { return nil, errPending }
func (b *Blobs) Open(name string) (io.ReadSeekCloser, int64, error) { return nil, 0, errPending }
func (b *Blobs) Delete(name string) error                           { return errPending }
func (b *Blobs) Path(name string) (string, error)                   { return "", errPending }
