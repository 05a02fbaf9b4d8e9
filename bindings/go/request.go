package tigergraphauth

// #include "tigergraphauth.h"
import "C"

import (
	"context"
	"fmt"
	"runtime"
	"unsafe"
)

// A Part is a part of TigerGraph.
type Part int

const (
	// RESTPP is REST++: queries, graph data, loading jobs.
	RESTPP Part = iota
	// Gateway is the gateway: GSQL, secrets, tokens.
	Gateway
)

func (p Part) number() C.int32_t {
	switch p {
	case RESTPP:
		return C.int32_t(C.TG_SERVER_RESTPP)
	case Gateway:
		return C.int32_t(C.TG_SERVER_GATEWAY)
	}
	return 0
}

// A Request is a request to the database, for [Conn.Do].
type Request struct {
	// Method is the method of HTTP in capital letters, but not CONNECT or TRACE. "" means GET, or POST with a Body.
	Method string
	// Part is the part of TigerGraph that it is for: REST++ if nothing else is set.
	Part Part
	// Path begins with "/", is already percent-encoded and may have a query: "/query/MyGraph/my_query?vertex=5". What
	// stands before it, "/restpp" included, comes from the connection.
	Path string
	// Header are headers such as "GSQL-TIMEOUT", in milliseconds. Those that the library sets itself, such as
	// Authorization, Host and Content-Length, are an error: see tg_request_set_header in the header of the C library.
	Header map[string]string
	// Body is the body; nil: none.
	Body []byte
	// ContentType is the type of the body, such as "application/json".
	ContentType string
	// ResponseLimit is the longest body that an answer may have, in bytes; 0: 64 MiB.
	ResponseLimit int64
}

func (r *Request) method() string {
	switch {
	case r.Method != "":
		return r.Method
	case r.Body != nil:
		return "POST"
	}
	return "GET"
}

// make copies the request for C, which has to be freed.
func (r *Request) make(args *texts) *C.tg_request {
	if r.ResponseLimit < 0 {
		args.refuse("argument.range", "ResponseLimit is negative", "Use 0 for the default.")
	}
	request := C.tg_request_new(args.add("method", r.method()), r.Part.number(), args.add("path", r.Path))
	for name, value := range r.Header {
		C.tg_request_set_header(request, args.add("header name", name), args.add("header", value))
	}
	if r.Body != nil {
		body, kind := unsafe.Pointer(C.tga_empty()), args.add("content type", r.ContentType)
		if len(r.Body) > 0 {
			body = unsafe.Pointer(&r.Body[0])
		}
		C.tg_request_set_body(request, body, C.size_t(len(r.Body)), kind)
	}
	C.tg_request_set_response_limit(request, C.uint64_t(r.ResponseLimit))
	return request
}

// A Response is the answer to a [Request], complete, whatever its status. It is immutable.
type Response struct {
	handle *C.tg_response
	// StatusCode is the HTTP status, such as 200.
	StatusCode int
	// Body is a copy of the body; the library's own is wiped when the Response is garbage.
	Body []byte
}

func newResponse(handle *C.tg_response) *Response {
	r := &Response{handle: handle, StatusCode: int(C.tg_response_http_status(handle))}
	if length := int(C.tg_response_body_length(handle)); length > 0 {
		r.Body = append([]byte(nil), unsafe.Slice((*byte)(C.tg_response_body(handle)), length)...)
	}
	runtime.SetFinalizer(r, (*Response).free)
	return r
}

// free leaves a response behind without headers, for a finalizer that still uses it.
func (r *Response) free() {
	C.tg_response_free(r.handle)
	r.handle = nil
}

// Header is the value of the first header with this name, whatever its case; "" if there is none.
func (r *Response) Header(name string) string {
	args := new(texts)
	defer args.free()
	text := args.add("name", name)
	if r == nil || args.err != nil {
		return ""
	}
	defer runtime.KeepAlive(r)
	return C.GoString(C.tg_response_header(r.handle, text))
}

// String tells the status and the length, and nothing of the answer.
func (r *Response) String() string {
	if r == nil {
		return "tigergraphauth.Response(nil)"
	}
	return fmt.Sprintf("tigergraphauth.Response(HTTP %d, %d bytes)", r.StatusCode, len(r.Body))
}

// GoString is the same as String.
func (r *Response) GoString() string {
	return r.String()
}

