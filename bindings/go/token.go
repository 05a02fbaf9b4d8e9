package tigergraphauth

// #include "tigergraphauth.h"
import "C"

import (
	"context"
	"runtime"
	"time"
	"unsafe"
)

// A Token is a token with its end. It is immutable and stays as it is whatever happens to the connection. nil
// stands for no token.
//
// The token itself stays in the memory of the library, which wipes it when the Token is garbage and nothing
// else holds it. So nothing that prints values by reflection can show it, and only the strings that you ask
// for are copies that nobody wipes.
type Token struct {
	handle *C.tg_token
}

func newToken(handle *C.tg_token) *Token {
	t := &Token{handle: handle}
	runtime.SetFinalizer(t, (*Token).free)
	return t
}

// free leaves a token behind that is empty, for a finalizer that still uses it.
func (t *Token) free() {
	C.tg_token_free(t.handle)
	t.handle = nil
}

func (t *Token) pointer() *C.tg_token {
	if t == nil {
		return nil
	}
	return t.handle
}

// Value is the token itself.
func (t *Token) Value() string {
	defer runtime.KeepAlive(t)
	return C.GoString(C.tg_token_value(t.pointer()))
}

// Header is the value of the Authorization header: "Bearer " and the token. It is empty if REST++
// authentication is off; then send no such header.
func (t *Token) Header() string {
	defer runtime.KeepAlive(t)
	return C.GoString(C.tg_token_header(t.pointer()))
}

