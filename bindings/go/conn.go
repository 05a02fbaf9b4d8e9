package tigergraphauth

// #include "tigergraphauth.h"
import "C"

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"
)

// A Conn is a connection to one server: its settings, its login, its current token. It may be used by any
// number of goroutines at once.
//
// A Conn that is garbage is closed; [Conn.Close] does it at once.
type Conn struct {
	handle *C.tg_conn
	asking *C.tg_conn            // for freshToken
	known  atomic.Pointer[Token] // what freshToken gave last
	limit  time.Duration         // for a whole call
	origin origin
	trust  trust
	log    atomic.Pointer[logger]

	users   users
	closing chan struct{} // closed by Close
}

// New checks the settings and makes a connection to the server at host, which is written as
// "https://db.example.com[:port][/base]" or "xyz.i.tgcloud.io". Without a scheme, https is used.
//
// Without a port: 443 for hosts of TigerGraph Cloud, else 14240, where the gateway serves everything on every
// version; if no connection to it is possible, token calls try 9000 once. User name, query and fragment are
// refused.
//
// It sends nothing.
func New(host string, options ...Option) (*Conn, error) {
	return newConn(&host, options)
}

// NewFromEnvironment is New with [WithEnvironment], and with the host of the variable TG_HOST.
func NewFromEnvironment(options ...Option) (*Conn, error) {
	return newConn(nil, append(options[:len(options):len(options)], WithEnvironment()))
}

func newConn(host *string, options []Option) (*Conn, error) {
	if err := checkLibrary(); err != nil {
		return nil, err
	}
	s := new(settings)
	defer s.free()
	s.config = C.tg_config_new(s.args.optional("the setting \"host\"", host))
	for _, option := range options {
		if option != nil {
			option(s)
		}
	}
	if s.args.err != nil {
		return nil, s.args.err
	}
	s.load()
	c := &Conn{closing: make(chan struct{})}
	c.log.Store(s.log)
	var failure *C.tg_error
	C.tg_conn_new(s.config, &c.handle, &failure)
	if err := takeError(failure); err != nil {
		return nil, err
	}
	c.asking = C.tg_conn_clone(c.handle)
	c.users.open()
	runtime.SetFinalizer(c, (*Conn).Close)
	if err := c.learnSettings(); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// learnSettings asks the library for what the settings come to, wherever they came from.
func (c *Conn) learnSettings() error {
	report, err := c.Diagnose(context.Background(), Offline())
	if err != nil {
		return err
	}
	var found struct {
		Settings map[string]struct{ Value string }
	}
	if err := json.Unmarshal([]byte(report.JSON), &found); err != nil {
		return defect(err)
	}
	setting := func(name string) string { return found.Settings[name].Value }
	total, err := strconv.ParseUint(setting("total_ms"), 10, 32)
	if err != nil {
		return defect(err)
	}
	c.limit = time.Duration(total) * time.Millisecond
	c.origin = newOrigin(setting("host"), setting("restpp_port"), setting("gsql_port"), setting("ssl_port"))
	c.trust = trust{
		ownCA:      setting("ca_file") != "" || setting("ca_pem") != "",
		insecure:   setting("insecure_tls") == "on",
		pin:        setting("pin_sha256") != "",
		clientCert: setting("client_cert"),
		clientKey:  setting("client_key"),
		proxy:      setting("proxy"),
	}
	return nil
}

// trust is what the settings of trust come to, for Go's own TLS.
type trust struct {
	ownCA, insecure, pin         bool
	clientCert, clientKey, proxy string
}

// Close stops the calls that are running on the connection and frees it, which wipes its credentials. It does
// not wait for the calls; they end within 100 ms, with an error that is [ErrClosed], as every call does that
// begins later. It sends nothing, may be called again, and never fails.
func (c *Conn) Close() error {
	if c == nil || c.handle == nil {
		return nil
	}
	first, alone := c.users.close()
	if !first {
		return nil
	}
	close(c.closing)
	if alone {
		c.release()
		return nil
	}
	C.tg_conn_cancel(c.handle)
	go func() {
		// Again and again: a cancellation that comes before the library has begun a call stops nothing.
		for !c.users.alone() {
			time.Sleep(interval)
			C.tg_conn_cancel(c.handle)
		}
		c.release()
	}()
	return nil
}

// acquire keeps the handle from being freed until release; false: the connection is closed.
func (c *Conn) acquire() bool {
	return c != nil && c.users.enter()
}

func (c *Conn) release() {
	if c.users.leave() {
		c.known.Store(nil)
		c.log.Store(nil)
		C.tg_conn_free(c.asking)
		C.tg_conn_free(c.handle)
	}
}

// users counts the calls that are running, and one more until Close has seen the last of them end: who is last
// frees the handle. Whether the connection is closed is a bit of the same number. So a call has either begun
// before Close, which then counts it and stops it, or does not begin.
type users struct{ state atomic.Int64 }

const closedBit = 1 << 62

func (u *users) open() { u.state.Store(1) }

// enter counts a call; false: the connection is closed, or was never open.
func (u *users) enter() bool {
	for {
		state := u.state.Load()
		if state == 0 || state&closedBit != 0 {
			return false
		}
		if u.state.CompareAndSwap(state, state+1) {
			return true
		}
	}
}

// leave tells whether nobody is left.
func (u *users) leave() bool { return u.state.Add(-1) == closedBit }

// close lets no call enter any more. It tells whether it is the first that does, and whether no call is running.
func (u *users) close() (first, alone bool) {
	for {
		state := u.state.Load()
		if state&closedBit != 0 {
			return false, false
		}
		if u.state.CompareAndSwap(state, state|closedBit) {
			return true, state == 1
		}
	}
}

// alone tells whether no call is running, once none enters any more.
func (u *users) alone() bool { return u.state.Load() == closedBit+1 }

func (u *users) closed() bool { return u.state.Load()&closedBit != 0 }

// String tells the server, and nothing of the login.
func (c *Conn) String() string {
	if c == nil {
		return "tigergraphauth.Conn(nil)"
	}
	return "tigergraphauth.Conn(" + c.origin.String() + ")"
}

// GoString is the same as String.
func (c *Conn) GoString() string {
	return c.String()
}

// A Version is that of a server.
type Version struct {
	Major, Minor, Patch int
}

// String writes the version as "3.10.0".
func (v Version) String() string {
	return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch)
}

// ServerVersion asks the server for its version.
//
// It sends GET /version to REST++, with the connection's token; if there is none but a login, a token
// is requested first and becomes the connection's own.
func (c *Conn) ServerVersion(ctx context.Context) (Version, error) {
	var major, minor, patch C.int32_t
	err := c.call(ctx, new(texts), func(conn *C.tg_conn, failure **C.tg_error) C.tg_status {
		return C.tg_server_version(conn, &major, &minor, &patch, failure)
	})
	return Version{Major: int(major), Minor: int(minor), Patch: int(patch)}, err
}