// Do sends a request to the database with a token as [Conn.Authorization] gives it, or without one where
// authentication is off, and waits for the whole answer.
//
// No error means that there is a complete answer, whatever its HTTP status. A redirect ("protocol.redirect"), a
// compressed answer and one over its limit are errors. If the answer says that the token is refused
// ([IsTokenRefused]), the request is sent once more with a new token. Nothing else is repeated once a byte of the
// request was written: if there is no complete answer then, the status is [UnknownOutcome], for GET and HEAD that of
// the failure itself.
func (c *Conn) Do(ctx context.Context, request *Request) (*Response, error) {
	if request == nil {
		return nil, refusal("argument.null", "request is nil", "Pass a request.")
	}
	args := new(texts)
	defer args.free()
	copied := request.make(args)
	defer C.tg_request_free(copied)
	var response *C.tg_response
	err := c.call(ctx, args, func(conn *C.tg_conn, failure **C.tg_error) C.tg_status {
		return C.tg_send(conn, copied, &response, failure)
	})
	if err != nil {
		return nil, err
	}
	return newResponse(response), nil
}

// URL is the address of a path of REST++, for an HTTP client of your own: scheme, host, port, "/restpp" where it
// belongs, and the path, which begins with "/" and is already percent-encoded. [Conn.Client] sends the request.
//
// It sends nothing. After a request the address may be another, if the library has found the server elsewhere: ask
// again for each request. "" for a closed connection, and for a path that begins in another way, which could name
// another host.
func (c *Conn) URL(path string) string {
	return c.URLOf(RESTPP, path)
}

// URLOf is the same for any part of TigerGraph.
func (c *Conn) URLOf(part Part, path string) string {
	if !c.acquire() {
		return ""
	}
	defer c.release()
	return join(C.tg_conn_url(c.handle, part.number()), path)
}

// URL is the address of a path of REST++ where this token is good, as [Conn.URL] tells it. It never changes.
func (t *Token) URL(path string) string {
	return t.URLOf(RESTPP, path)
}

// URLOf is the same for any part of TigerGraph.
func (t *Token) URLOf(part Part, path string) string {
	defer runtime.KeepAlive(t)
	return join(C.tg_token_url(t.pointer(), part.number()), path)
}

// join is the address with the path, or "" where that would be another address, or none.
func join(address *C.char, path string) string {
	if path != "" && path[0] != '/' || *address == 0 {
		return ""
	}
	return C.GoString(address) + path
}

// IsTokenRefused reports whether an answer that an HTTP client of your own got from this server says that the token
// is refused. Then call [Conn.RejectToken] and [Conn.Authorization], and send the request once more. [Conn.Do],
// [Conn.Client] and [Transport] do all of this themselves.
//
// It is true for the codes REST-10016 and REST-10019 beside a true "error", and for HTTP 401 of the gateway with the
// message "Authentication failed." and no code.
func IsTokenRefused(part Part, status int, body []byte) bool {
	var start unsafe.Pointer
	if len(body) > 0 {
		start = unsafe.Pointer(&body[0])
	}
	return C.tg_is_token_refused(part.number(), C.int32_t(status), start, C.size_t(len(body))) == 1
}

// CheckToken asks the server whether it accepts this token. An error means that the check was not possible.
//
// 4.1 and later, as [Conn.CheckJWTToken]; before that the status is [Unsupported].
func (c *Conn) CheckToken(ctx context.Context, token *Token) (bool, error) {
	defer runtime.KeepAlive(token)
	var valid C.int32_t
	err := c.call(ctx, new(texts), func(conn *C.tg_conn, failure **C.tg_error) C.tg_status {
		return C.tg_check_token(conn, token.pointer(), &valid, failure)
	})
	return valid != 0, err
}

// GetSecret returns the secret with this alias, of the connection's user or with [User] of another. The status is
// [NotFound] if there is none.
//
// 2.x to 3.11: its entry of GSQL SHOW SECRET, the value masked. 4.1 and later: GET /gsql/v1/secrets/{alias}, the value
// in plain text.
func (c *Conn) GetSecret(ctx context.Context, alias string, options ...GetSecretsOption) (Secret, error) {
	r := collect(options)
	args := new(texts)
	defer args.free()
	name, user := args.add("alias", alias), args.optional("user", r.user)
	secrets, err := c.secrets(ctx, args, func(conn *C.tg_conn, secrets **C.tg_secrets, failure **C.tg_error) C.tg_status {
		return C.tg_get_secret(conn, name, user, secrets, failure)
	})
	if err != nil {
		return Secret{}, err
	}
	return secrets[0], nil
}
