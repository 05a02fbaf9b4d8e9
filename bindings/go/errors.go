package tigergraphauth

// #include "tigergraphauth.h"
import "C"

import (
	"errors"
	"time"
)

// ErrClosed is what the error of a call on a closed [Conn] is, and that of a call that Close stopped:
//
//	errors.Is(err, tigergraphauth.ErrClosed)
var ErrClosed = errors.New("the connection is closed")

// An Error says why a call failed. Every error of this package is an *Error. It contains no credential, so it
// may be logged.
//
//	switch {
//	case errors.Is(err, tigergraphauth.Unavailable):                       // by status: what can be done
//	case errors.Is(err, tigergraphauth.Reason("auth.bad_secret")):         // by reason: what happened
//	}
//	var failure *tigergraphauth.Error
//	if errors.As(err, &failure) { log.Print(failure.Hint) }                // everything
//
// The error of a call that ended with its context is context.Canceled or context.DeadlineExceeded as well,
// that of a call on a closed connection is [ErrClosed].
type Error struct {
	// Status says what a program can do about it.
	Status Status
	// Reason says what exactly happened.
	Reason Reason
	// Message is one sentence for a person that says what caused the error.
	Message string
	// Hint says what to do about it, for a person, or is empty.
	Hint string
	// ServerCode is the server's own code, such as "REST-10016", or empty.
	ServerCode string
	// HTTPStatus is the HTTP status of the answer; 0 if there was no answer.
	HTTPStatus int
	// RetryAfter is how long to wait before the next try: as the server asked, or, from [Conn.Authorization], until the
	// library itself tries again. Negative if neither is known.
	RetryAfter time.Duration

	// cause is what ended the call from outside: the error of a context, or ErrClosed.
	cause error
}

// Error is the message with the reason after it.
func (e *Error) Error() string {
	return "tigergraphauth: " + e.Message + " (" + string(e.Reason) + ")"
}

// Is reports whether target is the status or the reason of the error.
func (e *Error) Is(target error) bool {
	switch target := target.(type) {
	case Status:
		return e.Status == target
	case Reason:
		return e.Reason == target
	}
	return false
}

// Unwrap returns what ended the call from outside, or nil.
func (e *Error) Unwrap() error {
	return e.cause
}

// A Status says what a program can do about a failed call. Later versions may add some: treat one you do not
// know as a failure. It is an error only to be the target of errors.Is.
type Status int32

// The statuses.
const (
	// InvalidArgument: an argument or a setting is wrong; nothing was sent.
	InvalidArgument Status = C.TG_STATUS_INVALID_ARGUMENT
	// Connect: no connection to the server.
	Connect Status = C.TG_STATUS_CONNECT
	// Timeout: a time limit was exceeded.
	Timeout Status = C.TG_STATUS_TIMEOUT
	// TLS: the server's certificate or the TLS session was refused; nothing of the request was sent.
	TLS Status = C.TG_STATUS_TLS
	// Protocol: the answer is not one that a TigerGraph server gives.
	Protocol Status = C.TG_STATUS_PROTOCOL
	// Unauthenticated: the server refused the credentials.
	Unauthenticated Status = C.TG_STATUS_UNAUTHENTICATED
	// Forbidden: the credentials are valid, but do not allow this.
	Forbidden Status = C.TG_STATUS_FORBIDDEN
	// NotFound: the secret, token, graph, user or endpoint does not exist.
	NotFound Status = C.TG_STATUS_NOT_FOUND
	// AlreadyExists: a secret with this alias already exists.
	AlreadyExists Status = C.TG_STATUS_ALREADY_EXISTS
	// Unsupported: this server version cannot do it.
	Unsupported Status = C.TG_STATUS_UNSUPPORTED
	// AuthDisabled: REST++ authentication is off on the server, so no token is needed.
	AuthDisabled Status = C.TG_STATUS_AUTH_DISABLED
	// Unavailable: the server is busy, starting or limiting requests; try again later.
	Unavailable Status = C.TG_STATUS_UNAVAILABLE
	// Server: another error on the server.
	Server Status = C.TG_STATUS_SERVER
	// UnknownOutcome: a request that is not safe to repeat may have been carried out.
	UnknownOutcome Status = C.TG_STATUS_UNKNOWN_OUTCOME
	// NoCredentials: there is no token, and no login to get one.
	NoCredentials Status = C.TG_STATUS_NO_CREDENTIALS
	// Internal: a bug in the library; the connection can still be used.
	Internal Status = C.TG_STATUS_INTERNAL
	// Cancelled: the call was cancelled by its context or by Close.
	Cancelled Status = C.TG_STATUS_CANCELLED
	// Pending: a token is on its way. No function of this package returns it: a goroutine waits instead.
	Pending Status = C.TG_STATUS_PENDING
)

// String is the name of the status in the C library, such as "NOT_FOUND".
func (s Status) String() string {
	return C.GoString(C.tg_status_name(C.tg_status(s)))
}

// Error is the same as String.
func (s Status) Error() string {
	return s.String()
}

// A Reason says what exactly happened, as a stable word such as "tls.unknown_issuer". The header of the C
// library lists them beside each status; this package adds "unsupported.library". It is an error only to be
// the target of errors.Is.
type Reason string

// Error is the reason itself.
func (r Reason) Error() string {
	return string(r)
}

// takeError copies an error of the library and frees it; nil for NULL.
func takeError(failure *C.tg_error) *Error {
	if failure == nil {
		return nil
	}
	defer C.tg_error_free(failure)
	return &Error{
		Status:     Status(C.tg_error_status(failure)),
		Reason:     Reason(C.GoString(C.tg_error_reason(failure))),
		Message:    inOwnWords(C.GoString(C.tg_error_message(failure))),
		Hint:       inOwnWords(C.GoString(C.tg_error_hint(failure))),
		ServerCode: C.GoString(C.tg_error_server_code(failure)),
		HTTPStatus: int(C.tg_error_http_status(failure)),
		RetryAfter: retryAfter(int64(C.tg_error_retry_after_ms(failure))),
	}
}

func retryAfter(milliseconds int64) time.Duration {
	if milliseconds < 0 {
		return -1
	}
	return time.Duration(milliseconds) * time.Millisecond
}

// refusal is the error of an argument that the library was not asked about.
func refusal(reason Reason, message, hint string) *Error {
	return &Error{Status: InvalidArgument, Reason: reason, Message: message, Hint: hint, RetryAfter: -1}
}

// defect is the error of a report that is not as the library promises it.
func defect(err error) *Error {
	message := "the library's report on a new connection cannot be read: " + err.Error()
	return &Error{Status: Internal, Reason: "internal.panic", Message: message, RetryAfter: -1}
}

// stopped is the error of a call that ended before the library was asked.
func stopped(cause error) *Error {
	return &Error{
		Status:     Cancelled,
		Reason:     "cancelled",
		Message:    "nothing was sent: " + cause.Error(),
		RetryAfter: -1,
		cause:      cause,
	}
}