// ExpiresAt is when the token expires; the zero Time if unknown.
func (t *Token) ExpiresAt() time.Time {
	defer runtime.KeepAlive(t)
	seconds := int64(C.tg_token_expires_at(t.pointer()))
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// String tells when the token ends, and not the token.
func (t *Token) String() string {
	defer runtime.KeepAlive(t)
	if t == nil {
		return "tigergraphauth.Token(nil)"
	}
	expiration := C.GoString(C.tg_token_expiration(t.handle))
	if expiration == "" {
		expiration = "nobody knows when"
	}
	return "tigergraphauth.Token(hidden, ends " + expiration + ")"
}

// GoString is the same as String.
func (t *Token) GoString() string {
	return t.String()
}

// GetToken requests a new token, for the connection's own login or with [ForSecret] for a secret. It always
// sends a request. The token becomes the connection's own, unless [KeepCurrent] is given.
//
// 2.x to 3.1: GET /requesttoken, with the secret in the query, the only form that these servers support. 3.2
// to 3.11: POST /requesttoken. 4.1 and later: POST /gsql/v1/tokens. If REST++ authentication is off the status
// is [AuthDisabled]: no token is needed.
func (c *Conn) GetToken(ctx context.Context, options ...GetTokenOption) (*Token, error) {
	r := collect(options)
	args := new(texts)
	defer args.free()
	secret := args.optional("secret", r.secret)
	return c.token(ctx, args, func(conn *C.tg_conn, token **C.tg_token, failure **C.tg_error) C.tg_status {
		return C.tg_get_token(conn, secret, r.lifetime, r.flags, token, failure)
	})
}

// RefreshToken extends the lifetime of the connection's own token, or with [ForToken] of another.
//
// 2.x to 3.11: PUT /requesttoken. 4.1 and later cannot refresh: the status is [Unsupported], or with [OrNew] a
// new token is requested.
func (c *Conn) RefreshToken(ctx context.Context, options ...RefreshTokenOption) (*Token, error) {
	r := collect(options)
	args := new(texts)
	defer args.free()
	secret, old := args.optional("secret", r.secret), args.optional("token", r.token)
	return c.token(ctx, args, func(conn *C.tg_conn, token **C.tg_token, failure **C.tg_error) C.tg_status {
		return C.tg_refresh_token(conn, secret, old, r.lifetime, r.flags, token, failure)
	})
}

// DeleteToken deletes the connection's own token, or with [ForToken] another. The connection no longer uses
// a token that was deleted.
//
// 2.x to 3.11: DELETE /requesttoken. 4.1 and later: DELETE /gsql/v1/tokens, which puts the token on the user's
// block list; that list is short (20 by default).
func (c *Conn) DeleteToken(ctx context.Context, options ...DeleteTokenOption) error {
	r := collect(options)
	args := new(texts)
	defer args.free()
	secret, token := args.optional("secret", r.secret), args.optional("token", r.token)
	return c.call(ctx, args, func(conn *C.tg_conn, failure **C.tg_error) C.tg_status {
		return C.tg_delete_token(conn, secret, token, r.flags, failure)
	})
}

// CheckJWTToken asks the server whether it accepts this JWT. An error means that the check was not possible.
//
// 4.1 and later: POST /gsql/v1/tokens/check; before that the status is [Unsupported]. The check works on the
// server that issued the token.
func (c *Conn) CheckJWTToken(ctx context.Context, jwt string) (bool, error) {
	args := new(texts)
	defer args.free()
	text := args.add("jwt", jwt)
	var valid C.int32_t
	err := c.call(ctx, args, func(conn *C.tg_conn, failure **C.tg_error) C.tg_status {
		return C.tg_check_jwt_token(conn, text, &valid, failure)
	})
	return valid != 0, err
}

// Authorization returns a valid token, for the Authorization header of a request to the database:
// the connection's own while it is fresh, renewed in time. Call this before every request: while the token is
// fresh nothing is sent and nobody waits. [Transport] does that for an [net/http.Client].
//
// A token is renewed before its end by one request, no matter how many goroutines call this, in the same way
// as the first token. Meanwhile callers get the old one while it is valid; without a valid
// one, they wait, up to their limit. A failed renewal is tried again after a while and is not an error while
// the old token is valid; without a valid one, callers get the error at once, with the time until the next try
// in RetryAfter.
//
// A JWT as login, and an API token without a login, are returned as they are and never renewed; after
// they expire, the reason is "auth.token_expired". If REST++ authentication is off, the token's header is "".
func (c *Conn) Authorization(ctx context.Context) (*Token, error) {
	if token := c.freshToken(ctx); token != nil {
		return token, nil
	}
	token, err := c.token(ctx, new(texts), authorization)
	if err != nil {
		c.stopAsking()
	}
	return token, err
}

// freshToken is the connection's token while nobody has to wait for it, else nil. It needs no handle of its own for the
// call, because there is nothing to stop. As long as the token is the same, so is the Token.
func (c *Conn) freshToken(ctx context.Context) *Token {
	if ctx == nil || ctx.Err() != nil {
		return nil
	}
	if deadline, limited := ctx.Deadline(); limited && !time.Now().Before(deadline) {
		return nil
	}
	if !c.acquire() {
		return nil
	}
	defer c.release()
	known := c.known.Load()
	defer runtime.KeepAlive(known)
	asking, own := uintptr(unsafe.Pointer(c.asking)), uintptr(unsafe.Pointer(known.pointer()))
	if C.tga_is_known(C.uintptr_t(asking), C.uintptr_t(own)) != 0 {
		return known
	}
	return c.unknownToken()
}

// unknownToken is freshToken when the token is another than before. Not in one function, where the variable that C
// writes to would be allocated for each call.
func (c *Conn) unknownToken() *Token {
	var handle *C.tg_token
	C.tg_try_authorization(c.asking, &handle, nil)
	if handle == nil {
		c.known.Store(nil) // it is no good any more
		return nil
	}
	token := newToken(handle)
	c.known.Store(token)
	return token
}

// stopAsking takes back what freshToken has asked for: the library has begun to get a token, and goes on for the handle
// that asked, even if the call that waited has given up.
func (c *Conn) stopAsking() {
	if c.acquire() {
		C.tg_conn_cancel(c.asking)
		c.release()
	}
}

func authorization(conn *C.tg_conn, token **C.tg_token, failure **C.tg_error) C.tg_status {
	return C.tg_authorization(conn, token, failure)
}

// CurrentToken returns the connection's own token as it is, fresh or not. It sends nothing. The status is
// [NoCredentials] if there is none.
func (c *Conn) CurrentToken() (*Token, error) {
	ctx := context.Background()
	return c.token(ctx, new(texts), func(conn *C.tg_conn, token **C.tg_token, failure **C.tg_error) C.tg_status {
		return C.tg_current_token(conn, token, failure)
	})
}

// RejectToken tells the connection that the database refused this token, with HTTP 401 or 403 and the code
// REST-10016 or REST-10019: if it is still the connection's own, it is never returned again, and the next
// [Conn.Authorization] gets a new one. It sends nothing. After two in a row were rejected within a minute of
// their issue, no token is requested for 30 seconds. On a closed connection, and for nil, there is nothing to do.
func (c *Conn) RejectToken(token *Token) {
	if !c.acquire() {
		return
	}
	defer c.release()
	C.tg_reject_token(c.handle, token.pointer())
	runtime.KeepAlive(token)
}

// token runs a call that gives a token.
func (c *Conn) token(
	ctx context.Context, args *texts, run func(*C.tg_conn, **C.tg_token, **C.tg_error) C.tg_status,
) (*Token, error) {
	var token *C.tg_token
	err := c.call(ctx, args, func(conn *C.tg_conn, failure **C.tg_error) C.tg_status {
		return run(conn, &token, failure)
	})
	if err != nil {
		return nil, err
	}
	return newToken(token), nil
}
