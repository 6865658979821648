package store

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// dialWait is how long a connection to PostgreSQL may take to be made, unless the address says connect_timeout.
	dialWait = 5 * time.Second
	// unheardFor is how long what was sent on a connection may be unacknowledged, or a connection silent, until it is given up and made anew. Without
	// it TCP sends again ever more rarely: after a minute of a network that is cut, up to a minute after it is whole again.
	unheardFor = 10 * time.Second
	// idleTx is how long the server waits for the next statement of a transaction before it ends it: a process that stands still or is cut off would hold the
	// rows it has locked, and all others would wait for them. None here thinks for long between two statements, but a backup (snapshotTx).
	idleTx = 5 * time.Second
)

// impatient has connections be given up that lead nowhere, from both ends.
func impatient(c *pgx.ConnConfig) {
	if c.ConnectTimeout == 0 || c.ConnectTimeout == 2*time.Minute { // what pgx takes when nothing is said
		c.ConnectTimeout = dialWait
	}
	d := net.Dialer{Control: unheard, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: unheardFor / 2, Interval: unheardFor / 5, Count: 3}}
	c.DialFunc = d.DialContext
	if _, said := c.RuntimeParams[idleTxName]; !said {
		c.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error { // not a parameter of the start: poolers refuse those that they do not know
			return conn.Exec(ctx, fmt.Sprintf("SET %s = %d", idleTxName, idleTx.Milliseconds())).Close()
		}
	}
}

const idleTxName = "idle_in_transaction_session_timeout"
