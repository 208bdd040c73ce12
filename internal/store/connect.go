package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Times after which a peer that has gone without a word is given up.
const (
	keepAliveIdle     = 15 * time.Second
	keepAliveInterval = 5 * time.Second
	keepAliveCount    = 3
	ackTimeout        = 30 * time.Second // for data that was sent

	defaultSilence = time.Minute
)

// sqlSession makes the server give up a client that has gone: else the locks
// of its open transaction would keep all others waiting for hours.
const sqlSession = `
SET idle_in_transaction_session_timeout = '30s';
SET tcp_keepalives_idle = 15;
SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 3;
SET tcp_user_timeout = '30s'`

// errAddress tells that the driver cannot read the address of the database.
var errAddress = errors.New("database.url is no address of a Postgres: want postgres://user:password@host:port/database, " +
	"with special characters of the password as %XX")

// openPool makes a pool; it does not connect. Connections on which the server
// is silent for so long while an answer is due are given up; 0 or less: never.
func openPool(address string, silence time.Duration, maxConns int) (*sqlx.DB, error) {
	c, err := pq.NewConnector(address)
	if err != nil {
		// What the driver says repeats the address, its password included.
		return nil, errAddress
	}
	c.Dialer(dialer{silence})
	x := sqlx.NewDb(sql.OpenDB(connector{c}), "postgres")
	x.SetMaxOpenConns(maxConns)
	x.SetMaxIdleConns(maxConns)
	x.SetConnMaxIdleTime(5 * time.Minute)
	return x, nil
}

// connector sets up each session.
type connector struct{ *pq.Connector }

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.(driver.ExecerContext).ExecContext(ctx, sqlSession, nil); err != nil {
		_ = conn.Close() // it is of no use
		return nil, err
	}
	return conn, nil
}

// dialer opens connections that notice when the other side has gone.
type dialer struct{ silence time.Duration }

// Dial implements pq.Dialer.
func (d dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialTimeout implements pq.Dialer.
func (d dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

// DialContext implements pq.DialerContext.
func (d dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	nd := net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: keepAliveIdle, Interval: keepAliveInterval, Count: keepAliveCount},
		Control: func(network, _ string, raw syscall.RawConn) error {
			if network == "unix" {
				return nil
			}
			return boundAcks(raw, ackTimeout)
		},
	}
	conn, err := nd.DialContext(ctx, network, address)
	if err != nil || d.silence <= 0 {
		return conn, err
	}
	return &boundedConn{Conn: conn, silence: d.silence}, nil
}

// boundedConn gives up when nothing comes or goes for so long.
type boundedConn struct {
	net.Conn
	silence time.Duration
	until   atomic.Pointer[time.Time] // deadline set from outside; nil: none
}

// Read implements net.Conn.
func (c *boundedConn) Read(b []byte) (int, error) {
	_ = c.Conn.SetReadDeadline(c.deadline()) // fails only on a closed connection
	return c.Conn.Read(b)
}

// Write implements net.Conn.
func (c *boundedConn) Write(b []byte) (int, error) {
	_ = c.Conn.SetWriteDeadline(c.deadline()) // fails only on a closed connection
	return c.Conn.Write(b)
}

// SetDeadline implements net.Conn.
func (c *boundedConn) SetDeadline(t time.Time) error {
	if t.IsZero() {
		c.until.Store(nil)
	} else {
		c.until.Store(&t)
	}
	return c.Conn.SetDeadline(t)
}

func (c *boundedConn) deadline() time.Time {
	at := time.Now().Add(c.silence)
	if until := c.until.Load(); until != nil && until.Before(at) {
		return *until
	}
	return at
}
